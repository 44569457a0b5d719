// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// Channels that come and go on a connection, and the answers to them.
struct SessionSubscribingTests {
    private static let silent = "no answer to the subscription"

    private func subscribe(_ channel: String) -> UpstreamSession.Action {
        .subscribe(channel: channel, socketID: "1.1")
    }

    private func refused(
        _ channel: String, _ status: Int, _ message: String = "no"
    ) -> UpstreamSession.Action {
        .tell(.refused(channel: channel, status: status, message: message))
    }

    @Test func `channels are subscribed on demand and let go when nobody reads them`() {
        var scene = SessionScene(live: "a")
        #expect(scene.want("a") == [])
        #expect(scene.drop("a") == [.send(.unsubscribe(channel: "a"))])
        #expect(scene.drop("a") == [])
        #expect(scene.want("a") == [subscribe("a")])
    }

    @Test func `a channel dropped while pending is unsubscribed once it is answered`() {
        var scene = SessionScene(live: "a")
        #expect(scene.want("b") == [subscribe("b")])
        #expect(scene.drop("b") == [])
        #expect(scene.succeed("b") == [.send(.unsubscribe(channel: "b"))])
        #expect(scene.session.isSettled)
    }

    @Test func `a channel wanted again while it is being let go is heard after all`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        #expect(scene.drop("b") == [] && scene.want("b") == [])
        #expect(scene.succeed("b") == [.tell(.subscribed(channel: "b", members: nil))])
    }

    @Test func `a channel that is given to us unasked is given back`() {
        var scene = SessionScene(live: "a")
        #expect(scene.succeed("x") == [.send(.unsubscribe(channel: "x"))])
    }

    @Test func `after a loss every channel is subscribed anew under the new socket id`() {
        var scene = SessionScene(live: "a", "b")
        _ = scene.want("pending")
        _ = scene.want("dropped")
        _ = scene.drop("dropped")
        _ = scene.closed(4200)
        #expect(scene.drop("b") == [])
        _ = scene.at(0)
        #expect(
            scene.establish("2.2") == [
                .tell(.established(socketID: "2.2")), .subscribe(channel: "a", socketID: "2.2"),
                .subscribe(channel: "pending", socketID: "2.2"),
            ])
    }

    @Test func `no answer is told as a refusal, and asked again later`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        #expect(scene.session.deadline == .seconds(10))
        #expect(scene.at(9.9) == [])
        #expect(scene.at(10) == [refused("b", 408, Self.silent)])
        #expect(scene.at(20) == [subscribe("b")])
        #expect(scene.at(30) == [refused("b", 408, Self.silent)])
        #expect(scene.at(49.9) == [])
        #expect(scene.at(50) == [subscribe("b")])
        #expect(scene.succeed("b") == [.tell(.subscribed(channel: "b", members: nil))])
    }

    @Test func `a refusal that names its channel is told and tried again`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        #expect(
            scene.receive(.subscriptionError(channel: "b", status: 401, message: "no")) == [
                refused("b", 401)
            ])
        #expect(scene.session.isSettled)
        #expect(scene.at(9.9) == [])
        #expect(scene.at(10) == [subscribe("b")])
        #expect(
            scene.receive(.subscriptionError(channel: "never", status: 401, message: "no")) == [])
    }

    @Test func `a refusal makes room for the next in line`() {
        var scene = SessionScene(live: "a")
        for number in 0...SubscriptionSet.window { _ = scene.want("c\(number)") }
        #expect(
            scene.receive(.subscriptionError(channel: "c0", status: 403, message: "no")) == [
                refused("c0", 403), subscribe("c100"),
            ])
        _ = scene.want("last")
        _ = scene.drop("c1")
        #expect(
            scene.receive(.subscriptionError(channel: "c1", status: 403, message: "no")) == [
                subscribe("last")
            ])
    }

    // MARK: - Errors that name no channel of their own

    @Test func `an error without a channel is about the only one that is pending`() {
        for code in [nil, 4009] {
            var scene = SessionScene(live: "a")
            _ = scene.want("b")
            #expect(
                scene.err(code) == [
                    .tell(.error(code: code, message: "no")), refused("b", code ?? 401),
                ])
        }
    }

    @Test func `with several pending it is about the one that its words name`() {
        var scene = SessionScene(live: "a")
        for channel in ["presence-bail-1", "presence-bail-12", "presence-bail-2"] {
            _ = scene.want(channel)
        }
        let words = #"Expected HMAC SHA256 hex digest of 1.1:presence-bail-12:{"user_id":"p"}"#
        #expect(
            scene.err(nil, words) == [
                .tell(.error(code: nil, message: words)), refused("presence-bail-12", 401, words),
            ])
    }

    @Test func `who is told that it is subscribed already begins anew`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        _ = scene.want("c")
        let words = "Existing subscription to channel b"
        let undo = UpstreamSession.Action.send(.unsubscribe(channel: "b"))
        #expect(
            scene.err(nil, words) == [
                .tell(.error(code: nil, message: words)), refused("b", 401, words), undo,
            ])
        _ = scene.succeed("c")
        #expect(scene.at(10) == [subscribe("b")])
        // About one that is heard it says nothing new, and nothing about the one that is pending.
        let known = "Existing subscription to channel a."
        #expect(scene.err(nil, known) == [.tell(.error(code: nil, message: known))])
    }

    @Test func `a refusal of what is heard takes it back, so that it can be asked for again`() {
        var scene = SessionScene(live: "a")
        #expect(
            scene.receive(.subscriptionError(channel: "a", status: 403, message: "no")) == [
                refused("a", 403), .send(.unsubscribe(channel: "a")),
            ])
        #expect(scene.at(10) == [subscribe("a")])
    }

    @Test func `where it cannot be told which, the silence will tell`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        _ = scene.want("c")
        #expect(scene.err(4009) == [.tell(.error(code: 4009, message: "no"))])
        let both = "neither b nor c"
        #expect(scene.err(nil, both) == [.tell(.error(code: nil, message: both))])
        #expect(scene.at(10) == [refused("b", 408, Self.silent), refused("c", 408, Self.silent)])
    }

    @Test(arguments: [4301, 4302])
    func `errors of client events and watchlists are about no subscription`(code: Int) {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        #expect(scene.err(code) == [.tell(.error(code: code, message: "no"))])
    }

    @Test func `an abandoned channel's error is nobody's business`() {
        var scene = SessionScene(live: "a")
        _ = scene.want("b")
        _ = scene.drop("b")
        #expect(scene.err(nil) == [.tell(.error(code: nil, message: "no"))])
    }
}
