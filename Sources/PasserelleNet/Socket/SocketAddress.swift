// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// An address in the kernel's own form, as `bind` and `connect` take it.
struct SocketAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Copies what the C library filled in.
    init(_ address: UnsafePointer<sockaddr>, count: socklen_t) {
        bytes = Array(UnsafeRawBufferPointer(start: address, count: Int(count)))
    }

    /// The address that a numeric text spells; `nil` for a name.
    init?(numericHost host: String, port: UInt16) {
        // The C library would read up to the zero.
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

    /// A Unix socket's path; `nil` when it does not fit or holds a zero.
    init?(unixPath path: String) {
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

    /// The IP address for people and for comparison; `nil` for a Unix socket.
    var peer: PeerAddress? {
        bytes.withUnsafeBytes { PeerAddress(socketAddress: $0) }
    }

    /// Lends the address to a system call.
    func lend<Result>(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { address in
                // The array is never empty: every initialiser fills in a whole address.
                call(address.baseAddress.unsafelyUnwrapped, socklen_t(raw.count))
            }
        }
    }
}

extension PeerAddress {
    /// Reads an `AF_INET` or `AF_INET6` address; `nil` for any other family or a short one.
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

    /// The address that a numeric text spells (no name, no brackets); `nil` for any other text.
    package init?(numericHost host: String, port: UInt16) {
        guard let peer = SocketAddress(numericHost: host, port: port)?.peer else { return nil }
        self = peer
    }
}
