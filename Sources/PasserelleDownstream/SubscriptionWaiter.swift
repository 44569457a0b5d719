// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Waits until each of some channels is subscribed, or was subscribed before and is known to be
/// unavailable now, so that there is content to answer with.
final class SubscriptionWaiter: AuthorizedReader {
    /// How the wait ended.
    enum Outcome {
        case subscribed([Channel])
        /// Channels refuses one of the channels, which was never subscribed before.
        case refused(channel: String, message: String)
        case timedOut
        /// The limit on held channels is reached, and these channels are not held.
        case hadNoRoom(Refusal)
        /// The reader's authorization was revoked or has expired.
        case denied(Denial)

        /// Determines the outcome for these channels; `nil` if the wait goes on.
        init?(of channels: [Channel]) {
            var isComplete = true
            for channel in channels {
                switch channel.subscription {
                case .live: continue
                case .away where channel.wasSubscribed, .refused where channel.wasSubscribed:
                    continue
                case .refused(_, let message, _, _):
                    self = .refused(channel: channel.name, message: message)
                    return
                case .idle, .pending, .away: isComplete = false
                }
            }
            guard isComplete else { return nil }
            self = .subscribed(channels)
        }
    }

    var cursor = Cursor()
    private let context: DownstreamContext
    private let done: (Outcome) -> Void
    private var timer: TimerToken?
    private var isDone = false

    /// Waits for requested channels that have no outcome yet, for a reader with these user ids;
    /// calls `done` later.
    init(
        context: DownstreamContext, channels: [Channel], for userIDs: [String] = [],
        done: @escaping (Outcome) -> Void
    ) {
        self.context = context
        self.done = done
        let cursor = context.hub.cursor(on: channels, from: .now, wantsSnapshot: false)
        context.hub.attach(self, at: cursor)
        context.streams.users.add(self, of: userIDs)
        timer = context.loop.scheduleTask(in: context.configuration.subscriptionTimeout) { [self] in
            end(outcomeAtLast)
        }
    }

    /// Stops waiting; `done` is not called.
    func cancel() {
        guard !isDone else { return }
        release()
    }

    func updatesAvailable(on channel: Channel) {
        guard outcome != nil else { return }
        context.afterDelivery { [self] in
            if let outcome { end(outcome) }
        }
    }

    /// Stops waiting because the reader is no longer authorized.
    func end(for reason: Denial) {
        end(.denied(reason))
    }

    private var outcome: Outcome? { Outcome(of: cursor.channels) }

    /// The outcome at the time limit; channels that were subscribed before count as available.
    private var outcomeAtLast: Outcome {
        let channels = cursor.channels
        return outcome ?? (channels.allSatisfy(\.wasSubscribed) ? .subscribed(channels) : .timedOut)
    }

    private func end(_ outcome: Outcome) {
        guard !isDone else { return }
        release()
        done(outcome)
    }

    private func release() {
        isDone = true
        if let timer { context.loop.cancel(timer) }
        timer = nil
        context.streams.users.remove(self)
        context.hub.detach(self, at: context.now)
    }
}

extension SubscriptionWaiter.Outcome {
    /// Returns the channels if their content is available; throws a refusal if not.
    func channels() throws(Refusal) -> [Channel] {
        switch self {
        case .subscribed(let channels): return channels
        case .refused(_, let message):
            throw .unavailable(
                "subscription-refused", "Channels refuses the subscription: \(message)",
                retryAfter: 10)
        case .hadNoRoom(let refusal): throw refusal
        case .denied(let reason): throw .denied(reason)
        case .timedOut:
            throw .unavailable(
                "upstream-unavailable",
                "The channel is not subscribed yet: Channels is unavailable.",
                retryAfter: 2)
        }
    }
}
