// SPDX-License-Identifier: MIT

/// Writes messages as the bytes to send (RFC 9112).
package enum HTTPWriter {
    /// Gives a request; `Content-Length` stands when there is a body, or the method expects one.
    package static func request(_ request: HTTPRequest) -> [UInt8] { [] }

    /// Gives a whole response to a client of that version.
    package static func response(
        _ response: HTTPResponse, version: HTTPVersion = .http11, keepAlive: Bool,
        isHEAD: Bool = false
    ) -> [UInt8] { [] }

    /// Gives the head of a response without a known end: chunked, or ended by closing for 1.0.
    package static func streamHead(
        status: Int, fields: HTTPFields, version: HTTPVersion, keepAlive: Bool = true
    ) -> [UInt8] { [] }

    /// Adds one chunk with that data; empty data adds nothing, since it would end the body.
    package static func chunk(_ data: Span<UInt8>, into out: inout [UInt8]) {}

    /// Gives the end of a chunked body.
    package static let lastChunk: [UInt8] = Array("0\r\n\r\n".utf8)

    /// Gives the interim answer that lets a waiting client send its body.
    package static let continueResponse: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
}
