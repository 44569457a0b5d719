// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests a connection from its dial to its end by silence.
struct UpstreamSessionTests {
    @Test func `a session connects once, and subscribes the wanted channels when established`() {
        var fixture = SessionFixture()
        #expect(fixture.want("a") == [])
        #expect(fixture.start() == [.connect])
        #expect(fixture.start() == [])
        #expect(fixture.want("b") == [])
        #expect(fixture.session.socketID == nil && !fixture.session.isSettled)
        #expect(
            fixture.establish("7.8") == [
                .deliver(.established(socketID: "7.8")), .subscribe(channel: "a", socketID: "7.8"),
                .subscribe(channel: "b", socketID: "7.8"),
            ])
        #expect(fixture.session.socketID == "7.8")
        #expect(fixture.want("c") == [.subscribe(channel: "c", socketID: "7.8")])
        let members = [ChannelMember(userID: "u")]
        #expect(
            fixture.receive(.subscriptionSucceeded(channel: "a", members: members)) == [
                .deliver(.subscribed(channel: "a", members: members))
            ])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
        #expect(!fixture.session.isSettled)
        #expect(fixture.succeed("c") == [.deliver(.subscribed(channel: "c", members: nil))])
        #expect(fixture.session.isSettled)
    }

    @Test func `events on channels are reported, other messages are not`() {
        var fixture = SessionFixture(live: "a")
        let data = Array("{}".utf8)
        #expect(
            fixture.receive(.event(channel: "a", name: "n", data: data, userID: "u")) == [
                .deliver(.event(channel: "a", name: "n", data: data, userID: "u"))
            ])
        let member = ChannelMember(userID: "u")
        #expect(
            fixture.receive(.memberAdded(channel: "a", member)) == [
                .deliver(.memberAdded(channel: "a", member))
            ])
        #expect(
            fixture.receive(.memberRemoved(channel: "a", userID: "u")) == [
                .deliver(.memberRemoved(channel: "a", userID: "u"))
            ])
        for message: ServerMessage in [
            .pong, .ignored(name: "pusher:new"), .signInSucceeded(userData: "{}"),
            .event(channel: nil, name: "online", data: data, userID: nil),
        ] {
            #expect(fixture.receive(message) == [])
        }
        #expect(fixture.receive(.ping) == [.send(.pong)])
    }

    @Test func `a count and a cache miss are reported under the names that clients know`() {
        var fixture = SessionFixture(live: "a")
        #expect(
            fixture.receive(.subscriptionCount(channel: "a", 3)) == [
                .deliver(
                    .event(
                        channel: "a", name: "pusher:subscription_count",
                        data: Array(#"{"subscription_count":3}"#.utf8), userID: nil))
            ])
        #expect(
            fixture.receive(.cacheMiss(channel: "a")) == [
                .deliver(
                    .event(
                        channel: "a", name: "pusher:cache_miss", data: Array("{}".utf8),
                        userID: nil))
            ])
    }

    @Test func `a handshake that takes too long is abandoned`() {
        var fixture = SessionFixture()
        _ = fixture.start()
        #expect(fixture.session.deadline == .seconds(20))
        #expect(fixture.receive(.ping) == [.send(.pong)])
        #expect(fixture.receive(.pong) == [] && fixture.receive(.ignored(name: "x")) == [])
        #expect(fixture.at(19.9) == [])
        #expect(
            fixture.at(20) == [
                .endLink(code: 1002), .deliver(.waits(.seconds(1), because: .handshakeTimeout)),
            ])
        #expect(fixture.at(20.9) == [])
        #expect(fixture.at(21) == [.connect])
        #expect(fixture.session.deadline == .seconds(41))
    }

    @Test func `a channel message before the handshake is a protocol error`() {
        for message: ServerMessage in [
            .event(channel: "a", name: "n", data: [], userID: nil),
            .subscriptionSucceeded(channel: "a", members: nil),
            .memberRemoved(channel: "a", userID: "u"),
        ] {
            var fixture = SessionFixture()
            _ = fixture.start()
            let cause = UpstreamSession.Cause.garbage("a message before the handshake")
            #expect(
                fixture.receive(message) == [
                    .endLink(code: 1002), .deliver(.waits(.seconds(1), because: cause)),
                ])
        }
    }

    @Test func `a second handshake is a protocol error`() {
        var fixture = SessionFixture(live: "a")
        fixture.now = .seconds(9)
        let cause = UpstreamSession.Cause.garbage("a second handshake")
        #expect(
            fixture.establish("2.2") == [
                .endLink(code: 1002), .deliver(.lost),
                .deliver(.waits(.seconds(1), because: cause)),
            ])
    }

    @Test(
        arguments: [
            (nil, 120), (0, 1), (1, 1), (30, 30), (119, 119), (120, 120), (121, 120),
            (Int.max, 120), (Int.min, 1),
        ] as [(Int?, Int)])
    func `a ping is sent after the activity timeout that the server offers`(
        offered: Int?, effective: Int
    ) {
        var fixture = SessionFixture()
        _ = fixture.start()
        _ = fixture.establish(activity: offered)
        #expect(fixture.session.deadline == .seconds(effective))
        #expect(fixture.at(Double(effective) - 0.001) == [])
        #expect(fixture.at(Double(effective)) == [.send(.ping)])
    }

    @Test func `each pong reports when its ping was sent, in order`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.receive(.pong) == [])
        for second in 1...2 {
            fixture.now = .seconds(second)
            #expect(fixture.session.ping(now: fixture.now) == [.send(.ping)])
        }
        #expect(fixture.receive(.pong) == [.deliver(.pong(pingedAt: .seconds(1)))])
        #expect(fixture.receive(.pong) == [.deliver(.pong(pingedAt: .seconds(2)))])
        #expect(fixture.receive(.pong) == [])
    }

    @Test(arguments: [-1, 0, 1])
    func `of pings without a pong, the newest are remembered`(excess: Int) {
        var fixture = SessionFixture(live: "a")
        let count = UpstreamSession.pingLimit + excess
        for second in 1...count {
            fixture.now = .seconds(second)
            // Other bytes answer the ping as far as the connection is concerned.
            fixture.session.receivedBytes(now: fixture.now)
            _ = fixture.session.ping(now: fixture.now)
        }
        let oldest = Duration.seconds(max(1, 1 + excess))
        #expect(fixture.receive(.pong) == [.deliver(.pong(pingedAt: oldest))])
    }

    @Test func `a connection that its owner replaces is lost and comes back`() {
        var fixture = SessionFixture(live: "a")
        #expect(
            fixture.session.replaced(because: .behind, now: fixture.now) == [
                .endLink(code: 4201), .deliver(.lost), .deliver(.waits(.zero, because: .behind)),
            ])
        #expect(fixture.session.replaced(because: .behind, now: fixture.now) == [])
    }

    @Test func `a stagger is added to each delay`() {
        var session = UpstreamSession(stagger: .seconds(1)) { 0 }
        _ = session.started(now: .zero)
        let ended = session.linkEnded(code: 4200, words: "", now: .zero)
        #expect(ended == [.deliver(.waits(.seconds(1), because: .code(4200, "")))])
    }

    @Test func `any byte postpones the ping, and any byte answers it`() {
        var fixture = SessionFixture(live: "a")
        fixture.now = .seconds(100)
        fixture.session.receivedBytes(now: fixture.now)
        #expect(fixture.at(120) == [] && fixture.session.deadline == .seconds(220))
        #expect(fixture.at(220) == [.send(.ping)])
        #expect(fixture.at(221) == [] && fixture.session.deadline == .seconds(250))
        fixture.now = .seconds(249)
        fixture.session.receivedBytes(now: fixture.now)
        #expect(fixture.at(250) == [] && fixture.session.deadline == .seconds(369))
    }

    @Test func `an unanswered ping ends the connection, which reconnects at once`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.at(120) == [.send(.ping)])
        #expect(fixture.at(149.9) == [])
        #expect(
            fixture.at(150) == [
                .endLink(code: 4201), .deliver(.lost), .deliver(.waits(.zero, because: .silence)),
            ])
        #expect(fixture.session.deadline == .seconds(150))
        #expect(fixture.at(150) == [.connect])
        #expect(
            fixture.establish("2.2") == [
                .deliver(.established(socketID: "2.2")), .subscribe(channel: "a", socketID: "2.2"),
            ])
    }

    @Test func `a due ping delays no subscription timeout, nor the reverse`() {
        var fixture = SessionFixture()
        _ = fixture.start()
        _ = fixture.establish(activity: 10)
        _ = fixture.want("a")
        #expect(
            fixture.at(10) == [
                .send(.ping),
                .deliver(
                    .refused(
                        channel: "a", status: 408, message: "no answer to the subscription")),
            ])
    }

    @Test func `after stopping no action follows`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.session.stopped() == [.endLink(code: 1000)])
        #expect(fixture.session.isStopped && fixture.session.deadline == nil)
        #expect(fixture.session.stopped() == [])
        #expect(fixture.start() == [] && fixture.want("b") == [] && fixture.drop("a") == [])
        #expect(
            fixture.establish() == [] && fixture.receive(.ping) == [] && fixture.err(4001) == [])
        #expect(fixture.receive(.event(channel: "a", name: "n", data: [], userID: nil)) == [])
        #expect(fixture.closed(4200) == [] && fixture.at(1_000) == [])
        #expect(fixture.session.receivedInvalidData("x", now: fixture.now) == [])
    }

    @Test func `a session that is idle or waiting stops without closing a link`() {
        var idle = SessionFixture()
        #expect(idle.session.stopped() == [] && idle.start() == [])
        var waiting = SessionFixture(live: "a")
        _ = waiting.closed(nil)
        #expect(waiting.receive(.ping) == [])
        #expect(waiting.session.stopped() == [])
        #expect(waiting.at(1_000) == [])
    }
}
