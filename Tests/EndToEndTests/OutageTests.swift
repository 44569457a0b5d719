// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The connection to Channels is lost while events arrive: the received ones are delivered in order
/// and once, and each outage is one gap entry on each channel and surface.
struct OutageTests {
    private static let channels = ["presence-bail-1", "presence-bail-2", "presence-bail-3"]

    /// A way to lose the connection.
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
        ] as [(UpstreamRoute.Scheme, [Disturbance])])
    func `received events are not lost, doubled or reordered, and each outage is one gap`(
        scheme: UpstreamRoute.Scheme, disturbances: [Disturbance]
    ) throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let way = try UpstreamRoute(fixture, to: sandbox, by: scheme)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: way.port, variables: way.variables)
        let readers = try Self.listen(fixture, gateway)
        let events = NumberedEvents(sandbox, Self.channels)
        let part = 2_000 / disturbances.count
        for (index, disturbance) in disturbances.enumerated() {
            events.publish(to: (index + 1) * part)
            try fixture.wait(for: "some events") { events.taken > index * part + part / 3 }
            try disturb(disturbance, sandbox, events, goal: (index + 1) * part)
            try fixture.wait(for: "gap \(index + 1) everywhere: \(Self.gaps(readers))") {
                readers.allSatisfy { reader in
                    Self.channels.allSatisfy { reader.gaps(on: $0) > index }
                }
            }
        }
        try events.finish()
        events.publish(to: events.begun + Self.channels.count)
        try events.finish()
        try fixture.wait(for: "the last events at every reader: \(Self.ends(readers))") {
            readers.allSatisfy { reader in
                Self.channels.allSatisfy { reader.numbers(on: $0).last == events.count(on: $0) }
            }
        }
        for reader in readers {
            try Self.check(reader, against: readers[0], events, outages: disturbances.count)
        }
        let counted = try gateway.status()
        #expect(try counted.number(["upstream", "connections"]) == disturbances.count + 1)
        #expect(try counted.number(["log", "gaps"]) == disturbances.count * Self.channels.count)
        // Every event that reached the hub was delivered, also the last frames before each end.
        let delivered = readers[0].delivered.count { !$0.isGap }
        #expect(try counted.number(["log", "events"]) == delivered)
        #expect(try gateway.stop() == 0)
    }

    private func disturb(
        _ disturbance: Disturbance, _ sandbox: SandboxProcess, _ events: NumberedEvents, goal: Int
    ) throws {
        switch disturbance {
        case .control(let command): try sandbox.control(command)
        case .crash:
            // If the answer to a request was lost with the server, the event may or may not have
            // been sent.
            try events.pause()
            try sandbox.kill()
            try sandbox.restart()
            events.publish(to: goal)
        }
    }

    private static func listen(_ fixture: EndToEndFixture, _ gateway: GatewayProcess) throws
        -> [any SurfaceClient]
    {
        let target = "/events?" + channels.map { "channel=\($0)" }.joined(separator: "&")
        let stream = StreamClient(fixture, gateway.http, target)
        let polls = [
            PollClient(fixture, gateway.http, channels, .cursor),
            PollClient(fixture, gateway.http, channels, .conditional),
            PollClient(fixture, gateway.http, channels, .cursor, limit: 7),
        ]
        let line = LineClient(fixture, path: gateway.ipc)
        for channel in channels { line.send("SUBSCRIBE \(channel)") }
        try fixture.wait(for: "every reader") {
            stream.snapshots.count == channels.count && polls.allSatisfy { $0.position != nil }
                && line.replies.count == channels.count
        }
        return [stream] + polls + [line]
    }

    private static func gaps(_ readers: [any SurfaceClient]) -> String {
        readers.map { reader in "\(reader.name) \(channels.map { reader.gaps(on: $0) })" }
            .joined(separator: ", ")
    }

    private static func ends(_ readers: [any SurfaceClient]) -> String {
        readers.map { reader in
            "\(reader.name) \(channels.map { reader.numbers(on: $0).last ?? 0 })"
        }
        .joined(separator: ", ")
    }

    private static func check(
        _ reader: any SurfaceClient, against first: any SurfaceClient, _ events: NumberedEvents,
        outages: Int
    ) throws {
        for channel in channels {
            let delivered = reader.delivered(on: channel)
            #expect(
                delivered == first.delivered(on: channel), "\(reader.name) differs on \(channel)")
            #expect(reader.gaps(on: channel) == outages, "\(reader.name) on \(channel)")
            var last = 0
            var isBehindGap = false
            for entry in delivered {
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
                #expect(isNext, "\(reader.name) on \(channel): \(number) behind \(last)")
                (last, isBehindGap) = (number, false)
            }
            #expect(last == events.count(on: channel))
        }
        // A line connection delivers each channel separately; a stream and a poll have one order
        // for all.
        guard !(reader is LineClient) else { return }
        let isInOrder = zip(reader.delivered, reader.delivered.dropFirst()).allSatisfy {
            $0.sequence < $1.sequence
        }
        #expect(isInOrder, "\(reader.name)")
    }
}
