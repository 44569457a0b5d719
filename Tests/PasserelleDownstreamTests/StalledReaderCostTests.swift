// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What readers that take nothing cost while events come for them: nothing, an event.
struct StalledReaderCostTests {
    enum Kind: CaseIterable {
        case stream, payloadStream, oldStream, line
    }

    /// Larger than any socket takes at once.
    private static let large = "\"" + String(repeating: "y", count: 300_000) + "\""

    /// A reader of channel `c` whose socket is full.
    private func fullReader(_ kind: Kind, in scene: Scene) throws -> Client {
        let client: Client
        switch kind {
        case .stream: client = try scene.stream("channel=c").client
        case .payloadStream: client = try scene.stream("channel=c&format=data").client
        case .oldStream: client = try scene.stream("channel=c", version: "1.0").client
        case .line:
            client = try scene.line()
            client.send("SUBSCRIBE c\n")
        }
        _ = try client.read()
        client.narrow()
        scene.say("c", "large", Self.large)
        try scene.settle()
        return client
    }

    private func scene() throws -> Scene {
        try Scene { _, hub in
            hub.log.events = 1000
            hub.log.bytes = 64 << 20
        }
    }

    /// Its peer makes room that the loop has not seen yet: any try to write would get through.
    private func makeRoom(_ client: Client) {
        while let some = client.pair.receive(), !some.isEmpty {}
    }

    @Test(arguments: Kind.allCases)
    func `what comes for a reader that is full is neither written nor encoded`(kind: Kind) throws {
        let scene = try scene()
        let client = try fullReader(kind, in: scene)
        makeRoom(client)
        let told = scene.told
        let waiting = client.pair.link.queuedBytes
        for number in 0..<100 {
            scene.say("c", "\(number)")
            scene.downstream.settle()
        }
        #expect(client.pair.receive() == [])
        #expect(client.pair.link.queuedBytes == waiting && scene.told == told)
        let log = try #require(scene.hub.channel("c")).log
        #expect(log.count == 101)
        #expect((1..<log.count).allSatisfy { log[$0].form == nil })
        // It has missed nothing: once there is room, all of it comes.
        let rest = String(decoding: try client.read().bytes, as: UTF8.self)
        #expect(rest.contains(kind == .line ? #""event":"99""# : "event: 99\n"))
        #expect(scene.told > told)
    }

    @Test
    func `each event is one write to each of the others, and nothing to those who stand still`()
        throws
    {
        let scene = try scene()
        let full = try Kind.allCases.map { try fullReader($0, in: scene) }
        let lively = try (0..<20).map { _ in try scene.stream("channel=c") }
        for stream in lively { _ = try stream.messages() }
        for client in full { makeRoom(client) }
        for number in 0..<50 {
            let told = scene.told
            scene.say("c", "\(number)")
            scene.downstream.settle()
            #expect(scene.told == told + UInt64(lively.count))
        }
        for client in full { #expect(client.pair.receive() == []) }
        for stream in lively { #expect(try stream.names() == (0..<50).map(String.init)) }
    }
}

extension Scene {
    /// Entries that readers of streams and lines were told.
    fileprivate var told: UInt64 {
        downstream.streamed.entries + downstream.tally.lined.entries
    }
}
