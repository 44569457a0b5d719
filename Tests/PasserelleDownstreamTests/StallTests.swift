// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct StallTests {
    @Test(arguments: [(59_999, false), (60_000, true), (60_001, true)])
    func `a peer that takes nothing has until the limit`(milliseconds: Int, isOver: Bool) {
        var stall = Stall(unread: 100, at: .seconds(5))
        let now: Duration = .seconds(5) + .milliseconds(milliseconds)
        let exceeds = stall.exceeds(.seconds(60), unread: 100, at: now)
        #expect(exceeds == isOver)
    }

    @Test func `whatever moves begins the time anew`() {
        var stall = Stall(unread: 100, at: .zero)
        for (second, unread, isOver) in [
            (59, 99, false), (118, 250, false), (177, 0, false), (236, 0, false), (237, 0, true),
        ] {
            let exceeds = stall.exceeds(.seconds(60), unread: unread, at: .seconds(second))
            #expect(exceeds == isOver, "second \(second)")
        }
    }

    private let large = "\"" + String(repeating: "y", count: 20_000) + "\""

    /// A scene in which a peer may take nothing for so long, and a log that holds what is said.
    private func scene(_ stall: Duration) throws -> Scene {
        try Scene { configuration, hub in
            configuration.stall = stall
            hub.log.bytes = 64 << 20
        }
    }

    @Test func `a stream that takes nothing is cut, and nobody else`() throws {
        let scene = try scene(.milliseconds(30))
        let stalled = try scene.stream("channel=c")
        let lively = try scene.stream("channel=c")
        for stream in [stalled, lively] {
            stream.client.narrow()
            _ = try stream.messages()
        }
        for number in 0..<50 { scene.say("c", "\(number)", large) }
        var told: [String] = []
        try run(
            scene.loop,
            until: {
                told += try lively.feed(lively.client.pair.receive() ?? []).map(\.event)
                return scene.downstream.streamCount == 1 && told.count == 50
            })
        #expect(told == (0..<50).map(String.init))
        #expect(scene.downstream.stallCount == 1 && scene.hub.readerCount == 1)
        _ = try stalled.client.read()
        #expect(stalled.client.pair.receive() == nil)
        scene.say("c", "live")
        #expect(try lively.names() == ["live"])
    }

    /// It takes a little now and then, for much longer than a peer may take nothing.
    @Test func `a stream that takes little, but takes, is not cut`() throws {
        let scene = try scene(.milliseconds(400))
        let slow = try scene.stream("channel=c")
        slow.client.narrow()
        _ = try slow.messages()
        for number in 0..<50 { scene.say("c", "\(number)", large) }
        let begun = scene.loop.now
        var told: [String] = []
        while scene.loop.now - begun < .milliseconds(1_200) {
            try scene.loop.turn(upTo: .milliseconds(20))
            told += try slow.feed(slow.client.pair.receive(500) ?? []).map(\.event)
        }
        #expect(told.count < 50 && scene.downstream.streamCount == 1)
        #expect(try told + slow.names() == (0..<50).map(String.init))
        #expect(scene.downstream.stallCount == 0)
    }

    @Test func `a line that takes nothing is cut, and one that was to end`() throws {
        for isToEnd in [false, true] {
            let scene = try scene(.milliseconds(30))
            let line = try scene.line()
            line.narrow()
            line.send("SUBSCRIBE c\n")
            #expect(try line.lines().count == 1)
            for _ in 0..<50 { scene.say("c", "large", large) }
            try scene.settle()
            if isToEnd { scene.downstream.drain() }
            try run(scene.loop, until: { scene.downstream.lines.connectionCount == 0 })
            try run(scene.loop, until: { scene.downstream.stallCount == 1 })
            try scene.settle()
            #expect(scene.hub.readerCount == 0 && !line.pair.link.isOpen)
        }
    }

    @Test func `a stream that is to end and takes nothing is cut`() throws {
        let scene = try scene(.milliseconds(30))
        let stalled = try scene.stream("channel=c")
        stalled.client.narrow()
        _ = try stalled.messages()
        for _ in 0..<50 { scene.say("c", "large", large) }
        try scene.settle()
        scene.downstream.drain()
        #expect(scene.downstream.streamCount == 0)
        try run(scene.loop, until: { scene.downstream.stallCount == 1 })
        #expect(!stalled.client.pair.link.isOpen)
    }
}
