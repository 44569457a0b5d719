// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The reader behind a poll that waits for news: attached until it answers, or may read no more.
final class PollReader: Reader, Staying {
    private var poll: Poll
    private let desk: Desk
    private weak var connection: HTTPConnection?
    private var timer: TimerToken?
    private var isDone = false
    /// What keeps the poll admitted; `nil` where that does not end.
    private var stay: Stay?

    var cursor: Cursor {
        get { poll.cursor }
        set { poll.cursor = newValue }
    }

    /// Attaches where the poll stands, and answers after `wait` at the latest.
    init(_ poll: Poll, for wait: Duration, desk: Desk, connection: HTTPConnection) {
        self.poll = poll
        self.desk = desk
        self.connection = connection
        desk.hub.attach(self, at: poll.cursor)
        timer = desk.loop.after(wait) { [self] in answer() }
        if !poll.grant.isLasting { stay = desk.door?.waits(self, by: poll.grant) }
    }

    func newsCame(on channel: Channel) {
        guard !isDone, !poll.isUpToDate(at: desk) else { return }
        desk.afterNews { [self] in answer() }
    }

    /// The client left.
    func cancel() {
        guard !isDone else { return }
        release()
    }

    /// Answers with what there is.
    func answer() {
        guard !isDone else { return }
        let answer = poll.answer(at: desk)
        release()
        connection?.answer(answer)
    }

    /// Answers with the refusal that a poll gets which comes now.
    func end(for reason: Denial) {
        guard !isDone else { return }
        release()
        connection?.refuse(.denied(reason))
    }

    private func release() {
        isDone = true
        stay?.end()
        stay = nil
        if let timer { desk.loop.cancel(timer) }
        timer = nil
        desk.hub.detach(self, at: desk.now)
        poll.tellPresence(at: desk)
    }
}
