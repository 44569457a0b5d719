// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Who is at the other end of a link: an IP address and port, or a local process.
///
/// Holds 19 bytes and no text, since every link has one; an IPv4 address that came mapped into IPv6
/// is told as the IPv4 address that it is.
package struct PeerAddress: Hashable, Sendable {
    /// The two forms, spelled out.
    package enum Form: Hashable, Sendable {
        /// An address in its usual text form, and a port.
        case ip(String, port: Int)
        /// A process of this host, as the kernel noted it at connect time (`SO_PEERCRED`).
        case unix(pid: Int32, uid: UInt32, gid: UInt32)
    }

    private enum Kind: UInt8 { case ipv4, ipv6, unix }

    private let high: UInt64
    private let low: UInt64
    private let portNumber: UInt16
    private let kind: Kind

    /// A process of this host.
    package init(pid: Int32, uid: UInt32, gid: UInt32) {
        high = UInt64(UInt32(bitPattern: pid))
        low = UInt64(uid) << 32 | UInt64(gid)
        portNumber = 0
        kind = .unix
    }

    /// An IPv4 (4 bytes) or IPv6 (16 bytes) address in network order; `nil` for another count.
    package init?(bytes: [UInt8], port: UInt16) {
        var bytes = bytes
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
        if bytes.count == 16, bytes.starts(with: mapped) { bytes.removeFirst(12) }
        func number(_ part: ArraySlice<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        portNumber = port
        switch bytes.count {
        case 4:
            (high, low, kind) = (0, number(bytes[...]), .ipv4)
        case 16:
            (high, low, kind) = (number(bytes[..<8]), number(bytes[8...]), .ipv6)
        default:
            return nil
        }
    }

    /// The address spelled out.
    package var form: Form {
        switch kind {
        case .ipv4, .ipv6:
            .ip(text, port: Int(portNumber))
        case .unix:
            .unix(
                pid: Int32(bitPattern: UInt32(truncatingIfNeeded: high)),
                uid: UInt32(truncatingIfNeeded: low >> 32), gid: UInt32(truncatingIfNeeded: low))
        }
    }

    /// The IP address without its port; `nil` for a local process.
    package var host: String? { kind == .unix ? nil : text }

    /// The peer's port; `nil` for a local process.
    package var port: Int? { kind == .unix ? nil : Int(portNumber) }

    /// The peer's user; `nil` for an IP address.
    package var userID: UInt32? { kind == .unix ? UInt32(truncatingIfNeeded: low >> 32) : nil }

    /// Whether the peer is on this host: 127.0.0.0/8, `::1`, or a Unix socket.
    package var isLoopback: Bool {
        switch kind {
        case .ipv4: low >> 24 == 127
        case .ipv6: high == 0 && low == 1
        case .unix: true
        }
    }

    private var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = kind == .ipv4 ? AF_INET : AF_INET6
        var bytes: [UInt8] = []
        if kind == .ipv6 { bytes += (0..<8).reversed().map { UInt8(high >> ($0 * 8) & 255) } }
        bytes += (0..<(kind == .ipv4 ? 4 : 8)).reversed().map { UInt8(low >> ($0 * 8) & 255) }
        guard inet_ntop(family, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }
}

extension PeerAddress: CustomStringConvertible {
    /// `192.0.2.1:80`, `[2001:db8::1]:80`, or `pid 12 uid 1000`.
    package var description: String {
        switch form {
        case .ip(let host, let port): kind == .ipv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let pid, let uid, _): "pid \(pid) uid \(uid)"
        }
    }
}
