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
