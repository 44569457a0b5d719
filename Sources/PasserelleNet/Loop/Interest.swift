// SPDX-License-Identifier: MIT
import CLinux

/// What a descriptor is watched for, and what the kernel says of it (epoll_ctl(2)).
struct Interest: OptionSet {
    let rawValue: UInt32

    /// Bytes, a connection or an orderly end can be read.
    static let readable = Interest(rawValue: EPOLLIN.rawValue)
    /// The kernel takes bytes again, or a connection attempt is decided.
    static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    /// The peer sends no more.
    static let peerFinished = Interest(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions are over; told unasked.
    static let hungUp = Interest(rawValue: EPOLLHUP.rawValue)
    /// The descriptor has an error to fetch; told unasked.
    static let failed = Interest(rawValue: EPOLLERR.rawValue)
}

/// Someone whose descriptor the loop watches; the loop keeps it alive while it does.
protocol Watching: AnyObject {
    /// The descriptor is ready for `events`.
    func ready(_ events: Interest)

    /// The loop is going away: close what is open, and call neither the loop nor any owner.
    func loopEnded()
}
