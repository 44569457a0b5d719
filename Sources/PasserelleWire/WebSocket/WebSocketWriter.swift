// SPDX-License-Identifier: MIT

/// Writes frames as the bytes to send (RFC 6455 §5.2).
package enum WebSocketWriter {
    /// The most bytes of a close frame's reason: the code takes two of the 125 (§5.5.1).
    package static let reasonBytes = 123

    /// Gives one frame, masked where a key is given, its length in the shortest form.
    package static func frame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32?, isFinal: Bool = true
    ) -> [UInt8] {
        let count = payload.count
        precondition(
            !opcode.isControl || (isFinal && count <= WebSocketFrameHeader.controlBytes),
            "a control frame is short and whole")
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

    /// Gives a text message in one frame.
    package static func text(_ text: String, mask: UInt32?) -> [UInt8] {
        frame(.text, Array(text.utf8), mask: mask)
    }

    /// Gives a close frame; one without a code is empty.
    ///
    /// A code that may not stand on the wire (1005, 1006 and the like) is left out with its reason,
    /// and the reason is cut to 123 bytes between characters.
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
