// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// A connection's life from its dial to the silence that ends it.
struct UpstreamSessionTests {
    @Test func `a session connects once, and subscribes what is wanted when it stands`() {
        var scene = SessionScene()
        #expect(scene.want("a") == [])
        #expect(scene.start() == [.connect])
        #expect(scene.start() == [])
        #expect(scene.want("b") == [])
        #expect(scene.session.socketID == nil && !scene.session.isSettled)
        #expect(
            scene.establish("7.8") == [
                .tell(.established(socketID: "7.8")), .subscribe(channel: "a", socketID: "7.8"),
                .subscribe(channel: "b", socketID: "7.8"),
            ])
        #expect(scene.session.socketID == "7.8")
        #expect(scene.want("c") == [.subscribe(channel: "c", socketID: "7.8")])
        let members = [ChannelMember(userID: "u")]
        #expect(
            scene.receive(.subscriptionSucceeded(channel: "a", members: members)) == [
                .tell(.subscribed(channel: "a", members: members))
            ])
        #expect(scene.succeed("b") == [.tell(.subscribed(channel: "b", members: nil))])
        #expect(!scene.session.isSettled)
        #expect(scene.succeed("c") == [.tell(.subscribed(channel: "c", members: nil))])
        #expect(scene.session.isSettled)
    }

    @Test func `what is said on channels is handed on, what is not meant for us is not`() {
        var scene = SessionScene(live: "a")
        let data = Array("{}".utf8)
        #expect(
            scene.receive(.event(channel: "a", name: "n", data: data, userID: "u")) == [
                .tell(.event(channel: "a", name: "n", data: data, userID: "u"))
            ])
        let member = ChannelMember(userID: "u")
        #expect(
            scene.receive(.memberAdded(channel: "a", member)) == [
                .tell(.memberAdded(channel: "a", member))
            ])
        #expect(
            scene.receive(.memberRemoved(channel: "a", userID: "u")) == [
                .tell(.memberRemoved(channel: "a", userID: "u"))
            ])
        for message: ServerMessage in [
            .pong, .ignored(name: "pusher:new"), .cacheMiss(channel: "a"),
            .subscriptionCount(channel: "a", 3), .signInSucceeded(userData: "{}"),
            .event(channel: nil, name: "online", data: data, userID: nil),
        ] {
            #expect(scene.receive(message) == [])
        }
        #expect(scene.receive(.ping) == [.send(.pong)])
    }

    @Test func `a handshake that takes too long is given up`() {
        var scene = SessionScene()
        _ = scene.start()
        #expect(scene.session.deadline == .seconds(20))
        #expect(scene.receive(.ping) == [.send(.pong)])
        #expect(scene.receive(.pong) == [] && scene.receive(.ignored(name: "x")) == [])
        #expect(scene.at(19.9) == [])
        #expect(
            scene.at(20) == [
                .endLink(code: 1002), .tell(.waits(.seconds(1), because: .handshakeTimeout)),
            ])
        #expect(scene.at(20.9) == [])
        #expect(scene.at(21) == [.connect])
        #expect(scene.session.deadline == .seconds(41))
    }

    @Test func `before the handshake nothing is said on a channel`() {
        for message: ServerMessage in [
            .event(channel: "a", name: "n", data: [], userID: nil),
            .subscriptionSucceeded(channel: "a", members: nil),
            .memberRemoved(channel: "a", userID: "u"),
        ] {
            var scene = SessionScene()
            _ = scene.start()
            let cause = UpstreamSession.Cause.garbage("a message before the handshake")
            #expect(
                scene.receive(message) == [
                    .endLink(code: 1002), .tell(.waits(.seconds(1), because: cause)),
                ])
        }
    }

    @Test func `a second handshake is garbage`() {
        var scene = SessionScene(live: "a")
        scene.now = .seconds(9)
        let cause = UpstreamSession.Cause.garbage("a second handshake")
        #expect(
            scene.establish("2.2") == [
                .endLink(code: 1002), .tell(.lost), .tell(.waits(.seconds(1), because: cause)),
            ])
    }

    @Test(
        arguments: [
            (nil, 120), (0, 1), (1, 1), (30, 30), (119, 119), (120, 120), (121, 120),
            (Int.max, 120), (Int.min, 1),
        ] as [(Int?, Int)])
    func `silence is broken by a ping after the time that the server names`(
        offered: Int?, effective: Int
    ) {
        var scene = SessionScene()
        _ = scene.start()
        _ = scene.establish(activity: offered)
        #expect(scene.session.deadline == .seconds(effective))
        #expect(scene.at(Double(effective) - 0.001) == [])
        #expect(scene.at(Double(effective)) == [.send(.ping)])
    }

    @Test func `any byte puts the ping off, and any byte answers it`() {
        var scene = SessionScene(live: "a")
        scene.now = .seconds(100)
        scene.session.heard(now: scene.now)
        #expect(scene.at(120) == [] && scene.session.deadline == .seconds(220))
        #expect(scene.at(220) == [.send(.ping)])
        #expect(scene.at(221) == [] && scene.session.deadline == .seconds(250))
        scene.now = .seconds(249)
        scene.session.heard(now: scene.now)
        #expect(scene.at(250) == [] && scene.session.deadline == .seconds(369))
    }

    @Test func `a ping without an answer ends the connection, and it comes back at once`() {
        var scene = SessionScene(live: "a")
        #expect(scene.at(120) == [.send(.ping)])
        #expect(scene.at(149.9) == [])
        #expect(
            scene.at(150) == [
                .endLink(code: 4201), .tell(.lost), .tell(.waits(.zero, because: .silence)),
            ])
        #expect(scene.session.deadline == .seconds(150))
        #expect(scene.at(150) == [.connect])
        #expect(
            scene.establish("2.2") == [
                .tell(.established(socketID: "2.2")), .subscribe(channel: "a", socketID: "2.2"),
            ])
    }

    @Test func `a ping that is due keeps no subscription waiting, nor the other way round`() {
        var scene = SessionScene()
        _ = scene.start()
        _ = scene.establish(activity: 10)
        _ = scene.want("a")
        #expect(
            scene.at(10) == [
                .send(.ping),
                .tell(
                    .refused(
                        channel: "a", status: 408, message: "no answer to the subscription")),
            ])
    }

    @Test func `after the stop nothing is done any more`() {
        var scene = SessionScene(live: "a")
        #expect(scene.session.stopped() == [.endLink(code: 1000)])
        #expect(scene.session.isStopped && scene.session.deadline == nil)
        #expect(scene.session.stopped() == [])
        #expect(scene.start() == [] && scene.want("b") == [] && scene.drop("a") == [])
        #expect(scene.establish() == [] && scene.receive(.ping) == [] && scene.err(4001) == [])
        #expect(scene.receive(.event(channel: "a", name: "n", data: [], userID: nil)) == [])
        #expect(scene.closed(4200) == [] && scene.at(1_000) == [])
        #expect(scene.session.garbled("x", now: scene.now) == [])
    }

    @Test func `a session that has not begun or waits has nobody to say goodbye to`() {
        var idle = SessionScene()
        #expect(idle.session.stopped() == [] && idle.start() == [])
        var waiting = SessionScene(live: "a")
        _ = waiting.closed(nil)
        #expect(waiting.receive(.ping) == [])
        #expect(waiting.session.stopped() == [])
        #expect(waiting.at(1_000) == [])
    }
}
