// SPDX-License-Identifier: MIT
import PasserelleHTTP
import Testing

@testable import PasserelleSandbox

struct WebhookTests {
    private func fixture() -> AppFixture {
        var fixture = AppFixture {
            $0.webhook = WebAddress(isTLS: false, host: "localhost", port: 80)
            $0.subscriptionCounts = true
        }
        for id in 1...3 { fixture.connect(id) }
        return fixture
    }

    private func hooks(_ output: [String]) -> [String] {
        output.filter { $0.hasPrefix("hook ") }.map { String($0.dropFirst(5)) }
    }

    @Test func `occupation is reported at once, a departure three seconds later`() {
        var fixture = fixture()
        #expect(
            hooks(fixture.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)) == [
                #"{"name":"channel_occupied","channel":"presence-x"}"#,
                #"{"name":"member_added","channel":"presence-x","user_id":"u"}"#,
            ])
        #expect(hooks(fixture.subscribe(2, "presence-x", data: #"{"user_id":"u"}"#)) == [])
        #expect(hooks(fixture.lose(1)) == [])
        #expect(hooks(fixture.lose(2)) == [])
        #expect(fixture.pass(.milliseconds(2999)) == [])
        #expect(
            hooks(fixture.pass(.milliseconds(1))) == [
                #"{"name":"member_removed","channel":"presence-x","user_id":"u"}"#,
                #"{"name":"channel_vacated","channel":"presence-x"}"#,
            ])
    }

    @Test func `a client that returns in time is not reported as absent`() {
        var fixture = fixture()
        fixture.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
        fixture.lose(1)
        fixture.now += .seconds(2)
        let output = fixture.subscribe(2, "presence-x", data: #"{"user_id":"u"}"#)
        #expect(hooks(output) == [])
        #expect(fixture.pass(.seconds(10)) == [])
        fixture.lose(2)
        fixture.lose(3)
        #expect(fixture.app.needsTime)
        #expect(hooks(fixture.pass(.seconds(3))).count == 2)
        #expect(!fixture.app.needsTime)
    }

    @Test func `client events and counts are reported`() {
        var fixture = fixture()
        #expect(
            hooks(fixture.subscribe(1, "private-x")) == [
                #"{"name":"channel_occupied","channel":"private-x"}"#,
                #"{"name":"subscription_count","channel":"private-x","subscription_count":1}"#,
            ])
        #expect(
            hooks(fixture.send(1, #"{"event":"client-e","channel":"private-x","data":{"a": 1}}"#))
                == [
                    #"{"name":"client_event","channel":"private-x","event":"client-e","#
                        + #""data":{"a": 1},"socket_id":"1.1"}"#
                ])
        fixture.subscribe(1, "presence-x", data: #"{"user_id":"u"}"#)
        #expect(
            hooks(fixture.send(1, #"{"event":"client-e","channel":"presence-x","data":"s"}"#)) == [
                #"{"name":"client_event","channel":"presence-x","event":"client-e","#
                    + #""data":"s","socket_id":"1.1","user_id":"u"}"#
            ])
    }

    @Test func `without a webhook no event is reported or queued`() {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(hooks(fixture.subscribe(1, "pub")) == [])
        fixture.lose(1)
        #expect(!fixture.app.needsTime)
    }

    // MARK: Outbox

    @Test func `bodies are sent one at a time, in order`() {
        var outbox = outbox(of: 2)
        var sent = [outbox.next(now: .zero), outbox.next(now: .zero)]
        #expect(outbox.nextDue == nil)
        let isKept = outbox.answered(status: 204, now: .zero)
        sent.append(outbox.next(now: .zero))
        _ = outbox.answered(status: 200, now: .zero)
        #expect(sent == [[0], nil, [1]])
        #expect(isKept)
        #expect(outbox.nextDue == nil)
    }

    @Test func `a failed body does not delay the others and is retried with growing delays`() {
        var outbox = outbox(of: 2)
        var sent = [outbox.next(now: .zero)]
        _ = outbox.answered(status: 500, now: .zero)
        sent.append(outbox.next(now: .zero))
        _ = outbox.answered(status: 299, now: .zero)
        #expect(sent == [[0], [1]])
        var now = Duration.zero
        var delays: [Int64] = []
        var isKept = true
        while let due = outbox.nextDue {
            let early = outbox.next(now: due - .nanoseconds(1))
            let onTime = outbox.next(now: due)
            #expect(early == nil)
            #expect(onTime == [0])
            delays.append((due - now).components.seconds)
            now = due
            isKept = outbox.answered(status: nil, now: now)
        }
        #expect(delays == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(!isKept)
        #expect(now <= WebhookOutbox.lifetime)
    }

    @Test func `the outbox is bounded`() {
        var outbox = outbox(of: WebhookOutbox.limit - 1)
        let taken = [outbox.add([], now: .zero), outbox.add([], now: .zero)]
        #expect(taken == [true, false])
    }

    private func outbox(of count: Int) -> WebhookOutbox {
        var outbox = WebhookOutbox()
        for number in 0..<count { _ = outbox.add([UInt8(number % 256)], now: .zero) }
        return outbox
    }
}
