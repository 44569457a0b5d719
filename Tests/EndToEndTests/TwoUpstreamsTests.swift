// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

/// Two connections to Channels: the loss of one, or its misbehaviour, costs no reader anything.
@Suite(.serialized)
struct TwoUpstreamsTests {
    private static let channels = (1...3).map { "presence-bail-\($0)" }
    private static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_UPSTREAMS": "2"])
    }

    /// Opens a reader of each surface, and waits for both connections to receive every channel.
    private func listen() throws -> [any SurfaceClient] {
        let target = "/events?" + Self.channels.map { "channel=\($0)" }.joined(separator: "&")
        let stream = StreamClient(fixture, gateway.http, target)
        let poll = PollClient(fixture, gateway.http, Self.channels, .cursor)
        let line = LineClient(fixture, path: gateway.ipc)
        for channel in Self.channels { line.send("SUBSCRIBE \(channel)") }
        try fixture.wait(for: "every reader") {
            stream.snapshots.count == Self.channels.count && poll.position != nil
                && line.replies.count == Self.channels.count
        }
        try waitUntilSettled()
        return [stream, poll, line]
    }

    private func waitUntilSettled() throws {
        try fixture.wait(for: "both connections") {
            try gateway.status().number(["upstream", "redundant"]) == 1
        }
    }

    private func waitForLast(
        of events: NumberedEvents, at readers: [any SurfaceClient]
    ) throws {
        try fixture.wait(for: "the last events at every reader") {
            readers.allSatisfy { reader in
                Self.channels.allSatisfy { reader.numbers(on: $0).last == events.count(on: $0) }
            }
        }
    }

    private func expectAll(_ events: NumberedEvents, at readers: [any SurfaceClient]) throws {
        try waitForLast(of: events, at: readers)
        for reader in readers {
            for channel in Self.channels {
                #expect(reader.gaps(on: channel) == 0)
                #expect(reader.numbers(on: channel) == Array(1...events.count(on: channel)))
            }
        }
        #expect(try gateway.status().number(["log", "gaps"]) == 0)
    }

    @Test func `losses of one connection under load cause no gap, no loss and no duplicate`() throws
    {
        let readers = try listen()
        let events = NumberedEvents(sandbox, Self.channels)
        let drops = Self.isWhole ? 1_000 : 4
        let commands = ["drop", "close?code=4200", "close?code=1001", "garbage?kind=raw"]
        for number in 0..<drops {
            events.publish(to: events.begun + 60)
            let command = commands[number % commands.count]
            let sign = command.contains("?") ? "&" : "?"
            try sandbox.control("\(command)\(sign)connections=1")
            try fixture.wait(for: "the reconnection") {
                try gateway.status().number(["upstream", "connections"]) == number + 3
            }
            events.publish(to: events.begun + 60)
            try waitUntilSettled()
        }
        try events.finish()
        try expectAll(events, at: readers)
        print("\(drops) losses of one connection: \(events.begun) events, 0 gaps, 0 duplicates")
        #expect(try gateway.stop() == 0)
    }

    @Test(arguments: [
        "swallow?what=messages", "duplicate?", "delay?ms=300", "garbage?kind=text",
        "error?code=4301",
    ])
    func `the misbehaviour of one connection reaches no reader`(command: String) throws {
        let readers = try listen()
        let events = NumberedEvents(sandbox, Self.channels)
        try sandbox.control("\(command)&connections=1")
        events.publish(to: 300)
        try events.finish()
        try waitForLast(of: events, at: readers)
        for reader in readers {
            for channel in Self.channels {
                #expect(reader.gaps(on: channel) == 0)
                let numbers = reader.numbers(on: channel)
                // A duplicate of one connection is one message more, and cannot be told from two.
                let isDuplicated = command.hasPrefix("duplicate")
                #expect(
                    (isDuplicated ? Set(numbers).sorted() : numbers)
                        == Array(1...events.count(on: channel)))
            }
        }
        #expect(try gateway.stop() == 0)
    }

    @Test func `if both connections are lost, each channel has one gap`() throws {
        let readers = try listen()
        try sandbox.control("drop")
        try fixture.wait(for: "a gap on each channel at every reader") {
            readers.allSatisfy { reader in Self.channels.allSatisfy { reader.gaps(on: $0) == 1 } }
        }
        try waitUntilSettled()
        #expect(try gateway.status().number(["log", "gaps"]) == Self.channels.count)
        #expect(try gateway.stop() == 0)
    }

    @Test func `typing is sent on one connection, and its copy on the other is dropped`() throws {
        // Polls bring no typing.
        let readers = try listen().filter { !($0 is PollClient) }
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("TYPING \(Self.channels[0]) u7 on")
        try fixture.wait(for: "the typing at every reader") {
            readers.allSatisfy { $0.delivered.contains { $0.event == "client-typing" } }
        }
        try sandbox.publish(Self.channels[0], "new-message", #"{"n":1}"#)
        try fixture.wait(for: "the message at every reader") {
            readers.allSatisfy { $0.delivered.contains { $0.event == "new-message" } }
        }
        for reader in readers {
            #expect(reader.delivered.count { $0.event == "client-typing" } == 1)
        }
        #expect(try gateway.stop() == 0)
    }
}
