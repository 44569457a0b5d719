// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

struct UpstreamMergeTests {
    private static let channel = "presence-bail-1"

    private static func event(
        _ data: String, _ name: String = "new-message", on channel: String = channel
    ) -> UpstreamSession.Report {
        .event(channel: channel, name: name, data: Array(data.utf8), userID: nil)
    }

    private static func subscribed(
        _ members: [String]? = nil, to channel: String = channel
    ) -> UpstreamSession.Report {
        .subscribed(channel: channel, members: members?.map { ChannelMember(userID: $0) })
    }

    /// A merge whose connections are both established and subscribed, with confirmed subscriptions.
    private static func settled(
        _ channels: [String] = [channel], members: [String]? = nil
    ) -> UpstreamMerge {
        var merge = UpstreamMerge()
        for side in UpstreamMerge.Side.allCases {
            _ = merge.received(.established(socketID: "1.1"), from: side, now: .zero)
            for channel in channels {
                _ = merge.received(subscribed(members, to: channel), from: side, now: .zero)
            }
        }
        for side in UpstreamMerge.Side.allCases {
            _ = merge.received(
                .pong(pingedAt: UpstreamMerge.joinTime), from: side, now: UpstreamMerge.joinTime)
        }
        return merge
    }

    @Test func `each event is delivered when the first connection brings it, and once`() {
        for side in UpstreamMerge.Side.allCases {
            var merge = Self.settled()
            let event = Self.event("1")
            #expect(merge.received(event, from: side, now: .seconds(1)) == [.deliver(event)])
            #expect(merge.received(event, from: side.other, now: .seconds(1)) == [])
            #expect(merge.bytes(.first) == 0 && merge.bytes(.second) == 0)
        }
    }

    @Test func `equal messages remain as many as were sent, in every order of arrival`() {
        let sent = ["a", "a", "b", "a", "b"].map { Self.event($0) }
        // Each bit pattern is one order of the ten arrivals.
        for pattern in 0..<1 << (2 * sent.count) where pattern.nonzeroBitCount == sent.count {
            var merge = Self.settled()
            var next = [0, 0]
            var delivered: [UpstreamMerge.Action] = []
            for bit in 0..<2 * sent.count {
                let side: UpstreamMerge.Side = pattern >> bit & 1 == 0 ? .first : .second
                delivered += merge.received(
                    sent[next[side.rawValue]], from: side, now: .seconds(1))
                next[side.rawValue] += 1
            }
            #expect(delivered == sent.map { .deliver($0) }, "\(String(pattern, radix: 2))")
        }
    }

    @Test func `messages that differ in one byte of any part are no copies`() {
        let parts: [UpstreamSession.Report] = [
            .event(channel: "a", name: "n", data: [49], userID: "u"),
            .event(channel: "a", name: "n", data: [49], userID: nil),
            .event(channel: "a", name: "n", data: [50], userID: "u"),
            .event(channel: "a", name: "m", data: [49], userID: "u"),
            .event(channel: "b", name: "n", data: [49], userID: "u"),
            .event(channel: "a", name: "\u{E9}", data: [49], userID: "u"),
            .event(channel: "a", name: "e\u{301}", data: [49], userID: "u"),
        ]
        var merge = Self.settled(["a", "b"])
        for (index, part) in parts.enumerated() {
            let side: UpstreamMerge.Side = index.isMultiple(of: 2) ? .first : .second
            #expect(merge.received(part, from: side, now: .seconds(1)) == [.deliver(part)])
        }
    }

    @Test func `the loss of one connection loses no channel, and the loss of both all`() {
        var merge = Self.settled()
        #expect(merge.received(.lost, from: .first, now: .seconds(1)) == [])
        let event = Self.event("1")
        #expect(merge.received(event, from: .second, now: .seconds(1)) == [.deliver(event)])
        #expect(merge.received(.lost, from: .second, now: .seconds(1)) == [.deliver(.lost)])
    }

    @Test func `copies that the lost connection had brought are dropped on the other one`() {
        var merge = Self.settled()
        let event = Self.event("1")
        #expect(merge.received(event, from: .first, now: .seconds(1)) == [.deliver(event)])
        #expect(merge.received(.lost, from: .first, now: .seconds(1)) == [])
        #expect(merge.received(event, from: .second, now: .seconds(1)) == [])
        #expect(merge.received(event, from: .second, now: .seconds(1)) == [.deliver(event)])
    }

    @Test func `a channel to which only the lost connection was subscribed is lost`() {
        var merge = Self.settled(["a"])
        _ = merge.received(Self.subscribed(to: "b"), from: .second, now: .seconds(1))
        #expect(
            merge.received(.lost, from: .second, now: .seconds(2)) == [.lost(channel: "b")])
        #expect(merge.subscribed("a") == .first && merge.subscribed("b") == nil)
    }

    /// A merge whose second connection is established again and has just subscribed, at 2 s.
    private static func joining(_ members: [String]? = nil) -> UpstreamMerge {
        var merge = settled(members: members.map { _ in ["x", "y"] })
        _ = merge.received(.lost, from: .second, now: .seconds(1))
        _ = merge.received(.established(socketID: "1.2"), from: .second, now: .seconds(2))
        #expect(merge.received(subscribed(members), from: .second, now: .seconds(2)) == [])
        #expect(!merge.isSettled)
        return merge
    }

    /// Both connections answer pings sent at this time.
    private static func answer(
        _ merge: inout UpstreamMerge, pingedAt time: Duration
    ) -> [UpstreamMerge.Action] {
        UpstreamMerge.Side.allCases.flatMap {
            merge.received(.pong(pingedAt: time), from: $0, now: time + .milliseconds(50))
        }
    }

    @Test
    func `a connection that subscribes again is asked for pongs, and then replaces the other`() {
        var merge = Self.joining()
        #expect(merge.deadline == .seconds(2) + UpstreamMerge.joinTime)
        #expect(merge.timePassed(now: .milliseconds(2_499)) == [])
        #expect(merge.timePassed(now: .milliseconds(2_500)) == [.ping(.first), .ping(.second)])
        #expect(Self.answer(&merge, pingedAt: .milliseconds(2_500)) == [])
        #expect(merge.isSettled)
        #expect(merge.received(.lost, from: .first, now: .seconds(3)) == [])
    }

    @Test func `pongs of earlier pings, or of one connection, do not end the joining`() {
        for side in UpstreamMerge.Side.allCases {
            var merge = Self.joining()
            _ = Self.answer(&merge, pingedAt: .milliseconds(2_499))
            _ = merge.received(.pong(pingedAt: .seconds(3)), from: side, now: .seconds(3))
            #expect(!merge.isSettled)
            #expect(
                merge.received(.lost, from: .first, now: .seconds(4))
                    == [.lost(channel: Self.channel), .deliver(Self.subscribed())])
        }
    }

    @Test func `if the other connection is lost meanwhile, a gap and the members follow`() {
        var merge = Self.joining(["y", "z"])
        let joined = UpstreamSession.Report.memberAdded(
            channel: Self.channel, ChannelMember(userID: "w"))
        let left = UpstreamSession.Report.memberRemoved(channel: Self.channel, userID: "z")
        #expect(merge.received(joined, from: .second, now: .seconds(2)) == [])
        #expect(merge.received(left, from: .second, now: .seconds(2)) == [])
        let (one, two) = (Self.event("1"), Self.event("2"))
        #expect(merge.received(one, from: .first, now: .seconds(2)) == [.deliver(one)])
        #expect(merge.received(one, from: .second, now: .seconds(2)) == [])
        #expect(merge.received(two, from: .second, now: .seconds(2)) == [])
        #expect(
            merge.received(.lost, from: .first, now: .milliseconds(2_100)) == [
                .lost(channel: Self.channel), .deliver(Self.subscribed(["w", "y"])), .deliver(two),
            ])
    }

    @Test func `an event from the time of the second subscription is delivered once`() {
        // The server sent it to both, or only to the first; the second may be ahead or behind.
        for isSentToBoth in [true, false] {
            for isSecondAhead in [true, false] {
                var merge = Self.settled()
                _ = merge.received(.lost, from: .second, now: .seconds(1))
                _ = merge.received(
                    .established(socketID: "1.2"), from: .second, now: .seconds(2))
                let (same, other) = (Self.event("same"), Self.event("other"))
                #expect(merge.received(same, from: .first, now: .seconds(2)) == [.deliver(same)])
                _ = merge.received(Self.subscribed(), from: .second, now: .seconds(2))
                if isSentToBoth {
                    #expect(merge.received(same, from: .second, now: .seconds(2)) == [])
                }
                let sides: [UpstreamMerge.Side] =
                    isSecondAhead ? [.second, .first] : [.first, .second]
                var actions: [UpstreamMerge.Action] = []
                for side in sides {
                    for event in [same, other] {
                        actions += merge.received(event, from: side, now: .milliseconds(2_100))
                    }
                }
                #expect(actions == [.deliver(same), .deliver(other)])
                #expect(Self.answer(&merge, pingedAt: .seconds(3)) == [])
                #expect(merge.isSettled)
                for side in sides {
                    actions += merge.received(same, from: side, now: .seconds(4))
                }
                #expect(actions.suffix(1) == [.deliver(same)] && actions.count == 3)
            }
        }
    }

    @Test func `what only the joining connection has brought is delivered when it has joined`() {
        var merge = Self.joining()
        let (one, two) = (Self.event("1"), Self.event("2"))
        _ = merge.received(one, from: .second, now: .seconds(2))
        _ = merge.received(one, from: .first, now: .milliseconds(2_010))
        #expect(merge.received(two, from: .second, now: .milliseconds(2_900)) == [])
        #expect(Self.answer(&merge, pingedAt: .seconds(3)) == [.deliver(two)])
        #expect(merge.received(two, from: .first, now: .seconds(3)) == [])
    }

    @Test func `equal messages only are matched by their time`() {
        var merge = Self.settled()
        _ = merge.received(.lost, from: .second, now: .seconds(1))
        _ = merge.received(.established(socketID: "1.2"), from: .second, now: .seconds(2))
        let tick = Self.event("tick")
        // The second connection receives every tick from the second one on.
        for second in 2...5 {
            let time = Duration.seconds(second) + .milliseconds(200)
            if second == 3 {
                _ = merge.received(Self.subscribed(), from: .second, now: .milliseconds(2_700))
            }
            #expect(merge.received(tick, from: .first, now: time) == [.deliver(tick)])
            if second > 2 {
                #expect(
                    merge.received(tick, from: .second, now: time + .milliseconds(30)) == [])
            }
        }
        #expect(Self.answer(&merge, pingedAt: .seconds(6)) == [])
        #expect(merge.isSettled && merge.bytes(.first) == 0 && merge.bytes(.second) == 0)
        #expect(merge.received(tick, from: .second, now: .seconds(7)) == [.deliver(tick)])
        #expect(merge.received(tick, from: .first, now: .seconds(7)) == [])
    }

    @Test func `if a connection is lost while the other joins, no timer is left`() {
        var merge = Self.joining()
        _ = merge.received(.lost, from: .first, now: .milliseconds(2_100))
        #expect(merge.deadline == nil && merge.timePassed(now: .seconds(3)) == [])
    }

    @Test func `if one connection answers no ping, the other is pinged every half second`() {
        var merge = Self.joining()
        var pings = 0
        for step in 250..<1_000 {
            let now = Duration.milliseconds(step * 10)
            for case .ping(.first) in merge.timePassed(now: now) {
                pings += 1
                _ = merge.received(.pong(pingedAt: now), from: .first, now: now)
            }
        }
        #expect((10...16).contains(pings))
    }

    @Test func `an event after the channel was given up leaves nothing behind`() {
        var merge = Self.settled(["a", "b"])
        merge.dropped("a")
        for side in UpstreamMerge.Side.allCases {
            let event = Self.event("1", on: "a")
            #expect(merge.received(event, from: side, now: .seconds(1)) == [.deliver(event)])
        }
        #expect(merge.isSettled && merge.bytes(.first) == 0 && merge.bytes(.second) == 0)
    }

    @Test func `an event before the answer to its subscription is not delivered twice`() {
        var merge = Self.settled()
        _ = merge.received(.lost, from: .second, now: .seconds(1))
        _ = merge.received(.established(socketID: "1.2"), from: .second, now: .seconds(2))
        let event = Self.event("1")
        #expect(merge.received(event, from: .second, now: .seconds(2)) == [])
        #expect(merge.received(event, from: .first, now: .seconds(2)) == [.deliver(event)])
    }

    @Test(arguments: [nil, "gateway"], [#"{"userId":"x"}"#, #"{ "userId": "x" }"#])
    func `a copy of a sent client event is known by its value`(stamp: String?, data: String) {
        var merge = Self.settled()
        merge.sent(
            clientEvent: "client-typing", data: Array(#"{"userId":"x"}"#.utf8), on: Self.channel,
            stamp: "gateway", by: .first, now: .seconds(1))
        let copy = UpstreamSession.Report.event(
            channel: Self.channel, name: "client-typing", data: Array(data.utf8), userID: stamp)
        #expect(merge.received(copy, from: .second, now: .seconds(2)) == [])
        #expect(merge.received(copy, from: .second, now: .seconds(2)) == [.deliver(copy)])
    }

    @Test func `members are right after a long joining`() {
        var merge = Self.joining(["y", "z"])
        let left = UpstreamSession.Report.memberRemoved(channel: Self.channel, userID: "z")
        _ = merge.received(left, from: .second, now: .seconds(3))
        _ = merge.received(Self.event("1"), from: .second, now: .seconds(24))
        _ = merge.received(Self.event("2"), from: .second, now: .seconds(25))
        #expect(
            merge.received(.lost, from: .first, now: .seconds(32)) == [
                .lost(channel: Self.channel), .deliver(Self.subscribed(["y"])),
                .deliver(Self.event("1")), .deliver(Self.event("2")),
            ])
    }

    @Test func `a message that only the joining connection brings is delivered in the end`() {
        for follows in [true, false] {
            var merge = Self.joining()
            let (one, two) = (Self.event("1"), Self.event("2"))
            #expect(merge.received(one, from: .second, now: .milliseconds(2_500)) == [])
            #expect(Self.answer(&merge, pingedAt: .seconds(3)) == [])
            #expect(!merge.isSettled)
            if follows {
                _ = merge.received(two, from: .first, now: .seconds(4))
                _ = merge.received(two, from: .second, now: .seconds(4))
            }
            let end: Duration = follows ? .seconds(5) : .seconds(2) + UpstreamMerge.keptTime
            #expect(Self.answer(&merge, pingedAt: end) == [.deliver(one)])
            #expect(merge.isSettled)
        }
    }

    @Test func `an event of a cache channel that is published again is delivered`() {
        let channel = "cache-a"
        var merge = Self.settled([channel])
        let event = Self.event("c", "state", on: channel)
        let miss = Self.event("{}", "pusher:cache_miss", on: channel)
        _ = merge.received(event, from: .first, now: .seconds(1))
        _ = merge.received(event, from: .second, now: .seconds(1))
        for side in [UpstreamMerge.Side.first, .second] {
            let start = Duration.seconds(side == .first ? 20 : 40)
            _ = merge.received(.lost, from: side, now: start)
            _ = merge.received(.established(socketID: "1.2"), from: side, now: start)
            _ = merge.received(Self.subscribed(to: channel), from: side, now: start)
            #expect(merge.received(miss, from: side, now: start) == [])
            _ = Self.answer(&merge, pingedAt: start + .seconds(1))
            #expect(merge.isSettled)
        }
        #expect(merge.received(event, from: .first, now: .seconds(60)) == [.deliver(event)])
        #expect(merge.received(event, from: .second, now: .seconds(60)) == [])
    }

    @Test func `copies that never arrive are forgotten after a pong, and counted`() {
        var merge = Self.settled()
        let event = Self.event("1")
        _ = merge.received(event, from: .first, now: .seconds(10))
        #expect(merge.deadline == .seconds(10) + UpstreamMerge.settleTime)
        #expect(merge.timePassed(now: .milliseconds(14_999)) == [])
        #expect(merge.timePassed(now: .seconds(15)) == [.ping(.second)])
        #expect(merge.timePassed(now: .seconds(16)) == [])
        #expect(
            merge.received(.pong(pingedAt: .seconds(15)), from: .second, now: .seconds(16)) == [])
        #expect(merge.missingCopies == 1 && merge.deadline == nil)
        #expect(merge.received(event, from: .second, now: .seconds(17)) == [.deliver(event)])
    }

    @Test func `a server without pongs delays only the forgetting of copies`() {
        var merge = Self.settled()
        _ = merge.received(Self.event("1"), from: .first, now: .seconds(10))
        #expect(merge.timePassed(now: .seconds(15)) == [.ping(.second)])
        let late = .seconds(15) + UpstreamMerge.pongTimeout
        #expect(merge.timePassed(now: late - .milliseconds(1)) == [])
        #expect(merge.timePassed(now: late) == [])
        #expect(merge.missingCopies == 1)
    }

    @Test func `a refusal is reported only if neither connection is subscribed`() {
        var merge = Self.settled(["a"])
        let refusal = UpstreamSession.Report.refused(channel: "a", status: 403, message: "no")
        #expect(merge.received(refusal, from: .second, now: .seconds(1)) == [])
        #expect(merge.received(refusal, from: .first, now: .seconds(1)) == [.deliver(refusal)])
    }

    @Test func `the copy of a client event that the gateway sent is dropped`() {
        var merge = Self.settled()
        merge.sent(
            clientEvent: "client-typing", data: [49], on: Self.channel, stamp: "gateway",
            by: .first,
            now: .seconds(1))
        let copy = UpstreamSession.Report.event(
            channel: Self.channel, name: "client-typing", data: [49], userID: "gateway")
        #expect(merge.received(copy, from: .second, now: .seconds(1)) == [])
        #expect(merge.received(copy, from: .second, now: .seconds(1)) == [.deliver(copy)])
    }

    @Test func `events that Channels sends to each connection by itself are delivered once`() {
        let channel = "cache-a"
        var merge = Self.settled([channel])
        let count = Self.event("2", "pusher:subscription_count", on: channel)
        let cached = Self.event("c", "state", on: channel)
        #expect(merge.received(count, from: .first, now: .seconds(1)) == [.deliver(count)])
        #expect(merge.received(count, from: .second, now: .seconds(1)) == [])
        #expect(merge.received(cached, from: .first, now: .seconds(1)) == [.deliver(cached)])
        #expect(merge.received(cached, from: .second, now: .seconds(1)) == [])
        _ = merge.received(.lost, from: .second, now: .seconds(2))
        _ = merge.received(.established(socketID: "1.2"), from: .second, now: .seconds(20))
        _ = merge.received(Self.subscribed(to: channel), from: .second, now: .seconds(20))
        #expect(merge.received(cached, from: .second, now: .seconds(20)) == [])
        #expect(Self.answer(&merge, pingedAt: .seconds(21)) == [])
        #expect(merge.received(cached, from: .second, now: .seconds(22)) == [.deliver(cached)])
        let miss = Self.event("{}", "pusher:cache_miss", on: channel)
        #expect(merge.received(miss, from: .second, now: .seconds(20)) == [])
    }

    @Test(arguments: [-1, 0, 1])
    func `a connection is replaced if the copies that it should bring exceed the limit`(
        excess: Int
    ) {
        var merge = Self.settled()
        // An event costs its bytes, its name and the fixed cost of a copy.
        let small = Self.event("")
        _ = merge.received(small, from: .first, now: .seconds(1))
        let fixed = merge.bytes(.second)
        let size = UpstreamMerge.byteLimit - 2 * fixed + excess
        let large = UpstreamSession.Report.event(
            channel: Self.channel, name: "new-message", data: Array(repeating: 49, count: size),
            userID: nil)
        let actions = merge.received(large, from: .first, now: .seconds(1))
        #expect(actions == [.deliver(large)] + (excess > 0 ? [.replace(.second)] : []))
        guard excess > 0 else { return }
        // Until it is lost, nothing more is kept for it.
        let bytes = merge.bytes(.second)
        #expect(merge.received(small, from: .first, now: .seconds(1)) == [.deliver(small)])
        #expect(merge.bytes(.second) == bytes)
        _ = merge.received(.lost, from: .second, now: .seconds(1))
        #expect(merge.bytes(.second) == 0)
    }

    @Test func `a connection is replaced if what is kept while it joins exceeds the limit`() {
        var merge = Self.joining()
        let info = Array(repeating: UInt8(49), count: UpstreamMerge.byteLimit / 2)
        let joined = UpstreamSession.Report.memberAdded(
            channel: Self.channel, ChannelMember(userID: "x", userInfo: info))
        #expect(merge.received(joined, from: .second, now: .seconds(2)) == [])
        #expect(
            merge.received(joined, from: .second, now: .seconds(2)) == [.replace(.second)])
        let bytes = merge.bytes(.second)
        #expect(merge.received(joined, from: .second, now: .seconds(2)) == [])
        #expect(merge.bytes(.second) == bytes)
        #expect(merge.received(.lost, from: .second, now: .seconds(2)) == [])
        #expect(merge.bytes(.second) == 0)
    }

    @Test func `a channel that is no longer wanted leaves nothing behind`() {
        var merge = Self.settled()
        _ = merge.received(Self.event("1"), from: .first, now: .seconds(1))
        merge.dropped(Self.channel)
        #expect(merge.bytes(.second) == 0 && merge.deadline == nil)
        #expect(merge.subscribed(Self.channel) == nil)
    }
}
