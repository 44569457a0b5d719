// SPDX-License-Identifier: MIT

/// The reason why bytes are not an acceptable HTTP message; the connection must be closed.
package struct HTTPError: Error, Equatable, Sendable {
    /// The status of the response that a server sends before it closes.
    package let status: Int
    /// One sentence for the body of the response; contains no bytes of the peer.
    package let message: String

    private init(_ message: String, _ status: Int = 400) {
        self.status = status
        self.message = message
    }
}

extension HTTPError {
    package static let bareLineEnd = HTTPError("A line must end with CR LF.")
    /// A control, NUL, or a non-ASCII byte in a target.
    package static func forbiddenByte(_ byte: UInt8) -> HTTPError {
        HTTPError("The byte \(byte) is not allowed in a message's head.")
    }
    package static let malformedStartLine = HTTPError("The start line is malformed.")
    package static let malformedMethod = HTTPError("The method is not a token.")
    /// The target does not have one of the four forms, or has one that the method does not allow.
    package static let malformedTarget = HTTPError("The request target is malformed.")
    package static let tunnelRefused = HTTPError("CONNECT is not supported.", 501)
    package static let unsupportedVersion = HTTPError(
        "Only HTTP/1.0 and HTTP/1.1 are supported.", 505)
    /// A field line has no colon, no name, or a name that is not a token.
    package static let malformedFieldName = HTTPError("A field name is malformed.")
    package static let spaceBeforeColon = HTTPError(
        "A space before the colon of a field is not allowed.")
    /// A field line starts with a blank, which servers may refuse (RFC 9112 §5.2).
    package static let foldedField = HTTPError("A field must not be folded over several lines.")
    package static func headTooLarge(limit: Int) -> HTTPError {
        HTTPError("The head is larger than \(limit) bytes.", 431)
    }
    package static func tooManyFields(limit: Int) -> HTTPError {
        HTTPError("There are more than \(limit) fields.", 431)
    }
    package static let missingHost = HTTPError("The Host field is missing.")
    package static let repeatedHost = HTTPError("The Host field occurs more than once.")
    package static let malformedHost = HTTPError("The Host field is malformed.")
    package static let malformedLength = HTTPError("Content-Length is not a number.")
    /// `Content-Length` occurs more than once, or together with `Transfer-Encoding`.
    package static let conflictingLengths = HTTPError(
        "The length of the body is given more than once.")
    /// `Transfer-Encoding` does not end in one `chunked`, or comes with HTTP/1.0.
    package static let malformedTransferCoding = HTTPError("Transfer-Encoding is malformed.")
    package static let unsupportedTransferCoding = HTTPError(
        "Only the transfer coding chunked is supported.", 501)
    package static func bodyTooLarge(limit: Int) -> HTTPError {
        HTTPError("The body is larger than \(limit) bytes.", 413)
    }
    /// A chunk's size line is not a hexadecimal number, is too long, or exceeds 63 bits.
    package static let malformedChunkSize = HTTPError("A chunk size is malformed.")
    package static let malformedChunkEnd = HTTPError("A chunk is not followed by CR LF.")
    package static func trailerTooLarge(limit: Int) -> HTTPError {
        HTTPError("The trailer section is larger than \(limit) bytes.", 431)
    }
    package static let cutShort = HTTPError("The connection was closed in the middle of a message.")
}
