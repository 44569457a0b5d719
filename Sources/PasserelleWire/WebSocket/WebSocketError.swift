// SPDX-License-Identifier: MIT

/// Says why a peer's frames cannot be accepted; after it the connection fails (RFC 6455 §7.1.7).
package enum WebSocketError: Error, Equatable, Sendable {
    /// A reserved bit is set and no extension was agreed on.
    case reservedBits
    /// The opcode has no meaning.
    case reservedOpcode(UInt8)
    /// A client's frame came unmasked.
    case unmaskedFrame
    /// A server's frame came masked.
    case maskedFrame
    /// A length does not stand in its shortest form, or passes 63 bits.
    case malformedLength
    /// A control frame is fragmented.
    case fragmentedControl
    /// A control frame is longer than 125 bytes.
    case longControl
    /// A continuation came without a message begun.
    case unexpectedContinuation
    /// A message began before the last one ended.
    case expectedContinuation
    /// A message passes this many bytes.
    case messageTooLarge(limit: Int)
    /// Text, or the reason of a close, is no UTF-8.
    case malformedText
    /// A close frame's payload is one byte long.
    case malformedClose
    /// A close frame holds a code that may not stand on the wire.
    case forbiddenCloseCode(UInt16)
}

extension WebSocketError {
    /// Gives the code of the close frame that tells the peer (RFC 6455 §7.4.1).
    package var closeCode: UInt16 {
        switch self {
        case .messageTooLarge: 1009
        case .malformedText: 1007
        default: 1002
        }
    }

    /// Gives the reason for the close frame, at most 123 bytes, with none of the peer's in it.
    package var message: String {
        switch self {
        case .reservedBits: "reserved bits are set"
        case .reservedOpcode: "the opcode is reserved"
        case .unmaskedFrame: "a client must mask its frames"
        case .maskedFrame: "a server must not mask its frames"
        case .malformedLength: "the length is not in its shortest form"
        case .fragmentedControl: "a control frame is fragmented"
        case .longControl: "a control frame is too long"
        case .unexpectedContinuation: "a continuation without a start"
        case .expectedContinuation: "a message inside a message"
        case .messageTooLarge(let limit): "the message is larger than \(limit) bytes"
        case .malformedText: "the text is not UTF-8"
        case .malformedClose: "the close frame is malformed"
        case .forbiddenCloseCode: "the close code is not allowed"
        }
    }
}
