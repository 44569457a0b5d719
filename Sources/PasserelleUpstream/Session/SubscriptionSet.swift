// SPDX-License-Identifier: MIT

package import PasserelleNet

/// The channels wanted on one connection, and the state of each subscription.
///
/// At most `window` subscriptions await their answer at a time, so a reconnect with thousands of
/// channels neither floods the server nor fills the output queue. The cost of an
/// operation does not depend on the number of channels, except for `lost` and for `timePassed` when
/// a refused channel's delay ends.
package struct SubscriptionSet {
    /// The largest number of subscriptions that await their answer.
    package static let window = 100
    /// The time limit of an answer; hosted errors name no channel, so silence counts as a refusal.
    package static let answerTimeout: Duration = .seconds(10)
    /// The delay before a refused subscription is retried.
    ///
    /// The first equals `answerTimeout`: if the error was about something else, the answer arrives
    /// before the retry.
    package static let backoff = Backoff(first: answerTimeout, longest: .seconds(300))

    private enum State {
        case queued(attempt: Int)
        case pending(since: Duration, attempt: Int)
        /// No longer wanted, but `unsubscribe` must not be sent before the answer.
        case abandoned(since: Duration)
        case live
        case refused(retryAt: Duration, attempt: Int)
    }

    private var states: [String: State] = [:]
    /// The queued channels, in order.
    private var queue = ChannelQueue()
    /// The pending and abandoned channels, at most `window`.
    private var unanswered: Set<String> = []
    /// The refused channels.
    private var refusals: Set<String> = []
    /// The queued and refused channels for which `unsubscribe` was sent after their last
    /// subscription.
    private var unsubscribed: Set<String> = []
    /// The time at which `timePassed` should be called; `nil` if no timer runs.
    ///
    /// It is a lower bound, because it is read after every message. It is recomputed only after it
    /// has passed.
    package private(set) var deadline: Duration?

    /// The number of channels that are wanted or await an answer before `unsubscribe`.
    package var count: Int { states.count }
    /// True if every wanted channel is subscribed or refused, and no request is outstanding.
    package var isSettled: Bool { queue.count == 0 && unanswered.isEmpty }
    /// The subscribed channels, sorted.
    package var live: [String] {
        states.filter { if case .live = $0.value { true } else { false } }.keys.sorted()
    }

    // MARK: - Wanted channels

    /// Adds a channel.
    package mutating func want(_ channel: String) {
        switch states[channel] {
        case nil: put(channel, .queued(attempt: 0))
        case .abandoned(let since): put(channel, .pending(since: since, attempt: 0))
        case .queued, .pending, .live, .refused: break
        }
    }

    /// Removes a channel; returns true if `unsubscribe` must be sent.
    package mutating func drop(_ channel: String) -> Bool {
        switch states[channel] {
        case .live:
            put(channel, nil)
            return true
        case .pending(let since, _):
            put(channel, .abandoned(since: since))
            return false
        case .queued:
            put(channel, nil)
            return false
        case .refused:
            // If it was never answered, the server may still hold a subscription.
            let mayBeSubscribed = !unsubscribed.contains(channel)
            put(channel, nil)
            return mayBeSubscribed
        case .abandoned, nil: return false
        }
    }

    // MARK: - Answers

    /// The consequence of a successful subscription: the channel is subscribed; or it must be
    /// unsubscribed, as it is no longer wanted; or it must be requested again, as `unsubscribe` is
    /// already on its way.
    package enum Answer: Equatable { case subscribed, unsubscribe, retry }

    /// Records a successful subscription, however late it arrives.
    package mutating func succeeded(_ channel: String) -> Answer {
        switch states[channel] {
        case .queued where unsubscribed.contains(channel): return .retry
        case .refused(_, let attempt) where unsubscribed.contains(channel):
            put(channel, .queued(attempt: attempt))
            return .retry
        case .pending, .queued, .refused, .live:
            put(channel, .live)
            return .subscribed
        case .abandoned, nil:
            put(channel, nil)
            return .unsubscribe
        }
    }

    /// The consequence of a refusal: whether to report it, and whether to send `unsubscribe`.
    package struct Refusal: Equatable {
        /// False if the channel is not wanted.
        package let isReported: Bool
        /// True if the server may hold all or part of a subscription: Laravel Reverb keeps the
        /// member if it refuses the subscription with an error.
        package let mustUnsubscribe: Bool

        package static let reported = Refusal(isReported: true, mustUnsubscribe: false)
        package static let reportedAndUnsubscribe = Refusal(isReported: true, mustUnsubscribe: true)
        package static let unwanted = Refusal(isReported: false, mustUnsubscribe: false)
        package static let unwantedAndUnsubscribe = Refusal(
            isReported: false, mustUnsubscribe: true)
    }

    /// Records that Channels refuses a channel, and schedules a retry.
    package mutating func refused(_ channel: String, now: Duration) -> Refusal {
        switch states[channel] {
        case .pending(_, let attempt):
            retryLater(channel, attempt: attempt, now: now)
        case .live:
            retryLater(channel, attempt: 0, now: now)
        case .refused:
            return unsubscribed.insert(channel).inserted ? .reportedAndUnsubscribe : .reported
        case .abandoned:
            put(channel, nil)
            return .unwantedAndUnsubscribe
        case .queued, nil: return .unwanted
        }
        unsubscribed.insert(channel)
        return .reportedAndUnsubscribe
    }

    /// Returns the one pending channel that an error without a channel field refers to.
    ///
    /// It is the only pending channel that the message names. If the message names no channel of
    /// this set, it is the only pending channel. Returns `nil` if the choice is ambiguous.
    package func channel(blamedBy message: String) -> String? {
        let named = Set(ErrorTextParser.names(in: message)).filter { states[$0] != nil }
        let candidates = (named.isEmpty ? unanswered : named).filter(isPending)
        guard candidates.count == 1, !named.isEmpty || unanswered.count == 1 else { return nil }
        return candidates.first
    }

    /// Ends the delay of a refused channel, because the reason of the refusal may be gone.
    package mutating func retry(_ channel: String) {
        guard case .refused(_, let attempt) = states[channel] else { return }
        put(channel, .queued(attempt: attempt))
    }

    /// Returns the channels to subscribe now, and marks them as pending.
    package mutating func takeSendable(now: Duration) -> [String] {
        guard queue.count > 0 else { return [] }
        var sendable: [String] = []
        while unanswered.count < Self.window, let channel = queue.popFirst() {
            guard case .queued(let attempt) = states[channel] else { continue }
            put(channel, .pending(since: now, attempt: attempt))
            time(now + Self.answerTimeout)
            sendable.append(channel)
        }
        return sendable
    }

    /// Returns the channels not answered in time, and queues refused ones if their delay is over.
    package mutating func timePassed(now: Duration) -> [String] {
        guard let passed = deadline, passed <= now else { return [] }
        deadline = nil
        var silent: [String] = []
        for channel in unanswered.sorted() {
            switch states[channel] {
            case .pending(let since, let attempt) where now - since >= Self.answerTimeout:
                retryLater(channel, attempt: attempt, now: now)
                silent.append(channel)
            case .abandoned(let since) where now - since >= Self.answerTimeout: put(channel, nil)
            case .pending(let since, _), .abandoned(let since): time(since + Self.answerTimeout)
            case .queued, .live, .refused, nil: break
            }
        }
        for channel in refusals.sorted() {
            guard case .refused(let retryAt, let attempt) = states[channel] else { continue }
            if retryAt <= now {
                put(channel, .queued(attempt: attempt))
            } else {
                time(retryAt)
            }
        }
        return silent
    }

    /// Records the loss of the connection: every wanted channel is queued for the next one.
    package mutating func lost() {
        let wanted = states.filter { if case .abandoned = $0.value { false } else { true } }
        self = SubscriptionSet()
        for channel in wanted.keys.sorted() { put(channel, .queued(attempt: 0)) }
    }

    // MARK: - State changes

    /// Changes a channel's state and the indexes over it; the only place that does.
    private mutating func put(_ channel: String, _ state: State?) {
        switch states[channel] {
        case .queued: queue.remove(channel)
        case .pending, .abandoned: unanswered.remove(channel)
        case .refused: refusals.remove(channel)
        case .live, nil: break
        }
        states[channel] = state
        switch state {
        case .queued, .refused: break
        case .pending, .abandoned, .live, nil: unsubscribed.remove(channel)
        }
        switch state {
        case .queued: queue.append(channel)
        case .pending, .abandoned: unanswered.insert(channel)
        case .refused: refusals.insert(channel)
        case .live, nil: break
        }
    }

    private func isPending(_ channel: String) -> Bool {
        if case .pending = states[channel] { true } else { false }
    }

    private mutating func retryLater(_ channel: String, attempt: Int, now: Duration) {
        let delay = Self.backoff.delay(failures: attempt + 1)
        put(channel, .refused(retryAt: now + delay, attempt: attempt + 1))
        time(now + delay)
    }

    private mutating func time(_ candidate: Duration) {
        deadline = min(deadline ?? candidate, candidate)
    }
}
