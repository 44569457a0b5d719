// SPDX-License-Identifier: MIT

/// The header of a frame (RFC 6455 §5.2).
struct WebSocketFrameHeader: Equatable, Sendable {
    /// The maximum size of a control frame's payload in bytes (§5.5).
    static let controlBytes = 125

    /// True if the message ends with this frame.
    let isFinal: Bool
    /// The type of the frame.
    let opcode: WebSocketOpcode
    /// The size of the payload in bytes.
    let length: Int
    /// The masking key; the first byte is the most significant.
    let mask: UInt32?

    /// Parses one header of a frame sent to `role`; `nil` if it is incomplete.
    ///
    /// Throws as soon as the bytes received cannot be the start of a valid header.
    static func parse(
        _ bytes: Span<UInt8>, by role: WebSocketRole
    ) throws(WebSocketError) -> (used: Int, value: WebSocketFrameHeader)? {
        guard bytes.count > 0 else { return nil }
        let isFinal = bytes[0] & 0x80 != 0
        let opcode = try opcode(bytes[0])
        guard bytes.count > 1 else { return nil }
        let isMasked = bytes[1] & 0x80 != 0
        let short = Int(bytes[1] & 0x7F)
        guard isMasked || role == .client else { throw .unmaskedFrame }
        guard !isMasked || role == .server else { throw .maskedFrame }
        guard !opcode.isControl || short <= controlBytes else { throw .longControl }
        let lengthEnd = short == 127 ? 10 : short == 126 ? 4 : 2
        guard bytes.count >= lengthEnd else { return nil }
        let length = short < 126 ? short : try length(bytes.extracting(2..<lengthEnd))
        let end = isMasked ? lengthEnd + 4 : lengthEnd
        guard bytes.count >= end else { return nil }
        let mask = isMasked ? UInt32(truncatingIfNeeded: number(bytes, lengthEnd..<end)) : nil
        return (
            end, WebSocketFrameHeader(isFinal: isFinal, opcode: opcode, length: length, mask: mask)
        )
    }

    private static func opcode(_ byte: UInt8) throws(WebSocketError) -> WebSocketOpcode {
        guard byte & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: byte & 0x0F) else {
            throw .reservedOpcode(byte & 0x0F)
        }
        guard byte & 0x80 != 0 || !opcode.isControl else { throw .fragmentedControl }
        return opcode
    }

    private static func length(_ bytes: Span<UInt8>) throws(WebSocketError) -> Int {
        let shortest: UInt64 = bytes.count == 2 ? 126 : 0x1_0000
        let length = number(bytes, 0..<bytes.count)
        guard length >= shortest, let length = Int(exactly: length) else {
            throw .malformedLength
        }
        return length
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var number: UInt64 = 0
        for index in range { number = number << 8 | UInt64(bytes[index]) }
        return number
    }
}
