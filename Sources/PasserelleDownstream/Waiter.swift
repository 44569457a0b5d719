// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Waits until each of some channels is heard, or is known not to be but was, so that there is
/// something to answer with.
final class Waiter: Reader {
    /// How the waiting ended.
    enum Outcome {
        case heard([Channel])
        /// Channels refuses one of the channels and none of them was heard before.
        case refused(channel: String, message: String)
        case timedOut
        /// As many channels are held as may be, and these are not among them.
        case hadNoRoom

        /// How waiting for these channels ends now; `nil` where it goes on.
        init?(of channels: [Channel]) {
            var isComplete = true
            for channel in channels {
                switch channel.subscription {
                case .live: continue
                case .away where channel.wasHeard, .refused where channel.wasHeard: continue
                case .refused(_, let message, _, _):
                    self = .refused(channel: channel.name, message: message)
                    return
                case .idle, .pending, .away: isComplete = false
                }
            }
            guard isComplete else { return nil }
            self = .heard(channels)
        }
    }

    var cursor = Cursor()
    private let desk: Desk
    private let done: (Outcome) -> Void
    private var timer: TimerToken?
    private var isDone = false

    /// Waits for channels that were asked for and of which there is no outcome yet; `done` comes
    /// later.
    init(desk: Desk, channels: [Channel], done: @escaping (Outcome) -> Void) {
        self.desk = desk
        self.done = done
        let cursor = desk.hub.cursor(on: channels, from: .now, wantsSnapshot: false)
        desk.hub.attach(self, at: cursor)
        timer = desk.loop.after(desk.configuration.patience) { [self] in end(outcomeAtLast) }
    }

    /// Waits no longer; `done` is not called.
    func cancel() {
        guard !isDone else { return }
        release()
    }

    func newsCame(on channel: Channel) {
        guard outcome != nil else { return }
        desk.afterNews { [self] in
            if let outcome { end(outcome) }
        }
    }

    private var outcome: Outcome? { Outcome(of: cursor.channels) }

    /// Where patience has run out, what was heard before has to do.
    private var outcomeAtLast: Outcome {
        let channels = cursor.channels
        return outcome ?? (channels.allSatisfy(\.wasHeard) ? .heard(channels) : .timedOut)
    }

    private func end(_ outcome: Outcome) {
        guard !isDone else { return }
        release()
        done(outcome)
    }

    private func release() {
        isDone = true
        if let timer { desk.loop.cancel(timer) }
        timer = nil
        desk.hub.detach(self, at: desk.now)
    }
}

extension Desk {
    /// Asks for channels; calls `done` at once where nothing is to wait for, else later.
    ///
    /// Never while the hub tells its news. Gives what waits, which can be told to wait no longer.
    func whenHeard(_ names: [String], _ done: @escaping (Waiter.Outcome) -> Void) -> Waiter? {
        guard hasRoom(for: names) else {
            done(.hadNoRoom)
            return nil
        }
        let channels = ask(for: names)
        guard let outcome = Waiter.Outcome(of: channels) else {
            return Waiter(desk: self, channels: channels, done: done)
        }
        done(outcome)
        return nil
    }

    /// Refuses channels that are not held where as many are as may be.
    func checkRoom(for names: [String]) throws(Refusal) {
        guard hasRoom(for: names) else { throw .noRoomForChannels }
    }

    private func hasRoom(for names: [String]) -> Bool {
        let new = names.count { hub.channel($0) == nil }
        return new == 0 || hub.channels.count + new <= quotas.limits.heldChannels
    }

    /// Asks for channels, which may have been heard or not.
    func ask(for names: [String]) -> [Channel] {
        let now = now
        return names.map { hub.asked(for: $0, at: now) }
    }
}

extension Waiter.Outcome {
    /// The channels that there is something to tell of; refuses where there is none.
    func channels() throws(Refusal) -> [Channel] {
        switch self {
        case .heard(let channels): return channels
        case .refused(_, let message):
            throw .unavailable(
                "subscription-refused", "Channels refuses the subscription: \(message)",
                retryAfter: 10)
        case .hadNoRoom: throw .noRoomForChannels
        case .timedOut:
            throw .unavailable(
                "upstream-unavailable", "The channel has not been heard yet: Channels is away.",
                retryAfter: 2)
        }
    }
}

extension Refusal {
    /// 503: nobody new is heard of until some channel is given up.
    fileprivate static var noRoomForChannels: Refusal {
        var refusal = unavailable(
            "too-many-channels", "The gateway holds as many channels as it may; come back.",
            retryAfter: 5 + Int(Random.uint32() % 10))
        refusal.limit = .heldChannels
        return refusal
    }
}
