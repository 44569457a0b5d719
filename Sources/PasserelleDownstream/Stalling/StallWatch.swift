// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Somebody whose peer may stop reading.
protocol Stallable: AnyObject {
    var link: Link { get }

    /// The peer has taken nothing for too long: let it go at once.
    func stalled()

    /// Messages were deleted: where one of them may be in what waits for the peer, nothing of that is
    /// sent, and the peer is let go at once.
    func retracted(by deletions: [Burial])
}

/// Looks after everybody whose socket is full, and lets go of those whose peers take nothing.
///
/// Whoever is full says so; nobody else costs anything.
final class StallWatch {
    /// How often it looks, at the most: a peer is cut that much later than the limit at the latest.
    static let interval: Duration = .seconds(1)

    /// How many were let go.
    private(set) var count: UInt64 = 0
    private let loop: EventLoop
    private let limit: Duration
    private var watched: [ObjectIdentifier: (peer: any Stallable, stall: Stall)] = [:]
    private var isLooking = false

    /// `limit` is how long a peer may take nothing.
    init(loop: EventLoop, limit: Duration) {
        self.loop = loop
        self.limit = limit
    }

    /// The peer's socket is full from now on.
    func isFull(_ peer: any Stallable) {
        let stall = Stall(unread: peer.link.unreadBytes, at: loop.now)
        watched[ObjectIdentifier(peer)] = (peer, stall)
        look()
    }

    /// The peer's socket has room, or is gone.
    func isFree(_ peer: any Stallable) {
        watched[ObjectIdentifier(peer)] = nil
    }

    /// Messages were deleted: nobody who is full goes on with one.
    func retracted(by deletions: [Burial]) {
        for (peer, _) in Array(watched.values) { peer.retracted(by: deletions) }
    }

    private func look() {
        guard !isLooking, !watched.isEmpty else { return }
        isLooking = true
        loop.after(min(Self.interval, limit)) { [weak self] in
            guard let self else { return }
            self.isLooking = false
            self.judge()
            self.look()
        }
    }

    private func judge() {
        var stalled: [any Stallable] = []
        for (id, (peer, _)) in watched {
            let unread = peer.link.unreadBytes
            let isOver = watched[id]?.stall.exceeds(limit, unread: unread, at: loop.now)
            if isOver == true { stalled.append(peer) }
        }
        for peer in stalled {
            count += 1
            isFree(peer)
            peer.stalled()
        }
    }
}
