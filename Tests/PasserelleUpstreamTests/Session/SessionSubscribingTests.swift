// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests the subscriptions on one connection, and the answers to them.
struct SessionSubscribingTests {
    private static let silent = "no answer to the subscription"

    private func subscribe(_ channel: String) -> UpstreamSession.Action {
        .subscribe(channel: channel, socketID: "1.1")
    }

    private func refused(
        _ channel: String, _ status: Int, _ message: String = "no"
    ) -> UpstreamSession.Action {
        .deliver(.refused(channel: channel, status: status, message: message))
    }

    private func unsubscribe(_ channel: String) -> UpstreamSession.Action {
        .send(.unsubscribe(channel: channel))
    }

    @Test func `channels are subscribed on demand and unsubscribed without readers`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.want("a") == [])
        #expect(fixture.drop("a") == [.send(.unsubscribe(channel: "a"))])
        #expect(fixture.drop("a") == [])
        #expect(fixture.want("a") == [subscribe("a")])
    }

    @Test func `a channel dropped while pending is unsubscribed after its answer`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.want("b") == [subscribe("b")])
        #expect(fixture.drop("b") == [])
        #expect(fixture.succeed("b") == [.send(.unsubscribe(channel: "b"))])
        #expect(fixture.session.isSettled)
    }

    @Test func `a channel dropped and wanted again before its answer is subscribed`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(fixture.drop("b") == [] && fixture.want("b") == [])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
    }

    @Test func `an unrequested subscription is ended`() {
        var fixture = SessionFixture(live: "a")
        #expect(fixture.succeed("x") == [.send(.unsubscribe(channel: "x"))])
    }

    @Test func `after a loss every channel is subscribed with the new socket id`() {
        var fixture = SessionFixture(live: "a", "b")
        _ = fixture.want("pending")
        _ = fixture.want("dropped")
        _ = fixture.drop("dropped")
        _ = fixture.closed(4200)
        #expect(fixture.drop("b") == [])
        _ = fixture.at(0)
        #expect(
            fixture.establish("2.2") == [
                .deliver(.established(socketID: "2.2")), .subscribe(channel: "a", socketID: "2.2"),
                .subscribe(channel: "pending", socketID: "2.2"),
            ])
    }

    @Test func `a missing answer is reported as a refusal, and retried later`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(fixture.session.deadline == .seconds(10))
        #expect(fixture.at(9.9) == [])
        #expect(fixture.at(10) == [refused("b", 408, Self.silent)])
        #expect(fixture.at(20) == [subscribe("b")])
        #expect(fixture.at(30) == [refused("b", 408, Self.silent)])
        #expect(fixture.at(49.9) == [])
        #expect(fixture.at(50) == [subscribe("b")])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
    }

    @Test func `a refusal that names its channel is reported and retried`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(
            fixture.receive(.subscriptionError(channel: "b", status: 401, message: "no")) == [
                unsubscribe("b"), refused("b", 401),
            ])
        #expect(fixture.session.isSettled)
        #expect(fixture.at(9.9) == [])
        #expect(fixture.at(10) == [subscribe("b")])
        #expect(
            fixture.receive(.subscriptionError(channel: "never", status: 401, message: "no")) == [])
    }

    @Test func `a refusal lets the next queued channel be subscribed`() {
        var fixture = SessionFixture(live: "a")
        for number in 0...SubscriptionSet.window { _ = fixture.want("c\(number)") }
        #expect(
            fixture.receive(.subscriptionError(channel: "c0", status: 403, message: "no")) == [
                unsubscribe("c0"), refused("c0", 403), subscribe("c100"),
            ])
        _ = fixture.want("last")
        _ = fixture.drop("c1")
        #expect(
            fixture.receive(.subscriptionError(channel: "c1", status: 403, message: "no")) == [
                unsubscribe("c1"), subscribe("last"),
            ])
    }

    // MARK: - Errors without a channel field

    @Test func `an error without a channel refers to the only pending one`() {
        for code in [nil, 4009] {
            var fixture = SessionFixture(live: "a")
            _ = fixture.want("b")
            #expect(
                fixture.err(code) == [
                    .deliver(.error(code: code, message: "no")), unsubscribe("b"),
                    refused("b", code ?? 401),
                ])
        }
    }

    @Test func `with several pending channels, an error refers to the one it names`() {
        var fixture = SessionFixture(live: "a")
        for channel in ["presence-bail-1", "presence-bail-12", "presence-bail-2"] {
            _ = fixture.want(channel)
        }
        let words = #"Expected HMAC SHA256 hex digest of 1.1:presence-bail-12:{"user_id":"p"}"#
        #expect(
            fixture.err(nil, words) == [
                .deliver(.error(code: nil, message: words)), unsubscribe("presence-bail-12"),
                refused("presence-bail-12", 401, words),
            ])
    }

    @Test func `an error about an existing subscription subscribes the channel again`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.want("c")
        let words = "Existing subscription to channel b"
        #expect(
            fixture.err(nil, words) == [
                .deliver(.error(code: nil, message: words)), unsubscribe("b"),
                refused("b", 401, words),
            ])
        _ = fixture.succeed("c")
        #expect(fixture.at(10) == [subscribe("b")])
        // An error about a subscribed channel changes neither it nor the pending one.
        let known = "Existing subscription to channel a."
        #expect(fixture.err(nil, known) == [.deliver(.error(code: nil, message: known))])
    }

    @Test func `a refusal of a subscribed channel ends the subscription, and it is retried`() {
        var fixture = SessionFixture(live: "a")
        #expect(
            fixture.receive(.subscriptionError(channel: "a", status: 403, message: "no")) == [
                unsubscribe("a"), refused("a", 403),
            ])
        #expect(fixture.at(10) == [subscribe("a")])
    }

    @Test func `an ambiguous error refuses no channel until the timeout`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.want("c")
        #expect(fixture.err(4009) == [.deliver(.error(code: 4009, message: "no"))])
        let both = "neither b nor c"
        #expect(fixture.err(nil, both) == [.deliver(.error(code: nil, message: both))])
        #expect(fixture.at(10) == [refused("b", 408, Self.silent), refused("c", 408, Self.silent)])
    }

    @Test(arguments: [4201, 4202, 4302])
    func `errors about the connection or a watchlist refer to no subscription`(code: Int) {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(fixture.err(code) == [.deliver(.error(code: code, message: "no"))])
    }

    // MARK: - After a refusal

    @Test func `an unsubscription is sent before the report of the refusal`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        let refusal = ServerMessage.subscriptionError(channel: "b", status: 403, message: "full")
        // The receiver of the report may subscribe another user between the two actions.
        #expect(fixture.receive(refusal) == [unsubscribe("b"), refused("b", 403, "full")])
        #expect(fixture.drop("b") == [])
        #expect(fixture.want("b") == [subscribe("b")])
    }

    @Test func `a channel is requested again if its success crosses the unsubscription`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(fixture.err(4200).contains(unsubscribe("b")))
        // The error was about something else: the server subscribes, and then unsubscribes.
        #expect(fixture.succeed("b") == [subscribe("b")])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
    }

    @Test func `a crossing success does not count while the channel is queued`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.receive(.subscriptionError(channel: "b", status: 403, message: "no"))
        for number in 0..<SubscriptionSet.window { _ = fixture.want("c\(number)") }
        // The window is full of late channels, so b waits in the queue.
        #expect(fixture.succeed("b") == [])
        #expect(fixture.succeed("c0").contains(subscribe("b")))
    }

    @Test func `the answer to an unneeded unsubscription is ignored`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.receive(.subscriptionError(channel: "b", status: 403, message: "no"))
        _ = fixture.drop("b")
        #expect(fixture.want("b") == [subscribe("b")])
        #expect(
            fixture.err(nil, "No current subscription to channel b, or subscription in progress")
                == [])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
    }

    @Test func `an unanswered channel is unsubscribed when it is dropped`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(fixture.at(10) == [refused("b", 408, Self.silent)])
        #expect(fixture.drop("b") == [unsubscribe("b")])
        #expect(fixture.succeed("b") == [unsubscribe("b")])
    }

    @Test func `a repeated refusal is unsubscribed once`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        let refusal = ServerMessage.subscriptionError(channel: "b", status: 403, message: "no")
        #expect(fixture.receive(refusal) == [unsubscribe("b"), refused("b", 403)])
        #expect(fixture.receive(refusal) == [refused("b", 403)])
        #expect(fixture.drop("b") == [])
    }

    @Test func `a refused channel can be requested before its delay ends`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.receive(.subscriptionError(channel: "b", status: 403, message: "no"))
        #expect(fixture.session.retry("b", now: fixture.now) == [subscribe("b")])
        #expect(fixture.session.retry("b", now: fixture.now) == [])
        #expect(fixture.session.retry("a", now: fixture.now) == [])
        #expect(fixture.session.retry("never", now: fixture.now) == [])
        // The delay grows nevertheless.
        _ = fixture.receive(.subscriptionError(channel: "b", status: 403, message: "no"))
        #expect(fixture.at(19.9) == [])
        #expect(fixture.at(20) == [subscribe("b")])
    }

    // MARK: - Client events

    @Test(
        arguments: [
            (4301, "slow down"), (4301, "b: The app does not have client messaging enabled."),
            (nil, "Client event rejected - b is no private channel"),
            (nil, "To send client events, you must enable this feature in the Settings page."),
            (4009, "The client is not a member of the specified channel."),
        ] as [(Int?, String)])
    func `a refused client event is reported as such, and refers to no subscription`(
        code: Int?, words: String
    ) {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        #expect(
            fixture.err(code, words) == [.deliver(.clientEventRefused(code: code, message: words))])
        #expect(fixture.succeed("b") == [.deliver(.subscribed(channel: "b", members: nil))])
    }

    @Test func `an error soon after a client event is its refusal if no request is pending`() {
        var fixture = SessionFixture(live: "a")
        fixture.session.sentClientEvent(now: fixture.now)
        let refusal = UpstreamSession.Action.deliver(
            .clientEventRefused(code: 4200, message: "Invalid message format"))
        #expect(fixture.err(4200, "Invalid message format") == [refusal])
        let error = UpstreamSession.Action.deliver(
            .error(code: 4200, message: "Invalid message format"))
        #expect(fixture.err(4200, "Invalid message format") == [error])
        fixture.session.sentClientEvent(now: fixture.now)
        _ = fixture.at(5)
        #expect(fixture.err(4200, "Invalid message format") == [error])
    }

    @Test func `an error about an abandoned channel refuses no channel`() {
        var fixture = SessionFixture(live: "a")
        _ = fixture.want("b")
        _ = fixture.drop("b")
        #expect(fixture.err(nil) == [.deliver(.error(code: nil, message: "no"))])
    }
}
