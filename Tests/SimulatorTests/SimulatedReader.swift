// SPDX-License-Identifier: MIT

import PasserelleHub

/// A reader of the simulated gateway, with its deliveries over all its connections.
final class SimulatedReader: Reader {
    /// The state of one channel as the reader's application knows it.
    struct Knowledge {
        /// Every message up to this number was delivered, is covered by a gap, or was never due.
        var settled: Int
        /// The newest message that was delivered, or that the reader did not request.
        var received: Int
        /// True if the past was requested, so that the first delivery can be any message.
        var isOpen = false
        /// True if the position was unknown: a gap must come first, and may move the reader back.
        var needsGap = false
        /// The members according to the deliveries; `nil` before the first snapshot.
        var members: Set<String>?

        /// Creates the state of a reader to which messages up to `settled` are not due.
        init(
            settled: Int, isOpen: Bool = false, needsGap: Bool = false,
            members: Set<String>? = nil
        ) {
            self.settled = settled
            received = settled
            self.isOpen = isOpen
            self.needsGap = needsGap
            self.members = members
        }
    }

    var cursor = Cursor()
    let channels: [String]
    let name: Int
    /// True for a poller, which is attached only during a poll.
    var polls: Bool
    var isAttached = false
    var isStalled = false
    /// The entry inside which a stalled socket stopped.
    var unfinished: Event?
    /// The position with which the reader resumes.
    var position: Position?
    var knowledge: [String: Knowledge] = [:]
    /// Channels that the reader receives only from their next subscription on.
    var awaited: Set<String> = []
    private(set) var hasUpdates = false
    /// True while a gap for an unknown position is due on any channel.
    var needsGap: Bool { knowledge.values.contains(where: \.needsGap) }

    init(name: Int, channels: [String], polls: Bool) {
        self.name = name
        self.channels = channels
        self.polls = polls
    }

    func updatesAvailable(on channel: Channel) { hasUpdates = true }

    func readUpdates() { hasUpdates = false }
}
