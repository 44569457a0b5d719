// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The socket options that links and listeners set and read.
enum SocketOptions {
    /// Seconds without traffic before the kernel sends a keep-alive probe.
    static let keepAliveIdle: Int32 = 60
    /// Seconds between probes.
    static let keepAliveInterval: Int32 = 10
    /// Unanswered probes before the kernel ends the connection.
    static let keepAliveCount: Int32 = 3

    /// `TCP_RTO_MAX_MS` (Linux 6.15), which the C library's headers do not define yet.
    ///
    /// It bounds the wait between two retransmissions or window probes. An older kernel refuses it
    /// and waits up to 120 s. It may then take that long until a peer that died with a closed
    /// window is probed again.
    static let longestWait: Int32 = 44

    /// Disables the delay of small writes and enables the detection of dead peers (tcp(7));
    /// accepted sockets inherit these options from their listener.
    static func prepareTCP(_ descriptor: Int32) {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1, of: descriptor)
        set(SOL_SOCKET, SO_KEEPALIVE, 1, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, keepAliveIdle, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, keepAliveInterval, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, keepAliveCount, of: descriptor)
        let milliseconds = Int32(PeerAcknowledgement.longestWait / .milliseconds(1))
        set(Int32(IPPROTO_TCP), longestWait, milliseconds, of: descriptor)
    }

    /// Sets an option that takes a number.
    @discardableResult
    static func set(_ level: Int32, _ name: Int32, _ value: Int32, of descriptor: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// Returns a numeric option, or `nil` if the socket has no such option.
    static func number(_ level: Int32, _ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var count = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, name, &value, &count) == 0 ? value : nil
    }

    /// Returns the socket's pending `errno` and clears it; 0 if there is none (`SO_ERROR`).
    static func takeError(of descriptor: Int32) -> Int32 {
        number(SOL_SOCKET, SO_ERROR, of: descriptor) ?? errno
    }

    /// Returns the peer of a connected socket.
    static func peer(of descriptor: Int32) throws(SystemError) -> PeerAddress {
        let (result, address) = SocketAddress.filled { getpeername(descriptor, $0, $1) }
        guard result == 0 else { throw .last("getpeername") }
        return peer(of: descriptor, address)
    }

    /// Returns the peer, given the address from accept(2) or getpeername(2).
    static func peer(of descriptor: Int32, _ address: SocketAddress) -> PeerAddress {
        if let known = address.peer { return known }
        var credentials = CLinux_credentials()
        _ = CLinux_credentials(descriptor, &credentials)
        return PeerAddress(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
    }
}

/// The acknowledgements of a TCP peer (`TCP_INFO`).
///
/// If a peer lives but does not read, it still answers each window probe with its closed window. A
/// dead peer answers no probe. `TCP_USER_TIMEOUT` does not make that distinction: it also ends a
/// connection if the window stays closed.
package struct PeerAcknowledgement: Equatable, Sendable {
    /// The minimum time without any acknowledgement after which a peer can count as dead.
    package static let deadSilence: Duration = .seconds(15)
    /// The minimum time of unanswered retransmissions or probes: packets may be lost, and a network
    /// may fail for a few seconds.
    package static let deadUnansweredTime: Duration = .seconds(9.5)
    /// The same if the peer is silent for `longSilence`, so that a stream that was idle for less
    /// than a keep-alive period ends within 30 s.
    package static let shortUnansweredTime: Duration = .seconds(5)
    package static let longSilence: Duration = .seconds(25)
    /// The longest wait between two sends, requested from the kernel (`TCP_RTO_MAX_MS`).
    package static let longestWait: Duration = .seconds(10)

    /// The time since the last acknowledgement of any kind.
    package var silence: Duration
    /// The kernel's time-out for the next retransmission, doubled by each previous one.
    package var timeout: Duration
    /// Consecutive retransmissions that were not acknowledged.
    package var retransmissions = 0
    /// Consecutive probes of a closed window that were not acknowledged.
    package var probes = 0
    /// The number of times the wait between two probes was doubled.
    package var backoff = 0

    /// The minimum time for which the kernel has sent without an answer.
    ///
    /// `silence` cannot be used for that: if the connection was idle, it includes the idle time.
    package var unansweredTime: Duration {
        var unansweredTime: Duration = .zero
        if retransmissions > 0 {
            unansweredTime = timeout - timeout / (1 << min(retransmissions, 16))
        }
        if probes > 1 {
            let wait = min(timeout * (1 << min(max(backoff - 1, 0), 16)), Self.longestWait)
            // The second probe may be in transit after one that was lost.
            if probes > 2 || silence >= wait * 2 + Self.answerTime {
                unansweredTime = max(unansweredTime, wait)
            }
        }
        return unansweredTime
    }

    /// The time that the answer to a probe may take.
    private static let answerTime: Duration = .seconds(3)

    /// True if the peer counts as dead.
    package var isDead: Bool {
        silence >= Self.deadSilence
            && unansweredTime
                >= (silence >= Self.longSilence
                    ? Self.shortUnansweredTime : Self.deadUnansweredTime)
    }
}
