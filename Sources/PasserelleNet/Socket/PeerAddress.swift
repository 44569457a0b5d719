// SPDX-License-Identifier: MIT

import Glibc

/// The address of a link's peer: an IP address and port, or a local process.
///
/// Holds 19 bytes and no text, since every link has one. An IPv4 address mapped into IPv6 becomes
/// IPv4.
package struct PeerAddress: Hashable, Sendable {
    /// The address in text form.
    package enum Form: Hashable, Sendable {
        /// An address in its usual text form, and a port.
        case ip(String, port: Int)
        /// A process of this host, as the kernel recorded it at connect time (`SO_PEERCRED`).
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

    /// An IPv4 address in host order.
    init(ipv4 address: UInt32, port: UInt16) {
        (high, low, kind) = (0, UInt64(address), .ipv4)
        portNumber = port
    }

    /// An IPv6 address in host order; becomes an IPv4 address if one is mapped into it.
    init(ipv6 high: UInt64, _ low: UInt64, port: UInt16) {
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        self.high = high
        self.low = isMapped ? low & 0xFFFF_FFFF : low
        kind = isMapped ? .ipv4 : .ipv6
        portNumber = port
    }

    /// The parts of the address as numbers.
    var words: (high: UInt64, low: UInt64, port: UInt16, kind: UInt8) {
        (high, low, portNumber, kind.rawValue)
    }

    /// Creates an address from its parts; returns `nil` if the kind is unknown.
    init?(high: UInt64, low: UInt64, port: UInt16, kind: UInt8) {
        guard let kind = Kind(rawValue: kind) else { return nil }
        (self.high, self.low, portNumber, self.kind) = (high, low, port, kind)
    }

    /// The address in text form.
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

    /// True if the peer is on this host: 127.0.0.0/8, `::1`, or a Unix socket.
    package var isLoopback: Bool {
        switch kind {
        case .ipv4: low >> 24 == 127
        case .ipv6: high == 0 && low == 1
        case .unix: true
        }
    }

    /// The unit by which clients are counted: an IPv4 address, an IPv6 network of 64 bits, which
    /// one customer has alone, or a local user.
    package var network: PeerAddress {
        switch kind {
        case .ipv4: PeerAddress(ipv4: UInt32(truncatingIfNeeded: low), port: 0)
        case .ipv6: PeerAddress(ipv6: high, 0, port: 0)
        case .unix: PeerAddress(pid: 0, uid: userID ?? 0, gid: 0)
        }
    }

    /// True for an IPv4 address.
    var isIPv4: Bool { kind == .ipv4 }

    /// Returns `true` if the leading bits equal those of another address of the same family.
    func shares(_ bits: Int, with other: PeerAddress) -> Bool {
        guard kind != .unix, kind == other.kind else { return false }
        if kind == .ipv4 { return (low ^ other.low) & Self.mask(bits, of: 32) == 0 }
        return (high ^ other.high) & Self.mask(min(bits, 64), of: 64) == 0
            && (low ^ other.low) & Self.mask(max(bits - 64, 0), of: 64) == 0
    }

    /// Returns `true` if all bits after the leading ones are zero.
    func hasOnlyZeros(behind bits: Int) -> Bool {
        if kind == .ipv4 { return low & ~Self.mask(bits, of: 32) == 0 }
        return high & ~Self.mask(min(bits, 64), of: 64) == 0
            && low & ~Self.mask(max(bits - 64, 0), of: 64) == 0
    }

    /// Returns a mask of the leading bits of a word.
    private static func mask(_ bits: Int, of width: Int) -> UInt64 {
        bits == 0 ? 0 : UInt64.max << UInt64(width - bits)
    }

    private var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let count = socklen_t(buffer.count)
        let words = (high.bigEndian, low.bigEndian, UInt32(truncatingIfNeeded: low).bigEndian)
        let written = withUnsafeBytes(of: words) { bytes in
            kind == .ipv4
                ? inet_ntop(AF_INET, bytes.baseAddress.map { $0 + 16 }, &buffer, count)
                : inet_ntop(AF_INET6, bytes.baseAddress, &buffer, count)
        }
        guard written != nil else { return "" }
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

/// A network of IP addresses, such as `10.0.0.0/8`, or one address.
package struct AddressRange: Hashable, Sendable {
    private let address: PeerAddress
    /// The number of leading bits that are compared.
    private let bits: Int

    /// Reads `ADDRESS` or `ADDRESS/BITS`, IPv4 or IPv6; returns `nil` for any other text, or if a
    /// bit after the network's own is set.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = PeerAddress(numericHost: String(parts[0]), port: 0)
        else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var bits = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(parts[1]),
                number <= width
            else { return nil }
            bits = number
        }
        self.address = address
        self.bits = bits
        guard address.hasOnlyZeros(behind: bits) else { return nil }
    }

    /// Returns `true` if an address is in the range; a local process never is.
    package func contains(_ peer: PeerAddress) -> Bool {
        peer.shares(bits, with: address)
    }
}
