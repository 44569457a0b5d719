// SPDX-License-Identifier: MIT

/// Gives a response piece by piece.
package enum HTTPResponsePart: Equatable, Sendable {
    /// The head; its `body` is empty.
    case head(HTTPResponse)
    /// More of the body.
    case body([UInt8])
    /// The end of the body.
    case end
}

/// Turns the bytes of one connection into the pieces of responses as they come.
package struct HTTPResponseStreamParser: Sendable {
    /// Makes a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {}
    /// Notes that the next response answers HEAD.
    package mutating func requestWasHEAD() {}
    /// Takes in what the server has sent.
    package mutating func append(_ bytes: Span<UInt8>) {}
    /// Gives the next piece, or `nil` when more must come.
    package mutating func next() throws(HTTPError) -> HTTPResponsePart? { nil }
    /// Notes the end of the connection.
    package mutating func closedByPeer() throws(HTTPError) {}
    /// Gives the bytes behind the last response.
    package mutating func takeRemainder() -> [UInt8] { [] }
}
