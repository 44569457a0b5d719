// SPDX-License-Identifier: MIT

/// Which channels are to be subscribed on one connection, and how far each has come.
///
/// At most `window` subscriptions await their answer at a time, so that a reconnect with thousands
/// of channels neither floods the server nor fills our own output.
package struct SubscriptionSet {
    /// Subscriptions that may await their answer at a time.
    package static let window = 100
    /// How long an answer may take: hosted errors name no channel, so silence is a refusal.
    package static let answerTimeout: Duration = .seconds(10)
    /// The first delay before a refused subscription is tried again; it doubles up to `longestRetry`.
    package static let firstRetry: Duration = .seconds(5)
    package static let longestRetry: Duration = .seconds(300)

    private enum State {
        case queued(attempt: Int)
        case pending(since: Duration, attempt: Int)
        /// No longer wanted, but the answer must come before `unsubscribe` may be sent.
        case abandoned(since: Duration)
        case live
        case refused(retryAt: Duration, attempt: Int)
    }

    private var states: [String: State] = [:]
    private var queue: [String] = []
    private var pendingCount = 0
    /// When `timePassed` may have something to do, at the latest; `nil` while nothing is timed.
    ///
    /// Kept as a lower bound, since it is asked after every message: it is found anew only when it
    /// has passed.
    package private(set) var deadline: Duration?

    package init() {}

    /// How many channels are wanted or still being let go.
    package var count: Int { states.count }
    /// True when every wanted channel is heard or refused: nothing is under way.
    package var isSettled: Bool { queue.isEmpty && pendingCount == 0 }
    /// The channels that are heard.
    package var live: [String] {
        states.filter { if case .live = $0.value { true } else { false } }.keys.sorted()
    }

    /// Notes that a channel is wanted.
    package mutating func want(_ channel: String) {
        switch states[channel] {
        case nil: enqueue(channel, attempt: 0)
        case .abandoned(let since): states[channel] = .pending(since: since, attempt: 0)
        case .queued, .pending, .live, .refused: break
        }
    }

    /// Notes that a channel is no longer wanted; answers whether `unsubscribe` is to be sent.
    package mutating func drop(_ channel: String) -> Bool {
        switch states[channel] {
        case .live:
            states[channel] = nil
            return true
        case .pending(let since, _):
            states[channel] = .abandoned(since: since)
            return false
        case .queued, .refused:
            states[channel] = nil
            return false
        case .abandoned, nil: return false
        }
    }

    /// What an answer to a subscription means.
    package enum Answer: Equatable { case heard, unsubscribe, unasked }

    /// Notes that Channels subscribed us.
    package mutating func succeeded(_ channel: String) -> Answer {
        switch states[channel] {
        case .pending:
            pendingCount -= 1
            states[channel] = .live
            return .heard
        case .live: return .heard
        case .abandoned:
            pendingCount -= 1
            states[channel] = nil
            return .unsubscribe
        case .queued, .refused:
            states[channel] = .live
            return .heard
        case nil: return .unasked
        }
    }

    /// Notes that Channels refuses a channel; answers whether it was wanted.
    package mutating func refused(_ channel: String, now: Duration) -> Bool {
        switch states[channel] {
        case .pending(_, let attempt):
            pendingCount -= 1
            retryLater(channel, attempt: attempt, now: now)
            return true
        case .live:
            retryLater(channel, attempt: 0, now: now)
            return true
        case .abandoned:
            pendingCount -= 1
            states[channel] = nil
            return false
        case .queued, .refused, nil: return false
        }
    }

    /// The one channel that an error without a channel can be about, if there is just one.
    package func suspect(in message: String) -> String? {
        let pending = states.compactMap { entry -> String? in
            if case .pending = entry.value { entry.key } else { nil }
        }
        if pending.count == 1 { return pending.first }
        let named = pending.filter { message.contains($0) }
        return named.count == 1 ? named.first : nil
    }

    /// The channels whose subscription is to be sent now; they count as pending from here on.
    package mutating func takeSendable(now: Duration) -> [String] {
        var sendable: [String] = []
        var taken = 0
        for channel in queue {
            guard pendingCount < Self.window else { break }
            taken += 1
            guard case .queued(let attempt) = states[channel] else { continue }
            states[channel] = .pending(since: now, attempt: attempt)
            pendingCount += 1
            time(now + Self.answerTimeout)
            sendable.append(channel)
        }
        queue.removeFirst(taken)
        return sendable
    }

    /// Notes the time; answers the channels whose answer did not come.
    ///
    /// Refused ones whose delay is over are queued again.
    package mutating func timePassed(now: Duration) -> [String] {
        var silent: [String] = []
        for (channel, state) in states {
            switch state {
            case .pending(let since, let attempt) where now - since >= Self.answerTimeout:
                pendingCount -= 1
                retryLater(channel, attempt: attempt, now: now)
                silent.append(channel)
            case .abandoned(let since) where now - since >= Self.answerTimeout:
                pendingCount -= 1
                states[channel] = nil
            case .refused(let retryAt, let attempt) where now >= retryAt:
                enqueue(channel, attempt: attempt)
            case .queued, .pending, .abandoned, .live, .refused: break
            }
        }
        deadline = nil
        for state in states.values {
            switch state {
            case .pending(let since, _), .abandoned(let since): time(since + Self.answerTimeout)
            case .refused(let retryAt, _): time(retryAt)
            case .queued, .live: break
            }
        }
        return silent.sorted()
    }

    private mutating func time(_ candidate: Duration) {
        deadline = min(deadline ?? candidate, candidate)
    }

    /// Notes that the connection is gone: everything wanted starts anew on the next one.
    package mutating func lost() {
        let wanted = states.filter { if case .abandoned = $0.value { false } else { true } }
        self = SubscriptionSet()
        for channel in wanted.keys.sorted() { enqueue(channel, attempt: 0) }
    }

    private mutating func enqueue(_ channel: String, attempt: Int) {
        states[channel] = .queued(attempt: attempt)
        queue.append(channel)
    }

    private mutating func retryLater(_ channel: String, attempt: Int, now: Duration) {
        let delay = min(Self.longestRetry, Self.firstRetry * (1 << min(attempt, 6)))
        states[channel] = .refused(retryAt: now + delay, attempt: attempt + 1)
        time(now + delay)
    }
}
