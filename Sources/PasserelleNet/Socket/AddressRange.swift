// SPDX-License-Identifier: MIT

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
