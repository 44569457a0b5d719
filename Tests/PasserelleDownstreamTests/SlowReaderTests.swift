// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct SlowReaderTests {
    /// Returns data larger than a narrowed socket's send buffer, so that each write is partial.
    private func large(_ count: Int) -> String {
        "\"" + String(repeating: "y", count: count) + "\""
    }

    /// A narrowed socket takes the same number of bytes of each turn's write; each round begins the
    /// events one byte later, so that they are cut at every byte.
    @Test(
        arguments: ["1.1", "1.0"], ["channel=c", "channel=c&channel=d", "channel=c&format=data"])
    func `an event that is cut at any byte is continued there`(
        version: String, query: String
    ) throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 1000 }
        var cuts = 0
        for pad in 0..<210 {
            let stream = try fixture.stream(query, version: version)
            _ = try stream.messages()
            stream.client.narrow()
            fixture.publish("c", "first", large(pad))
            for number in 0..<199 { fixture.publish("c", "\(number)") }
            try fixture.settle()
            let some = stream.client.pair.receive() ?? []
            if !some.suffix(3).elementsEqual("\n\r\n".utf8) { cuts += 1 }
            let received = try stream.feed(some) + stream.messages()
            let names = ["first"] + (0..<199).map(String.init)
            #expect(received.map(\.event) == names, "pad \(pad)")
            fixture.publish("c", "last")
            #expect(try stream.names() == ["last"], "pad \(pad)")
            stream.close()
            try fixture.settle()
        }
        #expect(cuts > 200)
    }

    @Test func `a reader that falls behind the log receives a gap, then the rest`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 50 }
        let stream = try fixture.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        for number in 0..<500 {
            fixture.publish("c", "\(number)", large(2000))
            if number % 7 == 0 { try fixture.settle() }
        }
        try fixture.settle()
        let received = try stream.names()
        let gap = try #require(received.firstIndex(of: "passerelle:gap"))
        #expect(received.filter { $0 == "passerelle:gap" }.count == 1)
        #expect(received[..<gap].map { String($0) } == (0..<gap).map(String.init))
        #expect(received[gap + 1] == "pusher:subscription_succeeded")
        #expect(received[(gap + 2)...].map { String($0) } == (450..<500).map(String.init))
        fixture.publish("c", "live")
        #expect(try stream.names() == ["live"])
    }

    @Test func `a slow reader does not delay others and receives no event twice`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 20 }
        let slow = try fixture.stream("channel=c")
        let fast = try fixture.stream("channel=c")
        slow.client.narrow()
        _ = try slow.messages()
        _ = try fast.messages()
        for number in 0..<300 {
            fixture.publish("c", "\(number)", large(5000))
            #expect(try fast.names() == ["\(number)"])
        }
        let received = try slow.names()
        #expect(Set(received).count == received.count && received.last == "299")
    }

    @Test func `a heartbeat that is cut does not break the framing`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.heartbeat = .seconds(15)
        }
        let stream = try fixture.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        fixture.publish("c", "large", large(300_000))
        try fixture.settle()
        try run(
            fixture.loop,
            until: { try stream.names().contains("large") && stream.events.commentCount == 0 })
        try run(
            fixture.loop,
            until: {
                clock.pass(.seconds(1))
                _ = try stream.messages()
                return stream.events.commentCount > 0
            })
        fixture.publish("c", "hello")
        #expect(try stream.names() == ["hello"])
    }
}
