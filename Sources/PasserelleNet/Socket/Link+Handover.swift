// SPDX-License-Identifier: MIT

extension Link {
    /// True if another process can continue the connection, given its descriptor and the queue.
    ///
    /// TLS keeps its keys in this process. A link that is finishing ends here.
    package var canBeHandedOver: Bool { isOpen && tls == nil && !flags.contains(.peerFinished) }

    /// A copy of the bytes that wait for the kernel; empty over TLS.
    package var waitingOutput: [UInt8] { output?.bytes ?? [] }
}

extension PeerAddress {
    /// The address in 19 bytes, which `init(encoded:)` reads.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for word in [words.high, words.low] {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return bytes + [UInt8(truncatingIfNeeded: words.port), UInt8(words.port >> 8), words.kind]
    }

    /// Reads an address; returns `nil` if the bytes are none.
    package init?(encoded bytes: [UInt8]) {
        guard bytes.count == 19 else { return nil }
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
        self.init(
            high: word(0), low: word(8), port: UInt16(bytes[16]) | UInt16(bytes[17]) << 8,
            kind: bytes[18])
    }
}
