// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// An address in the kernel's form, as `bind` and `connect` take it.
package struct SocketAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Copies an address that the C library filled in.
    init(_ address: UnsafePointer<sockaddr>, count: socklen_t) {
        bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(count)))
    }

    /// Makes a system call that fills in an address, such as accept(2); also returns its result.
    static func filled(
        by call: (UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> (result: Int32, address: SocketAddress) {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            raw.withMemoryRebound(to: sockaddr.self) { bound in
                let result = call(bound.baseAddress, &count)
                let bytes = result < 0 ? [] : Array(raw.prefix(Int(count)))
                return (result, SocketAddress(bytes: bytes))
            }
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The address that a socket is bound to; `nil` if the descriptor is no socket.
    init?(boundTo descriptor: Int32) {
        let (result, address) = Self.filled { getsockname(descriptor, $0, $1) }
        guard result == 0 else { return nil }
        self = address
    }

    /// Reads a numeric address; returns `nil` for a name.
    init?(numericHost host: String, port: UInt16) {
        // The C library would stop reading at the zero.
        guard !host.utf8.contains(0) else { return nil }
        var ipv4 = sockaddr_in()
        if inet_pton(AF_INET, host, &ipv4.sin_addr) == 1 {
            ipv4.sin_family = sa_family_t(AF_INET)
            ipv4.sin_port = port.bigEndian
            bytes = withUnsafeBytes(of: ipv4) { Array($0) }
            return
        }
        var ipv6 = sockaddr_in6()
        guard inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1 else { return nil }
        ipv6.sin6_family = sa_family_t(AF_INET6)
        ipv6.sin6_port = port.bigEndian
        bytes = withUnsafeBytes(of: ipv6) { Array($0) }
    }

    /// Creates a Unix socket's address; returns `nil` if the path is too long or contains a zero.
    package init?(unixPath path: String) {
        guard path.utf8.count <= ListenAddress.unixPathLimit, !path.utf8.contains(0) else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_un>.size)
        withUnsafeBytes(of: sa_family_t(AF_UNIX)) { bytes.replaceSubrange(0..<2, with: $0) }
        bytes.replaceSubrange(2..<2 + path.utf8.count, with: path.utf8)
        self.bytes = bytes
    }

    /// The address family, such as `AF_INET`.
    var family: Int32 {
        Int32(bytes.withUnsafeBytes { $0.loadUnaligned(as: sa_family_t.self) })
    }

    /// A Unix socket's path, which begins with `@` if it is abstract; `nil` for an IP address.
    var unixPath: String? {
        guard bytes.count >= 2, family == AF_UNIX else { return nil }
        let isAbstract = bytes.count > 2 && bytes[2] == 0
        let path = bytes.dropFirst(isAbstract ? 3 : 2).prefix { $0 != 0 }
        return (isAbstract ? "@" : "") + String(decoding: path, as: UTF8.self)
    }

    /// The IP address for display and comparison; `nil` for a Unix socket.
    var peer: PeerAddress? {
        bytes.withUnsafeBytes { PeerAddress(socketAddress: $0) }
    }

    /// Connects a socket; returns the `errno` of a failure, or 0.
    package func connect(_ descriptor: Int32) -> Int32 {
        withSockaddr { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    /// Passes the address to a system call.
    func withSockaddr<Result>(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { address in
                // The array is never empty: every initialiser fills in a whole address.
                call(address.baseAddress.unsafelyUnwrapped, socklen_t(raw.count))
            }
        }
    }
}

extension PeerAddress {
    /// Reads an `AF_INET` or `AF_INET6` address; returns `nil` for any other family or a short one.
    init?(socketAddress raw: UnsafeRawBufferPointer) {
        guard raw.count >= MemoryLayout<sockaddr_in>.size else { return nil }
        switch Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            let address = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(
                ipv4: UInt32(bigEndian: address.sin_addr.s_addr),
                port: UInt16(bigEndian: address.sin_port))
        case AF_INET6 where raw.count >= MemoryLayout<sockaddr_in6>.size:
            let address = raw.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = withUnsafeBytes(of: address.sin6_addr) {
                ($0.load(as: UInt64.self), $0.load(fromByteOffset: 8, as: UInt64.self))
            }
            self.init(
                ipv6: UInt64(bigEndian: high), UInt64(bigEndian: low),
                port: UInt16(bigEndian: address.sin6_port))
        default:
            return nil
        }
    }

    /// Reads a numeric address (no name, no brackets); returns `nil` for any other text.
    package init?(numericHost host: String, port: UInt16) {
        guard let peer = SocketAddress(numericHost: host, port: port)?.peer else { return nil }
        self = peer
    }
}
