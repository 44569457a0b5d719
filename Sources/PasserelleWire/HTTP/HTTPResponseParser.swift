// SPDX-License-Identifier: MIT

/// A parser that turns the bytes of one connection into complete responses (RFC 9112).
///
/// Call `append` with received bytes, then `next` until it returns `nil`. Interim responses are
/// skipped, except for 101: `takeRemainder` then returns the bytes of the next protocol.
package struct HTTPResponseParser: Sendable {
    private var parts: HTTPResponseStreamParser
    private var pending: HTTPResponse?

    /// Creates a parser for a new connection.
    package init(limits: HTTPLimits = HTTPLimits()) {
        parts = HTTPResponseStreamParser(limits: limits)
    }

    /// Must be called if the next response answers HEAD and so has no body (RFC 9110 §9.3.2).
    package mutating func requestWasHEAD() { parts.requestWasHEAD() }

    /// Appends bytes received from the server.
    package mutating func append(_ bytes: Span<UInt8>) { parts.append(bytes) }

    /// Returns the next complete response, or `nil` if it is incomplete.
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

    /// Handles the end of the connection; returns the response that it completes, if any.
    ///
    /// Throws `cutShort` if any other response is incomplete.
    package mutating func closedByPeer() throws(HTTPError) -> HTTPResponse? {
        if let whole = try next() { return whole }
        try parts.closedByPeer()
        return try next()
    }

    /// Returns the bytes after the last response, for the protocol that follows an upgrade.
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

/// A complete response, or its head if the body is sent separately (RFC 9112 §4).
package struct HTTPResponse: Equatable, Sendable {
    /// The status code, three digits.
    package var status: Int
    /// The version of the server.
    package var version: HTTPVersion
    /// The fields in order.
    package var fields: HTTPFields
    /// The body after transfer decoding.
    package var body: [UInt8]

    /// Creates a response.
    package init(
        status: Int, fields: HTTPFields = [:], body: [UInt8] = [], version: HTTPVersion = .http11
    ) {
        self.status = status
        self.version = version
        self.fields = fields
        self.body = body
    }

    /// True if the connection stays open for another request (RFC 9112 §9.3).
    package var keepsAlive: Bool { fields.keepsAlive(version) }
}
