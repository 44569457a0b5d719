// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleUpstream

/// Tests how the echo of an unstamped client event is distinguished from other clients' events.
struct SentClientEventsTests {
    private static let channel = "presence-a"

    private func outgoing(
        _ data: String, by user: String = "ann", name: String = "client-typing"
    ) -> ClientEventPlanner.OutgoingEvent {
        ClientEventPlanner.OutgoingEvent(
            name: name, data: Array(data.utf8), user: ChannelUser(Self.channel, user))
    }

    private func received(
        _ data: String, stamp: String? = nil, name: String = "client-typing",
        channel: String = SentClientEventsTests.channel
    ) -> SentClientEvents.Received {
        SentClientEvents.Received(
            name: name, data: Array(data.utf8), channel: channel, stamp: stamp)
    }

    @Test(arguments: [
        #"{"isTyping":true,"n":1.0,"userId":"ann"}"#,
        #"{ "userId": "ann", "n": 1, "isTyping": true }"#,
        #"{"n":1e0,"userId":"\u0061nn","isTyping":true}"#,
    ])
    func `an echo is recognized in any JSON encoding`(echo: String) {
        var events = SentClientEvents()
        events.sent(outgoing(#"{"isTyping":true,"n":1.0,"userId":"ann"}"#), now: .zero)
        #expect(events.takeSender(of: received(echo), now: .seconds(1)) == "ann")
        #expect(events.takeSender(of: received(echo), now: .seconds(1)) == nil)
    }

    @Test(arguments: [
        #"{"isTyping":false,"userId":"ann"}"#, #"{"isTyping":true,"userId":"bob"}"#,
        #"{"isTyping":true,"userId":"ann","x":1}"#, #"{"isTyping":true}"#, "1", "null", "[]",
        #""ann""#, #"{"isTyping":[true],"userId":"ann"}"#,
    ])
    func `another client's event in the user's name is not attributed to the user`(data: String) {
        var events = SentClientEvents()
        let own = #"{"isTyping":true,"userId":"ann"}"#
        events.sent(outgoing(own), now: .zero)
        #expect(events.takeSender(of: received(data), now: .zero) == nil)
        #expect(
            events.takeSender(of: received(own, channel: "presence-b"), now: .zero) == nil)
        #expect(events.takeSender(of: received(own, name: "client-x"), now: .zero) == nil)
        #expect(events.takeSender(of: received(own), now: .zero) == "ann")
    }

    @Test func `no event is attributed to a user that has sent none`() {
        var events = SentClientEvents()
        #expect(
            events.takeSender(of: received(#"{"userId":"ann"}"#), now: .zero) == nil)
    }

    @Test func `each event sent matches one event received, in any order`() {
        var events = SentClientEvents()
        let states = (0..<3).map { #"{"n":\#($0),"userId":"ann"}"# }
        for state in states { events.sent(outgoing(state), now: .zero) }
        for state in states.reversed() {
            #expect(events.takeSender(of: received(state), now: .zero) == "ann")
            #expect(events.takeSender(of: received(state), now: .zero) == nil)
        }
    }

    @Test func `a stamp is trusted, and removes the expected echo`() {
        var events = SentClientEvents()
        events.sent(outgoing(#"{"userId":"ann"}"#), now: .zero)
        #expect(events.takeSender(of: received("{}", stamp: "bob"), now: .zero) == nil)
        #expect(events.count == 1)
        #expect(events.takeSender(of: received("{}", stamp: "ann"), now: .zero) == "ann")
        #expect(events.count == 0)
    }

    @Test func `an echo is recognized only within the time limit`() {
        for (delay, sender) in [
            (SentClientEvents.echoTimeout - .nanoseconds(1), "ann"),
            (SentClientEvents.echoTimeout, nil),
        ] as [(Duration, String?)] {
            var events = SentClientEvents()
            events.sent(outgoing(#"{"userId":"ann"}"#), now: .zero)
            #expect(events.takeSender(of: received(#"{"userId":"ann"}"#), now: delay) == sender)
        }
    }

    @Test func `the size of the retained events is limited, and the newest are kept`() {
        let frame = #"{"n":0000,"userId":"ann","text":""}"#.utf8.count + "client-typing".utf8.count
        func event(_ number: Int, _ size: Int) -> String {
            #"{"n":\#(1_000 + number),"userId":"ann","text":""#
                + String(repeating: "x", count: size - frame) + #""}"#
        }
        let size = SentClientEvents.byteLimit / 128
        for (excess, count) in [(-1, 128), (0, 128), (1, 127)] {
            var events = SentClientEvents()
            for number in 0..<127 { events.sent(outgoing(event(number, size)), now: .zero) }
            events.sent(outgoing(event(127, size + excess)), now: .zero)
            #expect(events.count == count && events.bytes <= SentClientEvents.byteLimit)
            let first = events.takeSender(of: received(event(0, size)), now: .zero)
            #expect((first == nil) == (count == 127))
        }
        var events = SentClientEvents()
        events.sent(outgoing(event(1, SentClientEvents.byteLimit + 1)), now: .zero)
        #expect(events.count == 0 && events.bytes == 0)
        events.sent(outgoing(event(1, size)), now: .zero)
        #expect(events.takeSender(of: received(event(2, size)), now: .seconds(60)) == nil)
        #expect(events.count == 0 && events.bytes == 0)
    }

    @Test func `the number of retained events is limited, and the newest are kept`() {
        var events = SentClientEvents()
        for number in 0...SentClientEvents.limit {
            events.sent(outgoing(#"{"n":\#(number),"userId":"ann"}"#), now: .zero)
        }
        #expect(events.count == SentClientEvents.limit)
        let first = received(#"{"n":0,"userId":"ann"}"#)
        #expect(events.takeSender(of: first, now: .zero) == nil)
        let second = received(#"{"n":1,"userId":"ann"}"#)
        #expect(events.takeSender(of: second, now: .zero) == "ann")
    }
}
