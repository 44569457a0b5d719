// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The cost of stalled readers: no work for each event.
struct StalledReaderCostTests {
    enum Kind: CaseIterable {
        case stream, payloadStream, oldStream, line
    }

    /// Data larger than any socket takes at once.
    private static let large = "\"" + String(repeating: "y", count: 300_000) + "\""

    /// Returns a reader of channel `c` with a full socket.
    private func fullReader(_ kind: Kind, in fixture: DownstreamFixture) throws -> Client {
        let client: Client
        switch kind {
        case .stream: client = try fixture.stream("channel=c").client
        case .payloadStream: client = try fixture.stream("channel=c&format=data").client
        case .oldStream: client = try fixture.stream("channel=c", version: "1.0").client
        case .line:
            client = try fixture.line()
            client.send("SUBSCRIBE c\n")
        }
        _ = try client.read()
        client.narrow()
        fixture.publish("c", "large", Self.large)
        try fixture.settle()
        return client
    }

    private func fixture() throws -> DownstreamFixture {
        try DownstreamFixture { _, hub in
            hub.log.events = 1000
            hub.log.bytes = 64 << 20
        }
    }

    /// Makes room in the socket that the loop has not noticed yet: a write would succeed.
    private func makeRoom(_ client: Client) {
        while let some = client.pair.receive(), !some.isEmpty {}
    }

    @Test(arguments: Kind.allCases)
    func `an event for a blocked reader is neither written nor encoded`(kind: Kind) throws {
        let fixture = try fixture()
        let client = try fullReader(kind, in: fixture)
        makeRoom(client)
        let delivered = fixture.delivered
        let waiting = client.pair.link.queuedBytes
        for number in 0..<100 {
            fixture.publish("c", "\(number)")
            fixture.downstream.flush()
        }
        #expect(client.pair.receive() == [])
        #expect(client.pair.link.queuedBytes == waiting && fixture.delivered == delivered)
        let log = try #require(fixture.hub.channel("c")).log
        #expect(log.count == 101)
        #expect((1..<log.count).allSatisfy { log[$0].form == nil })
        // Once there is room, the reader receives all events.
        let rest = String(decoding: try client.read().bytes, as: UTF8.self)
        #expect(rest.contains(kind == .line ? #""event":"99""# : "event: 99\n"))
        #expect(fixture.delivered > delivered)
    }

    @Test
    func `each event is written once to each other reader and not to blocked ones`()
        throws
    {
        let fixture = try fixture()
        let full = try Kind.allCases.map { try fullReader($0, in: fixture) }
        let lively = try (0..<20).map { _ in try fixture.stream("channel=c") }
        for stream in lively { _ = try stream.messages() }
        for client in full { makeRoom(client) }
        for number in 0..<50 {
            let delivered = fixture.delivered
            fixture.publish("c", "\(number)")
            fixture.downstream.flush()
            #expect(fixture.delivered == delivered + UInt64(lively.count))
        }
        for client in full { #expect(client.pair.receive() == []) }
        for stream in lively { #expect(try stream.names() == (0..<50).map(String.init)) }
    }
}

extension DownstreamFixture {
    /// Entries delivered to streams and line subscriptions.
    fileprivate var delivered: UInt64 {
        downstream.streamed.entries + downstream.tally.lined.entries
    }
}
