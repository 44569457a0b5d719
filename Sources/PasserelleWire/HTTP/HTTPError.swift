// SPDX-License-Identifier: MIT

/// Says why bytes are no acceptable HTTP message; after it the connection cannot go on.
package enum HTTPError: Error, Equatable, Sendable {
    /// A line end is not CR LF: one of both stands alone.
    case bareLineEnd
    /// A byte stands where it may not: a control, NUL, or above ASCII in a target.
    case forbiddenByte(UInt8)
    /// The start line is not of the form the RFC gives.
    case malformedStartLine
    /// The method is no token.
    case malformedMethod
    /// The target is in none of the four forms, or in one that the method does not allow.
    case malformedTarget
    /// The method asks for a tunnel.
    case tunnelRefused
    /// The major version is not 1.
    case unsupportedVersion
    /// A field line has no colon, no name, or a name that is no token.
    case malformedFieldName
    /// A blank stands between a field name and its colon.
    case spaceBeforeColon
    /// A field line starts with a blank: the folding that RFC 9112 §5.2 lets servers refuse.
    case foldedField
    /// The head passes this many bytes.
    case headTooLarge(limit: Int)
    /// There are more than this many fields.
    case tooManyFields(limit: Int)
    /// A 1.1 request names no host.
    case missingHost
    /// `Host` stands more than once.
    case repeatedHost
    /// `Host` holds what is no host and port.
    case malformedHost
    /// `Content-Length` is not one decimal number.
    case malformedLength
    /// `Content-Length` stands more than once, or with `Transfer-Encoding`.
    case conflictingLengths
    /// `Transfer-Encoding` does not end in one `chunked`, or comes with HTTP/1.0.
    case malformedTransferCoding
    /// A transfer coding other than `chunked` is asked for.
    case unsupportedTransferCoding
    /// The body passes this many bytes.
    case bodyTooLarge(limit: Int)
    /// A chunk's size line is no hexadecimal number, too long, or passes 63 bits.
    case malformedChunkSize
    /// A chunk's data is not followed by CR LF.
    case malformedChunkEnd
    /// The trailer section passes this many bytes.
    case trailerTooLarge(limit: Int)
    /// The peer closed in the middle of a message.
    case cutShort
}

extension HTTPError {
    /// Gives the status a server answers with before it closes.
    package var status: Int {
        switch self {
        case .headTooLarge, .tooManyFields, .trailerTooLarge: 431
        case .bodyTooLarge: 413
        case .unsupportedTransferCoding, .tunnelRefused: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// Gives one sentence for the answer's body, with none of the peer's bytes in it.
    package var message: String {
        switch self {
        case .bareLineEnd: "A line must end with CR LF."
        case .forbiddenByte(let byte): "The byte \(byte) may not stand in a message's head."
        case .malformedStartLine: "The start line is malformed."
        case .malformedMethod: "The method is not a token."
        case .malformedTarget: "The request target is malformed."
        case .tunnelRefused: "This server opens no tunnels."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are understood."
        case .malformedFieldName: "A field name is malformed."
        case .spaceBeforeColon: "No space may stand before the colon of a field."
        case .foldedField: "A field may not be folded over lines."
        case .headTooLarge(let limit): "The head is larger than \(limit) bytes."
        case .tooManyFields(let limit): "There are more than \(limit) fields."
        case .missingHost: "The Host field is missing."
        case .repeatedHost: "The Host field stands more than once."
        case .malformedHost: "The Host field is malformed."
        case .malformedLength: "Content-Length is not a number."
        case .conflictingLengths: "The length of the body is given more than once."
        case .malformedTransferCoding: "Transfer-Encoding is malformed."
        case .unsupportedTransferCoding: "Only the transfer coding chunked is understood."
        case .bodyTooLarge(let limit): "The body is larger than \(limit) bytes."
        case .malformedChunkSize: "A chunk size is malformed."
        case .malformedChunkEnd: "A chunk is not followed by CR LF."
        case .trailerTooLarge(let limit): "The trailer section is larger than \(limit) bytes."
        case .cutShort: "The connection was closed in the middle of a message."
        }
    }
}
