// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole responses (RFC 9112).
///
/// Append what comes, then ask `next` until it gives `nil`. Interim responses are passed over but
/// for 101, behind which `takeRemainder` gives what belongs to the next protocol.
package struct HTTPResponseParser: Sendable {
    private var parts: HTTPResponseStreamParser
    private var pending: HTTPResponse?

    /// Makes a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        parts = HTTPResponseStreamParser(limits: limits)
    }

    /// Notes that the next response answers HEAD and so has no body (RFC 9110 §9.3.2).
    package mutating func requestWasHEAD() { parts.requestWasHEAD() }

    /// Takes in what the server has sent.
    package mutating func append(_ bytes: Span<UInt8>) { parts.append(bytes) }

    /// Gives the next whole response, or `nil` when only part has come.
    package mutating func next() throws(HTTPError) -> HTTPResponse? {
        while let part = try parts.next() {
            switch part {
            case .head(let head): pending = head
            case .body(let bytes): add(bytes)
            case .end: return pending.take()
            }
        }
        return nil
    }

    /// Notes the end of the connection, and gives the response that it completes, if one does.
    ///
    /// Throws `cutShort` in the middle of any other response.
    package mutating func closedByPeer() throws(HTTPError) -> HTTPResponse? {
        if let whole = try next() { return whole }
        try parts.closedByPeer()
        return try next()
    }

    /// Gives the bytes behind the last response, for the protocol that follows an upgrade.
    package mutating func takeRemainder() -> [UInt8] { parts.takeRemainder() }

    private mutating func add(_ bytes: [UInt8]) {
        guard var response = pending.take() else { return }
        if response.body.isEmpty {
            response.body = bytes
        } else {
            response.body.append(contentsOf: bytes)
        }
        pending = response
    }
}
