// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// The socket options that links and listeners set and ask for.
enum SocketOptions {
    /// Seconds without traffic before the kernel asks whether the peer is still there.
    static let keepAliveIdle: Int32 = 60
    /// Seconds between such questions.
    static let keepAliveInterval: Int32 = 10
    /// How many may stay unanswered.
    static let keepAliveCount: Int32 = 3

    /// No delay for small writes, and dead peers noticed (tcp(7)); accepted sockets inherit it all
    /// from their listener.
    static func prepareTCP(_ descriptor: Int32) {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1, of: descriptor)
        set(SOL_SOCKET, SO_KEEPALIVE, 1, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, keepAliveIdle, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, keepAliveInterval, of: descriptor)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, keepAliveCount, of: descriptor)
    }

    /// Sets `TCP_USER_TIMEOUT`, in whole milliseconds; fails in silence on a Unix socket.
    static func setUserTimeout(_ timeout: Duration, of descriptor: Int32) {
        let milliseconds = Int32(min(max(timeout / .milliseconds(1), 0), 2_147_483_647))
        set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, milliseconds, of: descriptor)
    }

    /// Sets an option that takes a number.
    @discardableResult
    static func set(_ level: Int32, _ name: Int32, _ value: Int32, of descriptor: Int32) -> Bool {
        var value = value
        return setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
    }

    /// An option that is a number; `nil` when the socket has no such option.
    static func number(_ level: Int32, _ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var count = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, level, name, &value, &count) == 0 ? value : nil
    }

    /// The socket's pending `errno`, which this clears; 0 when there is none (`SO_ERROR`).
    static func takeError(of descriptor: Int32) -> Int32 {
        number(SOL_SOCKET, SO_ERROR, of: descriptor) ?? errno
    }

    /// Who is at the other end of a connected socket.
    static func peer(of descriptor: Int32) throws(SystemError) -> PeerAddress {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutableBytes(of: &storage) { raw in
            raw.withMemoryRebound(to: sockaddr.self) {
                getpeername(descriptor, $0.baseAddress, &count)
            }
        }
        guard result == 0 else { throw .last("getpeername") }
        return peer(of: descriptor, address: storage, count: count)
    }

    /// Who is at the other end, given the address that accepting or asking gave.
    static func peer(
        of descriptor: Int32, address: sockaddr_storage, count: socklen_t
    ) -> PeerAddress {
        let known = withUnsafeBytes(of: address) { raw in
            PeerAddress(socketAddress: UnsafeRawBufferPointer(rebasing: raw.prefix(Int(count))))
        }
        if let known { return known }
        var credentials = CLinux_credentials()
        _ = CLinux_credentials(descriptor, &credentials)
        return PeerAddress(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
    }
}
