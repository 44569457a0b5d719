// SPDX-License-Identifier: MIT

import PasserelleHub

/// A reader of the simulated gateway, over all its connections: what it was told, in order.
final class SimulatedReader: Reader {
    /// What the reader's application knows of one channel.
    struct Knowledge {
        /// The last message that was told, by its place in the application's own order.
        var last: Int
        /// A gap was told since: whatever lies between was told to be missing.
        var isGapOpen = false
        /// What the reader believes of who is there; `nil` before it was told.
        var members: Set<String>?
    }

    var cursor = Cursor()
    let channels: [String]
    let name: Int
    /// A poller is attached only while it asks.
    var polls: Bool
    var isAttached = false
    var isStalled = false
    /// The position that the reader holds; what it comes back with.
    var position: Position?
    var knowledge: [String: Knowledge] = [:]
    private(set) var hasNews = false

    init(name: Int, channels: [String], polls: Bool) {
        self.name = name
        self.channels = channels
        self.polls = polls
    }

    func newsCame(on channel: Channel) { hasNews = true }

    func tookNews() { hasNews = false }
}
