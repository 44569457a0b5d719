// SPDX-License-Identifier: MIT

extension [UInt8] {
    /// Adds bytes, masked or unmasked with the key, the first of them at `offset` in the payload.
    ///
    /// The key's first byte is its highest (RFC 6455 §5.3).
    mutating func append(masking bytes: Span<UInt8>, key: UInt32, offset: Int) {
        append(addingCapacity: bytes.count) { out in
            for i in bytes.indices {
                out.append(
                    bytes[i] ^ UInt8(truncatingIfNeeded: key >> UInt32(24 - (offset &+ i) & 3 &* 8))
                )
            }
        }
    }
}
