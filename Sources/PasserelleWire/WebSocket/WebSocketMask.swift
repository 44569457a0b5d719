// SPDX-License-Identifier: MIT

extension [UInt8] {
    /// Masks or unmasks all from `start` on with the key; that byte is at `offset` in its payload.
    ///
    /// The key's first byte is its highest (RFC 6455 §5.3).
    mutating func mask(from start: Int, key: UInt32, offset: Int) {
        guard start < count else { return }
        let turn = UInt32(truncatingIfNeeded: (offset & 3) * 8)
        let key = key << turn | (turn == 0 ? 0 : key >> (32 - turn))
        var whole = mutableSpan
        var rest = whole._mutatingExtracting(droppingFirst: start)
        if rest.count < wideBytes {
            for i in 0..<rest.count { rest[i] ^= keyByte(key, i) }
        } else {
            maskWide(&rest, key)
        }
    }
}

/// How many bytes are masked in one go; both spans being that long lets it compile to vectors.
private let wideBytes = 64

private func maskWide(_ bytes: inout MutableSpan<UInt8>, _ key: UInt32) {
    var pattern = InlineArray<64, UInt8>(repeating: 0)
    for i in 0..<wideBytes { pattern[i] = keyByte(key, i) }
    let keys = pattern.span
    var start = 0
    while start < bytes.count {
        var part = bytes._mutatingExtracting(start..<Swift.min(start + wideBytes, bytes.count))
        let partKeys = keys.extracting(first: part.count)
        for i in partKeys.indices { part[i] ^= partKeys[i] }
        start += wideBytes
    }
}

@inline(__always)
private func keyByte(_ key: UInt32, _ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: key >> UInt32(truncatingIfNeeded: 24 - (index & 3) * 8))
}
