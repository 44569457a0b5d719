// SPDX-License-Identifier: MIT
import PasserelleNet
@testable import PasserelleUpstream
import Testing

struct SubscriptionSetTests {
    private static let timeout = SubscriptionSet.answerTimeout

    /// Returns a set that requested these channels at second 0.
    private func asked(_ channels: String...) -> SubscriptionSet {
        var set = SubscriptionSet()
        for channel in channels { set.want(channel) }
        #expect(set.takeSendable(now: .zero) == channels)
        return set
    }

    @Test func `a channel is requested once, and subscribed after its answer`() {
        var set = SubscriptionSet()
        set.want("a")
        set.want("a")
        #expect(!set.isSettled)
        #expect(set.takeSendable(now: .zero) == ["a"])
        #expect(set.takeSendable(now: .zero) == [])
        set.want("a")
        #expect(set.takeSendable(now: .zero) == [] && !set.isSettled)
        #expect(set.succeeded("a") == .subscribed)
        #expect(set.live == ["a"] && set.isSettled && set.count == 1)
    }

    @Test(arguments: [99, 100, 101])
    func `at most one window of subscriptions awaits answers`(count: Int) {
        var set = SubscriptionSet()
        let channels = (0..<count).map { "c\($0)" }
        for channel in channels { set.want(channel) }
        let first = set.takeSendable(now: .zero)
        #expect(first == Array(channels.prefix(SubscriptionSet.window)))
        #expect(set.succeeded("c0") == .subscribed)
        #expect(set.takeSendable(now: .zero) == Array(channels.dropFirst(100)))
    }

    @Test func `a channel dropped while queued is never requested`() {
        var set = SubscriptionSet()
        set.want("a")
        set.want("b")
        #expect(set.drop("a") == false)
        #expect(set.takeSendable(now: .zero) == ["b"])
    }

    @Test func `channels that are added and dropped without a request leave no state`() {
        var set = SubscriptionSet()
        for _ in 0..<1_000 {
            set.want("a")
            _ = set.drop("a")
        }
        #expect(set.isSettled && set.count == 0)
        set.want("b")
        set.want("a")
        #expect(set.takeSendable(now: .zero) == ["b", "a"])
    }

    @Test func `only a subscribed channel is unsubscribed at once`() {
        var set = asked("a", "b")
        #expect(set.succeeded("a") == .subscribed)
        #expect(set.drop("a") == true)
        #expect(set.drop("a") == false)
        #expect(set.drop("b") == false)
        #expect(set.drop("never") == false)
        #expect(set.live == [])
    }

    @Test func `a channel dropped while pending is unsubscribed after its answer`() {
        var set = asked("a")
        #expect(set.drop("a") == false)
        #expect(!set.isSettled)
        #expect(set.succeeded("a") == .unsubscribe)
        #expect(set.isSettled && set.count == 0)
    }

    @Test func `a channel wanted again before its answer is not requested twice`() {
        var set = asked("a")
        _ = set.drop("a")
        set.want("a")
        #expect(set.takeSendable(now: .zero) == [])
        #expect(set.succeeded("a") == .subscribed)
    }

    @Test func `a refused abandoned channel is removed`() {
        var set = asked("a")
        _ = set.drop("a")
        #expect(set.refused("a", now: .zero) == .unwantedAndUnsubscribe)
        #expect(set.count == 0 && set.isSettled)
    }

    @Test func `a success for an unwanted channel is undone`() {
        var set = asked("a")
        _ = set.drop("a")
        #expect(set.timePassed(now: Self.timeout) == [])
        #expect(set.count == 0)
        #expect(set.succeeded("a") == .unsubscribe)
        #expect(set.succeeded("never") == .unsubscribe)
    }

    @Test func `a missing answer is a refusal, and is retried`() {
        var set = asked("a", "b")
        #expect(set.succeeded("b") == .subscribed)
        #expect(set.deadline == Self.timeout)
        #expect(set.timePassed(now: Self.timeout - .nanoseconds(1)) == [])
        #expect(set.timePassed(now: Self.timeout) == ["a"])
        #expect(set.isSettled && set.live == ["b"])
        let retry = Self.timeout + SubscriptionSet.backoff.first
        #expect(set.deadline == retry)
        #expect(set.timePassed(now: retry - .nanoseconds(1)) == [])
        #expect(set.takeSendable(now: retry) == [])
        #expect(set.timePassed(now: retry) == [])
        #expect(set.takeSendable(now: retry) == ["a"])
    }

    @Test func `an answer after the timeout still counts`() {
        var set = asked("a")
        #expect(set.timePassed(now: Self.timeout) == ["a"])
        #expect(set.succeeded("a") == .subscribed)
        #expect(set.live == ["a"])
        #expect(set.timePassed(now: .seconds(1_000)) == [])
        #expect(set.takeSendable(now: .seconds(1_000)) == [])
    }

    @Test func `a channel that is answered while queued again is not requested twice`() {
        var set = asked("a")
        _ = set.timePassed(now: Self.timeout)
        _ = set.timePassed(now: Self.timeout + SubscriptionSet.backoff.first)
        #expect(set.succeeded("a") == .subscribed)
        #expect(set.takeSendable(now: .seconds(30)) == [])
        #expect(set.isSettled)
    }

    @Test func `a refused channel is retried after delays that double up to five minutes`() {
        var set = SubscriptionSet()
        set.want("a")
        var refusedAt: Duration = .zero
        var delays: [Duration] = []
        #expect(set.takeSendable(now: .zero) == ["a"])
        for _ in 0..<9 {
            #expect(set.refused("a", now: refusedAt) == .reportedAndUnsubscribe)
            #expect(set.isSettled)
            while let next = set.deadline {
                #expect(set.timePassed(now: next) == [])
                guard set.takeSendable(now: next) == ["a"] else { continue }
                delays.append(next - refusedAt)
                refusedAt = next
                break
            }
        }
        #expect(delays == [10, 20, 40, 80, 160, 300, 300, 300, 300].map { .seconds($0) })
    }

    @Test func `a refusal changes a subscribed channel, but not an unrequested one`() {
        var set = asked("a")
        set.want("b")
        #expect(set.refused("never", now: .zero) == .unwanted)
        #expect(set.succeeded("a") == .subscribed)
        #expect(set.refused("a", now: .zero) == .reportedAndUnsubscribe)
        #expect(set.refused("a", now: .zero) == .reported)
        #expect(set.live == [])
        #expect(set.timePassed(now: SubscriptionSet.backoff.first) == [])
        #expect(set.takeSendable(now: SubscriptionSet.backoff.first) == ["b", "a"])
    }

    @Test func `a refused channel that is dropped is not retried`() {
        var set = asked("a")
        #expect(set.refused("a", now: .zero) == .reportedAndUnsubscribe)
        #expect(set.drop("a") == false)
        #expect(set.timePassed(now: .seconds(1_000)) == [])
        #expect(set.takeSendable(now: .seconds(1_000)) == [])
        #expect(set.deadline == nil)
    }

    @Test func `after a loss exactly the wanted channels are requested again`() {
        var set = asked("live", "refused", "dropped", "pending")
        set.want("queued")
        _ = set.succeeded("live")
        _ = set.refused("refused", now: .zero)
        _ = set.drop("dropped")
        set.lost()
        #expect(set.live == [] && set.deadline == nil && !set.isSettled)
        #expect(
            set.takeSendable(now: .zero).sorted() == ["live", "pending", "queued", "refused"])
    }

    @Test func `ten thousand channels are requested in linear time`() {
        var set = SubscriptionSet()
        let channels = (0..<10_000).map { "presence-bail-\($0)" }
        for channel in channels { set.want(channel) }
        var order: [String] = []
        var pending = set.takeSendable(now: .zero)[...]
        while let next = pending.popFirst() {
            order.append(next)
            _ = set.succeeded(next)
            pending += set.takeSendable(now: .zero)
        }
        #expect(order == channels && set.isSettled)
    }
}
