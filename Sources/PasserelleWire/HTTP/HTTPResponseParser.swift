// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole responses.
package struct HTTPResponseParser: Sendable {
    /// Makes a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {}
    /// Notes that the next response answers HEAD.
    package mutating func requestWasHEAD() {}
    /// Takes in what the server has sent.
    package mutating func append(_ bytes: Span<UInt8>) {}
    /// Gives the next whole response, or `nil` when only part has come.
    package mutating func next() throws(HTTPError) -> HTTPResponse? { nil }
    /// Gives the response that ends with the connection, if one is open.
    package mutating func closedByPeer() throws(HTTPError) -> HTTPResponse? { nil }
    /// Gives the bytes behind the last response.
    package mutating func takeRemainder() -> [UInt8] { [] }
}
