// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct SlowReaderTests {
    /// An event larger than any send buffer of a narrowed socket, so that each write falls short.
    private func large(_ count: Int) -> String {
        "\"" + String(repeating: "y", count: count) + "\""
    }

    /// A narrowed socket takes the same number of bytes of each turn's write, so events that begin
    /// one byte later each time are cut at every byte there is.
    @Test(
        arguments: ["1.1", "1.0"], ["channel=c", "channel=c&channel=d", "channel=c&format=data"])
    func `an event that is cut anywhere goes on where it was cut`(
        version: String, query: String
    ) throws {
        let scene = try Scene { _, hub in hub.log.events = 1000 }
        var cuts = 0
        for pad in 0..<210 {
            let stream = try scene.stream(query, version: version)
            _ = try stream.messages()
            stream.client.narrow()
            scene.say("c", "first", large(pad))
            for number in 0..<199 { scene.say("c", "\(number)") }
            try scene.settle()
            let some = stream.client.pair.receive() ?? []
            if !some.suffix(3).elementsEqual("\n\r\n".utf8) { cuts += 1 }
            let told = try stream.feed(some) + stream.messages()
            let names = ["first"] + (0..<199).map(String.init)
            #expect(told.map(\.event) == names, "pad \(pad)")
            scene.say("c", "last")
            #expect(try stream.names() == ["last"], "pad \(pad)")
            stream.close()
            try scene.settle()
        }
        #expect(cuts > 200)
    }

    @Test func `a reader that falls off the log hears a gap, then the rest`() throws {
        let scene = try Scene { _, hub in hub.log.events = 50 }
        let stream = try scene.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        for number in 0..<500 {
            scene.say("c", "\(number)", large(2000))
            if number % 7 == 0 { try scene.settle() }
        }
        try scene.settle()
        let told = try stream.names()
        let gap = try #require(told.firstIndex(of: "passerelle:gap"))
        #expect(told.filter { $0 == "passerelle:gap" }.count == 1)
        #expect(told[..<gap].map { String($0) } == (0..<gap).map(String.init))
        #expect(told[gap + 1] == "pusher:subscription_succeeded")
        #expect(told[(gap + 2)...].map { String($0) } == (450..<500).map(String.init))
        scene.say("c", "live")
        #expect(try stream.names() == ["live"])
    }

    @Test func `a slow reader holds up no other and is not told what it heard before`() throws {
        let scene = try Scene { _, hub in hub.log.events = 20 }
        let slow = try scene.stream("channel=c")
        let fast = try scene.stream("channel=c")
        slow.client.narrow()
        _ = try slow.messages()
        _ = try fast.messages()
        for number in 0..<300 {
            scene.say("c", "\(number)", large(5000))
            #expect(try fast.names() == ["\(number)"])
        }
        let told = try slow.names()
        #expect(Set(told).count == told.count && told.last == "299")
    }

    @Test func `a heartbeat that is cut does not break the framing`() throws {
        let scene = try Scene { configuration, _ in configuration.heartbeat = .seconds(1) }
        let stream = try scene.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        scene.say("c", "large", large(300_000))
        try scene.settle()
        try run(
            scene.loop,
            until: { try stream.names().contains("large") && stream.events.commentCount == 0 })
        try run(
            scene.loop,
            until: {
                _ = try stream.messages()
                return stream.events.commentCount > 0
            })
        scene.say("c", "hello")
        #expect(try stream.names() == ["hello"])
    }
}
