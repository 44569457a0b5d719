// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The events a descriptor is watched for, or that the kernel reports for it (epoll_ctl(2)).
struct Interest: OptionSet {
    let rawValue: UInt32

    /// Bytes, a connection or an orderly end can be read.
    static let readable = Interest(rawValue: EPOLLIN.rawValue)
    /// The kernel takes bytes again, or a connection attempt is decided.
    static let writable = Interest(rawValue: EPOLLOUT.rawValue)
    /// The peer has finished sending.
    static let peerFinished = Interest(rawValue: EPOLLRDHUP.rawValue)
    /// Both directions have ended; always reported.
    static let hungUp = Interest(rawValue: EPOLLHUP.rawValue)
    /// The descriptor has a pending error; always reported.
    static let failed = Interest(rawValue: EPOLLERR.rawValue)
}
