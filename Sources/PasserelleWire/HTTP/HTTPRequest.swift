// SPDX-License-Identifier: MIT

/// A complete request (RFC 9112 §3).
package struct HTTPRequest: Equatable, Sendable {
    /// The method, a case-sensitive token.
    package var method: String
    /// The target in origin form, or `*`; the parser converts an absolute form.
    package var target: String
    /// The version of the client.
    package var version: HTTPVersion
    /// The fields in order; `Host` occurs at most once.
    package var fields: HTTPFields
    /// The body after transfer decoding.
    package var body: [UInt8]

    /// Creates a request.
    package init(
        method: String, target: String, fields: HTTPFields = [:], body: [UInt8] = [],
        version: HTTPVersion = .http11
    ) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
        self.body = body
    }

    /// The target up to its question mark, still percent-encoded.
    package var path: String {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: 0x3F) else { return target }
        return String(target[..<mark])
    }

    /// The part after the target's first question mark, still percent-encoded.
    package var query: String? {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: 0x3F) else { return nil }
        return String(target[bytes.index(after: mark)...])
    }

    /// True if the connection stays open for another request (RFC 9112 §9.3).
    package var keepsAlive: Bool { fields.keepsAlive(version) }
}

extension HTTPFields {
    /// Returns true if `Connection`, by the rules of this version, allows further messages.
    func keepsAlive(_ version: HTTPVersion) -> Bool {
        if hasToken("connection", "close") { return false }
        return version == .http11 || hasToken("connection", "keep-alive")
    }
}

/// The version of a message, which determines its framing and connection rules (RFC 9112 §2.3).
package enum HTTPVersion: Equatable, Sendable {
    /// HTTP/1.0: one exchange per connection unless both ends ask for more; no chunked coding.
    case http10
    /// HTTP/1.1 or a later minor version, which must be handled as 1.1.
    case http11
}
