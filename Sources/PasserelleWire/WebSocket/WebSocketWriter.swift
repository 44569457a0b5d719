// SPDX-License-Identifier: MIT

/// An encoder for WebSocket frames (RFC 6455 §5.2).
package enum WebSocketWriter {
    /// The maximum size of a close frame's reason in bytes: the code takes two of the 125 (§5.5.1).
    package static let reasonBytes = 123

    /// Returns one frame with its length in the shortest form, masked if there is a key.
    package static func frame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32?, isFinal: Bool = true
    ) -> [UInt8] {
        let count = payload.count
        precondition(
            !opcode.isControl || (isFinal && count <= WebSocketFrameHeader.controlBytes),
            "a control frame must be short and unfragmented")
        var out: [UInt8] = []
        out.reserveCapacity(count + 14)
        out.append(opcode.rawValue | (isFinal ? 0x80 : 0))
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        if count < 126 {
            out.append(maskBit | UInt8(truncatingIfNeeded: count))
        } else if count < 0x1_0000 {
            out.append(maskBit | 126)
            number(count, bytes: 2, &out)
        } else {
            out.append(maskBit | 127)
            number(count, bytes: 8, &out)
        }
        if let mask { number(Int(mask), bytes: 4, &out) }
        let start = out.count
        out.append(contentsOf: payload)
        if let mask { out.mask(from: start, key: mask, offset: 0) }
        return out
    }

    /// Returns a text message in one frame.
    package static func text(_ text: String, mask: UInt32?) -> [UInt8] {
        frame(.text, Array(text.utf8), mask: mask)
    }

    /// Returns a close frame; it is empty if there is no code.
    ///
    /// A code that must not be sent (1005, 1006 and others) is left out with its reason. The reason
    /// is cut to 123 bytes at a character boundary.
    package static func close(code: UInt16?, reason: String, mask: UInt32?) -> [UInt8] {
        guard let code, WebSocketCloseCode.mayBeSent(code) else {
            return frame(.close, [], mask: mask)
        }
        var payload: [UInt8] = []
        number(Int(code), bytes: 2, &payload)
        for character in reason.unicodeScalars {
            let bytes = UTF8.encode(character)
            guard let bytes, payload.count + bytes.count <= reasonBytes + 2 else { break }
            payload.append(contentsOf: bytes)
        }
        return frame(.close, payload, mask: mask)
    }

    private static func number(_ value: Int, bytes: Int, _ out: inout [UInt8]) {
        for index in (0..<bytes).reversed() {
            out.append(UInt8(truncatingIfNeeded: value >> (index * 8)))
        }
    }
}

extension [UInt8] {
    /// Masks or unmasks the bytes from `start`; `offset` is the position of `start` in the payload.
    ///
    /// The first byte of the key is the most significant (RFC 6455 §5.3).
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

/// The bytes masked per step; equal span lengths let the loop compile to vector code.
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
