// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The connection to Channels is lost in the middle of things: what arrived is told, in order and
/// once, and each outage is one gap entry on each channel and surface.
@Suite(.timeLimit(.minutes(5)))
struct OutageTests {
    private static let channels = ["presence-bail-1", "presence-bail-2", "presence-bail-3"]

    /// One way to lose the connection.
    enum Disturbance: Equatable {
        case control(String)
        case crash
    }

    @Test(
        arguments: [
            (.ws, [.control("close?code=4200"), .control("drop"), .control("close?code=4299")]),
            (.ws, [.control("close?code=4100"), .control("close?code=1001")]),
            (.ws, [.crash, .control("close?code=4300")]),
            (.ws, [.control("garbage?kind=raw"), .crash]),
            (.wss, [.control("drop"), .control("close?code=4200"), .crash]),
        ] as [(UpstreamWay.Scheme, [Disturbance])])
    func `nothing that arrived is lost, doubled or out of order, and each outage is one gap`(
        scheme: UpstreamWay.Scheme, disturbances: [Disturbance]
    ) throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let way = try UpstreamWay(stage, to: sandbox, by: scheme)
        let gateway = try GatewayProcess(
            stage, upstreamPort: way.port, variables: way.variables)
        let ears = try Self.listen(stage, gateway)
        let events = NumberedEvents(sandbox, Self.channels)
        let part = 2_000 / disturbances.count
        for (index, disturbance) in disturbances.enumerated() {
            events.publish(to: (index + 1) * part)
            try stage.wait(for: "some events") { events.taken > index * part + part / 3 }
            try disturb(disturbance, sandbox, events, goal: (index + 1) * part)
            try stage.wait(for: "gap \(index + 1) everywhere: \(Self.gaps(ears))") {
                ears.allSatisfy { ear in
                    Self.channels.allSatisfy { ear.gaps(on: $0) > index }
                }
            }
        }
        try events.finish()
        events.publish(to: events.begun + Self.channels.count)
        try events.finish()
        try stage.wait(for: "the last events at every reader: \(Self.ends(ears))") {
            ears.allSatisfy { ear in
                Self.channels.allSatisfy { ear.numbers(on: $0).last == events.count(on: $0) }
            }
        }
        for ear in ears {
            try Self.check(ear, against: ears[0], events, outages: disturbances.count)
        }
        let counted = try gateway.status()
        #expect(try counted.number(["upstream", "connections"]) == disturbances.count + 1)
        #expect(try counted.number(["log", "gaps"]) == disturbances.count * Self.channels.count)
        // Whatever reached the hub, the last frames before each end included, was told.
        let told = ears[0].told.count { !$0.isGap }
        #expect(try counted.number(["log", "events"]) == told)
        #expect(try gateway.stop() == 0)
    }

    private func disturb(
        _ disturbance: Disturbance, _ sandbox: SandboxProcess, _ events: NumberedEvents, goal: Int
    ) throws {
        switch disturbance {
        case .control(let command): try sandbox.control(command)
        case .crash:
            // A request whose answer died with the server may or may not have been heard.
            try events.pause()
            try sandbox.kill()
            try sandbox.restart()
            events.publish(to: goal)
        }
    }

    private static func listen(_ stage: Stage, _ gateway: GatewayProcess) throws -> [any Ear] {
        let target = "/events?" + channels.map { "channel=\($0)" }.joined(separator: "&")
        let stream = StreamClient(stage, gateway.http, target)
        let polls = [
            PollClient(stage, gateway.http, channels, .cursor),
            PollClient(stage, gateway.http, channels, .conditional),
            PollClient(stage, gateway.http, channels, .cursor, limit: 7),
        ]
        let line = LineClient(stage, path: gateway.ipc)
        for channel in channels { line.say("SUBSCRIBE \(channel)") }
        try stage.wait(for: "every reader") {
            stream.snapshots.count == channels.count && polls.allSatisfy { $0.position != nil }
                && line.replies.count == channels.count
        }
        return [stream] + polls + [line]
    }

    private static func gaps(_ ears: [any Ear]) -> String {
        ears.map { ear in "\(ear.name) \(channels.map { ear.gaps(on: $0) })" }
            .joined(separator: ", ")
    }

    private static func ends(_ ears: [any Ear]) -> String {
        ears.map { ear in "\(ear.name) \(channels.map { ear.numbers(on: $0).last ?? 0 })" }
            .joined(separator: ", ")
    }

    private static func check(
        _ ear: any Ear, against first: any Ear, _ events: NumberedEvents, outages: Int
    ) throws {
        for channel in channels {
            let told = ear.told(on: channel)
            #expect(told == first.told(on: channel), "\(ear.name) differs on \(channel)")
            #expect(ear.gaps(on: channel) == outages, "\(ear.name) on \(channel)")
            var last = 0
            var isBehindGap = false
            for entry in told {
                if entry.isGap {
                    let gap = try JSONText(Array(entry.data.utf8))
                    #expect(gap.names == ["reason", "since", "until"])
                    #expect(try gap.string(["reason"]) == "upstream")
                    #expect(try gap.string(["since"]) <= gap.string(["until"]))
                    isBehindGap = true
                    continue
                }
                let number = try #require(entry.number)
                let isNext = number == last + 1 || (isBehindGap && number > last)
                #expect(isNext, "\(ear.name) on \(channel): \(number) behind \(last)")
                (last, isBehindGap) = (number, false)
            }
            #expect(last == events.count(on: channel))
        }
        // The line protocol tells each channel by itself; a stream and a poll tell them in one order.
        guard !(ear is LineClient) else { return }
        let isInOrder = zip(ear.told, ear.told.dropFirst()).allSatisfy { $0.sequence < $1.sequence }
        #expect(isInOrder, "\(ear.name)")
    }
}

extension Ear {
    fileprivate func gaps(on channel: String) -> Int {
        told(on: channel).count { $0.isGap }
    }

    fileprivate func numbers(on channel: String) -> [Int] {
        told(on: channel).compactMap(\.number)
    }
}

extension Told {
    /// The number of a numbered event.
    fileprivate var number: Int? {
        guard data.hasPrefix("{\"n\":") else { return nil }
        return Int(data.dropFirst(5).dropLast())
    }
}
