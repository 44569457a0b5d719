// SPDX-License-Identifier: MIT

/// Which channels are to be subscribed on one connection, and how far each has come.
///
/// At most `window` subscriptions await their answer at a time, so that a reconnect with thousands
/// of channels neither floods the server nor fills our own output. Only `lost` and the end of a
/// refused channel's delay cost more than a few steps, however many channels there are.
package struct SubscriptionSet {
    /// Subscriptions that may await their answer at a time.
    package static let window = 100
    /// How long an answer may take: hosted errors name no channel, so silence is a refusal.
    package static let answerTimeout: Duration = .seconds(10)
    /// The first delay before a refused subscription is tried again; it doubles each time.
    ///
    /// As long as an answer may take: where the error was about something else, the answer comes
    /// before the second question.
    package static let firstRetry: Duration = answerTimeout
    /// The longest delay before a refused subscription is tried again.
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
    /// Those that are queued, in their order.
    private var queue = ChannelQueue()
    /// Those that are pending or abandoned: at most `window`.
    private var asked: Set<String> = []
    /// Those that are refused.
    private var refusals: Set<String> = []
    /// When `timePassed` may have something to do, at the latest; `nil` while nothing is timed.
    ///
    /// Kept as a lower bound, since it is asked after every message: it is found anew only when it
    /// has passed.
    package private(set) var deadline: Duration?

    /// A set that wants nothing.
    package init() {}

    /// How many channels are wanted or still being let go.
    package var count: Int { states.count }
    /// True when every wanted channel is heard or refused: nothing is under way.
    package var isSettled: Bool { queue.count == 0 && asked.isEmpty }
    /// The channels that are heard.
    package var live: [String] {
        states.filter { if case .live = $0.value { true } else { false } }.keys.sorted()
    }

    // MARK: - What is wanted

    /// Notes that a channel is wanted.
    package mutating func want(_ channel: String) {
        switch states[channel] {
        case nil: put(channel, .queued(attempt: 0))
        case .abandoned(let since): put(channel, .pending(since: since, attempt: 0))
        case .queued, .pending, .live, .refused: break
        }
    }

    /// Notes that a channel is no longer wanted; answers whether `unsubscribe` is to be sent.
    package mutating func drop(_ channel: String) -> Bool {
        switch states[channel] {
        case .live:
            put(channel, nil)
            return true
        case .pending(let since, _):
            put(channel, .abandoned(since: since))
            return false
        case .queued, .refused:
            put(channel, nil)
            return false
        case .abandoned, nil: return false
        }
    }

    // MARK: - What happened

    /// What an answer to a subscription means: a channel is heard, or is to be unsubscribed since
    /// nobody wants it any more.
    package enum Answer: Equatable { case heard, unsubscribe }

    /// Notes that Channels subscribed us, however late.
    package mutating func succeeded(_ channel: String) -> Answer {
        switch states[channel] {
        case .pending, .queued, .refused, .live:
            put(channel, .live)
            return .heard
        case .abandoned, nil:
            put(channel, nil)
            return .unsubscribe
        }
    }

    /// What a refusal means: it is to be told, or is about a channel that was heard, which is to be
    /// unsubscribed too so that both sides know where they are, or nobody wants the channel.
    package enum Refusal: Equatable { case told, toldAndUnsubscribe, unwanted }

    /// Notes that Channels refuses a channel, which is asked for again later.
    package mutating func refused(_ channel: String, now: Duration) -> Refusal {
        switch states[channel] {
        case .pending(_, let attempt):
            retryLater(channel, attempt: attempt, now: now)
            return .told
        case .live:
            retryLater(channel, attempt: 0, now: now)
            return .toldAndUnsubscribe
        case .refused: return .told
        case .abandoned:
            put(channel, nil)
            return .unwanted
        case .queued, nil: return .unwanted
        }
    }

    /// The one pending channel that an error without a channel is about, where that can be told.
    ///
    /// It is the only one that the words name or, if they name none of ours, the only one there is.
    package func suspect(in message: String) -> String? {
        let named = Set(ErrorWords.names(in: message)).filter { states[$0] != nil }
        let candidates = (named.isEmpty ? asked : named).filter(isPending)
        guard candidates.count == 1, !named.isEmpty || asked.count == 1 else { return nil }
        return candidates.first
    }

    /// The channels whose subscription is to be sent now; they count as pending from here on.
    package mutating func takeSendable(now: Duration) -> [String] {
        guard queue.count > 0 else { return [] }
        var sendable: [String] = []
        while asked.count < Self.window, let channel = queue.popFirst() {
            guard case .queued(let attempt) = states[channel] else { continue }
            put(channel, .pending(since: now, attempt: attempt))
            time(now + Self.answerTimeout)
            sendable.append(channel)
        }
        return sendable
    }

    /// Notes the time; answers the channels whose answer did not come.
    ///
    /// Refused ones whose delay is over are queued again.
    package mutating func timePassed(now: Duration) -> [String] {
        guard let passed = deadline, passed <= now else { return [] }
        deadline = nil
        var silent: [String] = []
        for channel in asked.sorted() {
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

    /// Notes that the connection is gone: everything wanted starts anew on the next one.
    package mutating func lost() {
        let wanted = states.filter { if case .abandoned = $0.value { false } else { true } }
        self = SubscriptionSet()
        for channel in wanted.keys.sorted() { put(channel, .queued(attempt: 0)) }
    }

    // MARK: - Inside

    /// The one place where a channel's state changes, and with it where it is to be found.
    private mutating func put(_ channel: String, _ state: State?) {
        switch states[channel] {
        case .queued: queue.remove(channel)
        case .pending, .abandoned: asked.remove(channel)
        case .refused: refusals.remove(channel)
        case .live, nil: break
        }
        states[channel] = state
        switch state {
        case .queued: queue.append(channel)
        case .pending, .abandoned: asked.insert(channel)
        case .refused: refusals.insert(channel)
        case .live, nil: break
        }
    }

    private func isPending(_ channel: String) -> Bool {
        if case .pending = states[channel] { true } else { false }
    }

    private mutating func retryLater(_ channel: String, attempt: Int, now: Duration) {
        let delay = min(Self.longestRetry, Self.firstRetry * (1 << min(attempt, 6)))
        put(channel, .refused(retryAt: now + delay, attempt: attempt + 1))
        time(now + delay)
    }

    private mutating func time(_ candidate: Duration) {
        deadline = min(deadline ?? candidate, candidate)
    }
}
