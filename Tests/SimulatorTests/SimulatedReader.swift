// SPDX-License-Identifier: MIT

import PasserelleHub

/// A reader of the simulated gateway, over all its connections: what it was told, in order.
final class SimulatedReader: Reader {
    /// What the reader's application knows of one channel.
    struct Knowledge {
        /// Every message up to here was told, is covered by a gap, or was never due.
        var settled: Int
        /// The newest message that was told, or that it did not ask for.
        var told: Int
        /// The past was asked for: it may begin anywhere.
        var isOpen = false
        /// The position was not known: a gap has to come before all else, and leads back.
        var isOwedGap = false
        /// What the reader believes of who is there; `nil` before it was told.
        var members: Set<String>?

        /// Everything up to `settled` is none of its concern.
        init(
            settled: Int, isOpen: Bool = false, isOwedGap: Bool = false,
            members: Set<String>? = nil
        ) {
            self.settled = settled
            told = settled
            self.isOpen = isOpen
            self.isOwedGap = isOwedGap
            self.members = members
        }
    }

    var cursor = Cursor()
    let channels: [String]
    let name: Int
    /// A poller is attached only while it asks.
    var polls: Bool
    var isAttached = false
    var isStalled = false
    /// The entry in whose middle a socket that takes nothing more has stopped.
    var unfinished: Event?
    /// The position that the reader holds; what it comes back with.
    var position: Position?
    var knowledge: [String: Knowledge] = [:]
    /// Channels that the reader hears only from their next subscription on.
    var awaited: Set<String> = []
    private(set) var hasNews = false
    /// True while a gap is owed on any channel, since the position was not known.
    var isOwedGap: Bool { knowledge.values.contains(where: \.isOwedGap) }

    init(name: Int, channels: [String], polls: Bool) {
        self.name = name
        self.channels = channels
        self.polls = polls
    }

    func newsCame(on channel: Channel) { hasNews = true }

    func tookNews() { hasNews = false }
}
