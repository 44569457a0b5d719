// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole requests, pipelined ones in turn (RFC 9112).
package struct HTTPRequestParser: Sendable {
    /// Makes a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {}
    /// Takes in what the client has sent.
    package mutating func append(_ bytes: Span<UInt8>) {}
    /// Gives the next whole request, or `nil` when only part has come.
    package mutating func next() throws(HTTPError) -> HTTPRequest? { nil }
    /// Tells whether no part of a request is held.
    package var isIdle: Bool { true }
    /// Tells whether a head is complete and its body awaited.
    package var hasHead: Bool { false }
    /// Tells once that the client waits for `100 Continue`.
    package mutating func takeExpectsContinue() -> Bool { false }
    /// Gives the bytes behind the last request.
    package mutating func takeRemainder() -> [UInt8] { [] }
}
