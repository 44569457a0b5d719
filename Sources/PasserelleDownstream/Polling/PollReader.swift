// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The reader of a waiting poll, attached until it answers or its authorization ends.
final class PollReader: AuthorizedReader, WaitingRequest {
    private var poll: Poll
    private let context: DownstreamContext
    private weak var connection: HTTPConnection?
    private var timer: TimerToken?
    /// True once the poll was answered or canceled.
    private(set) var isDone = false
    /// The lease that keeps the poll authorized; `nil` if the authorization does not expire.
    private var lease: AuthRouteCache.LeaseID?

    var cursor: Cursor {
        get { poll.cursor }
        set { poll.cursor = newValue }
    }

    /// Attaches the reader at the poll's cursor; it answers after `wait` at the latest.
    init(_ poll: Poll, for wait: Duration, context: DownstreamContext, connection: HTTPConnection) {
        self.poll = poll
        self.context = context
        self.connection = connection
        context.hub.attach(self, at: poll.cursor)
        context.streams.users.add(self, of: poll.grant.userIDs)
        timer = context.loop.scheduleTask(in: wait) { [self] in answer() }
        if !poll.grant.isLasting {
            lease = context.authenticator?.addLease(for: self, by: poll.grant, isPoll: true)
        }
    }

    func updatesAvailable(on channel: Channel) {
        guard !isDone, !poll.isUpToDate(at: context) else { return }
        context.afterDelivery { [self] in answer() }
    }

    /// Handles the departure of the client.
    func cancel() {
        guard !isDone else { return }
        release()
    }

    /// Answers with the entries that there are.
    func answer() {
        guard !isDone else { return }
        let answer = poll.answer(at: context)
        release()
        connection?.answer(answer)
    }

    /// Answers with the refusal that a new poll would receive.
    func end(for reason: Denial) {
        guard !isDone else { return }
        release()
        let hadToken = poll.grant.request?.hasToken ?? false
        connection?.refuse(.denied(reason, hadToken: hadToken))
    }

    private func release() {
        isDone = true
        if let lease { context.authenticator?.endLease(lease) }
        lease = nil
        if let timer { context.loop.cancel(timer) }
        timer = nil
        context.streams.users.remove(self)
        context.hub.detach(self, at: context.now)
        poll.reportPresence(at: context)
    }
}
