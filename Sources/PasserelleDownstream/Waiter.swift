// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Waits until each of some channels is heard, or is known not to be but was, so that there is
/// something to answer with.
final class Waiter: Reader {
    /// How the waiting ended.
    enum Outcome: Equatable {
        case heard
        /// Channels refuses one of the channels and none of them was heard before.
        case refused(channel: String, message: String)
        case timedOut
    }

    var cursor = Cursor()
    private let desk: Desk
    private let done: (Outcome) -> Void
    private var timer: TimerToken?
    private(set) var isDone = false

    /// Starts waiting; `done` is called at once where nothing is to wait for, else later, and never
    /// while the hub tells its news.
    @discardableResult
    init(desk: Desk, channels: [String], done: @escaping (Outcome) -> Void) {
        self.desk = desk
        self.done = done
        desk.hub.attach(self, to: channels, from: .now, wantsSnapshot: false, at: desk.now)
        if let outcome {
            end(outcome)
            return
        }
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

    private var outcome: Outcome? {
        var isComplete = true
        for channel in cursor.channels {
            switch channel.subscription {
            case .live: continue
            case .away where channel.wasHeard, .refused where channel.wasHeard: continue
            case .refused(_, let message, _, _):
                return .refused(channel: channel.name, message: message)
            case .idle, .pending, .away: isComplete = false
            }
        }
        return isComplete ? .heard : nil
    }

    /// Where patience has run out, what was heard before has to do.
    private var outcomeAtLast: Outcome {
        outcome ?? (cursor.channels.allSatisfy(\.wasHeard) ? .heard : .timedOut)
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
