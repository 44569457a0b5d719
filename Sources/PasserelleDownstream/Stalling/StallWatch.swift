// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet

/// Watches every connection with a full socket and closes it if its peer stalls.
///
/// A peer stalls if it does not read, is dead, or takes too long for an answer. If all watched
/// connections together hold too much output, the largest are closed. Connections with room in
/// their sockets are not watched and have no cost.
package final class StallWatch {
    /// The limits of the watched connections.
    struct Bounds {
        /// The longest time that a peer may go without reading.
        var stall: Duration
        /// Bytes of output that all watched connections together may hold.
        var output = Int.max
    }

    /// The reason for closing a connection.
    enum Cause { case stalled, dead, answerTime, output }

    private struct Watched {
        let peer: any Stallable
        var stall: Stall
        /// Its output when last counted.
        var bytes: Int
    }

    /// The longest interval between checks; a peer is cut at most this much later than the limit.
    static let interval: Duration = .seconds(1)

    /// Connections closed because the peer did not read.
    private(set) var count: UInt64 = 0
    /// Connections closed because the peer did not acknowledge data.
    private(set) var deadCount: UInt64 = 0
    /// Bytes of output that the watched connections hold.
    private(set) var bytes = 0
    private let loop: EventLoop
    private let bounds: Bounds
    /// Called before a connection is closed.
    private let closing: (Cause, PeerAddress) -> Void
    private var watched: [ObjectIdentifier: Watched] = [:]
    private var isCheckScheduled = false

    init(
        loop: EventLoop, bounds: Bounds,
        closing: @escaping (Cause, PeerAddress) -> Void = { _, _ in }
    ) {
        self.loop = loop
        self.bounds = bounds
        self.closing = closing
    }

    /// Starts to watch a connection with a full socket, or one that is full again after a read.
    package func becameFull(_ peer: any Stallable) {
        becameWritable(peer)
        let entry = Watched(
            peer: peer, stall: Stall(unread: peer.link.unreadBytes, at: loop.now),
            bytes: peer.heldBytes)
        watched[ObjectIdentifier(peer)] = entry
        bytes += entry.bytes
        scheduleCheck()
    }

    /// Updates the count when a watched connection holds more output than before.
    func grew(_ peer: any Stallable) {
        let id = ObjectIdentifier(peer)
        guard let before = watched[id]?.bytes else { return }
        let now = peer.heldBytes
        watched[id]?.bytes = now
        bytes += now - before
    }

    /// Stops watching a connection that has room in its socket or is closed.
    package func becameWritable(_ peer: any Stallable) {
        guard let entry = watched.removeValue(forKey: ObjectIdentifier(peer)) else { return }
        bytes -= entry.bytes
    }

    /// Handles the retraction of messages: no watched connection continues to send one.
    func retracted(by retractions: [Retraction]) {
        for entry in Array(watched.values) { entry.peer.retracted(by: retractions) }
    }

    /// Closes the connections with the most output if all together exceed the limit.
    ///
    /// Closes until the output is an eighth below the limit; otherwise each of the next answers
    /// would sort all connections again. Must be called only when connections may end.
    func boundOutput() {
        guard bytes > bounds.output else { return }
        recount()
        guard bytes > bounds.output else { return }
        let enough = bounds.output - bounds.output / 8
        for entry in watched.values.sorted(by: { $0.bytes > $1.bytes }) {
            guard bytes > enough else { return }
            close(entry.peer, for: .output)
        }
    }

    /// Closes a connection because its peer is dead, that is, does not acknowledge data.
    package func peerDied(_ peer: any Stallable) {
        close(peer, for: .dead)
    }

    /// Counts a link that has ended by itself if its peer was dead.
    package func ended(_ link: Link, _ end: LinkEnd) {
        guard end.isDeadPeer else { return }
        deadCount += 1
        closing(.dead, link.peer)
    }

    private func scheduleCheck() {
        guard !isCheckScheduled, !watched.isEmpty else { return }
        isCheckScheduled = true
        loop.scheduleTask(in: min(Self.interval, bounds.stall)) { [weak self] in
            guard let self else { return }
            self.isCheckScheduled = false
            self.closeStalled()
            self.boundOutput()
            self.scheduleCheck()
        }
    }

    private func closeStalled() {
        var causes: [(any Stallable, Cause)] = []
        for index in watched.indices {
            let peer = watched.values[index].peer
            let isStalled = watched.values[index].stall.exceeds(
                bounds.stall, unread: peer.link.unreadBytes, at: loop.now)
            if peer.link.peerIsDead {
                causes.append((peer, .dead))
            } else if isStalled {
                causes.append((peer, .stalled))
            } else if let end = peer.answerEnds, loop.now >= end {
                causes.append((peer, .answerTime))
            }
        }
        for (peer, cause) in causes { close(peer, for: cause) }
        recount()
    }

    private func recount() {
        bytes = 0
        for index in watched.indices {
            let held = watched.values[index].peer.heldBytes
            watched.values[index].bytes = held
            bytes += held
        }
    }

    private func close(_ peer: any Stallable, for cause: Cause) {
        becameWritable(peer)
        switch cause {
        case .stalled: count += 1
        case .dead: deadCount += 1
        case .answerTime, .output: break
        }
        closing(cause, peer.link.peer)
        peer.cut()
    }
}

extension Hub {
    /// True if an event is still in its channel's log; a reader that also references it then costs
    /// no additional memory.
    func holds(_ event: Event) -> Bool {
        guard let oldest = channel(event.channel)?.log.oldest else { return false }
        return oldest.sequence <= event.sequence
    }
}

/// Measures the time for which a peer has read no output.
///
/// Any change of the number of unread bytes is progress: the peer has read some, or there was room
/// for more.
package struct Stall: Equatable, Sendable {
    private var unread: Int
    private var since: Duration

    /// Starts the measurement with the current number of unread bytes.
    package init(unread: Int, at now: Duration) {
        self.unread = unread
        since = now
    }

    /// Records the number of unread bytes; returns true if it has not changed for `limit`.
    package mutating func exceeds(
        _ limit: Duration, unread: Int, at now: Duration
    ) -> Bool {
        guard unread == self.unread else {
            self = Stall(unread: unread, at: now)
            return false
        }
        return now - since >= limit
    }
}

/// A connection with a peer that may stop reading.
package protocol Stallable: AnyObject {
    var link: Link { get }

    /// Bytes of output that this process holds for this peer alone.
    var heldBytes: Int { get }

    /// The deadline for the peer to read the whole answer; `nil` if there is none.
    var answerEnds: Duration? { get }

    /// Closes the connection at once.
    func cut()

    /// Handles the retraction of messages. If the waiting output may contain one of them, the
    /// connection must be closed at once and the output must not be sent.
    func retracted(by retractions: [Retraction])
}

extension Stallable {
    /// The bytes in the link's queue.
    package var heldBytes: Int { link.queuedBytes }
    /// No deadline.
    package var answerEnds: Duration? { nil }
}
