// SPDX-License-Identifier: MIT

/// The reason why a peer's frames are refused; the connection fails (RFC 6455 §7.1.7).
package enum WebSocketError: Error, Equatable, Sendable {
    /// A reserved bit is set although no extension was negotiated.
    case reservedBits
    /// The opcode is not defined.
    case reservedOpcode(UInt8)
    /// A frame from a client is not masked.
    case unmaskedFrame
    /// A frame from a server is masked.
    case maskedFrame
    /// A length is not in its shortest form or exceeds 63 bits.
    case malformedLength
    /// A control frame is fragmented.
    case fragmentedControl
    /// A control frame is longer than 125 bytes.
    case longControl
    /// A continuation frame arrived when no message was open.
    case unexpectedContinuation
    /// A message began before the previous one ended.
    case expectedContinuation
    /// A message is larger than `limit` bytes.
    case messageTooLarge(limit: Int)
    /// A text, or the reason of a close frame, is not UTF-8.
    case malformedText
    /// A close frame has a payload of one byte.
    case malformedClose
    /// A close frame has a code that must not be sent.
    case forbiddenCloseCode(UInt16)
}

extension WebSocketError {
    /// The code of the close frame to send (RFC 6455 §7.4.1).
    package var closeCode: UInt16 {
        switch self {
        case .messageTooLarge: 1009
        case .malformedText: 1007
        default: 1002
        }
    }

    /// The reason in the close frame, at most 123 bytes; contains no bytes of the peer.
    package var message: String {
        switch self {
        case .reservedBits: "reserved bits are set"
        case .reservedOpcode: "the opcode is reserved"
        case .unmaskedFrame: "a client must mask its frames"
        case .maskedFrame: "a server must not mask its frames"
        case .malformedLength: "the length is not in its shortest form"
        case .fragmentedControl: "a control frame is fragmented"
        case .longControl: "a control frame is too long"
        case .unexpectedContinuation: "a continuation frame without a message"
        case .expectedContinuation: "a new message before the end of the previous one"
        case .messageTooLarge(let limit): "the message is larger than \(limit) bytes"
        case .malformedText: "the text is not UTF-8"
        case .malformedClose: "the close frame is malformed"
        case .forbiddenCloseCode: "the close code is not allowed"
        }
    }
}
