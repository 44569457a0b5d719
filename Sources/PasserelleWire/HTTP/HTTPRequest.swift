// SPDX-License-Identifier: MIT

/// One whole request (RFC 9112 §3).
package struct HTTPRequest: Equatable, Sendable {
    /// The method, a token in its own case.
    package var method: String
    /// The target in origin form, or `*`; an absolute form is brought to this by the parser.
    package var target: String
    /// The version the client speaks.
    package var version: HTTPVersion
    /// The fields in order; `Host` stands once at most.
    package var fields: HTTPFields
    /// The body, its transfer coding undone.
    package var body: [UInt8]

    /// Makes a request to be sent, or one for a test.
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

    /// Gives the target up to its question mark, still percent-encoded.
    package var path: String {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: 0x3F) else { return target }
        return String(target[..<mark])
    }

    /// Gives what follows the target's first question mark, still percent-encoded.
    package var query: String? {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: 0x3F) else { return nil }
        return String(target[bytes.index(after: mark)...])
    }

    /// Tells whether the connection stays open for a further request (RFC 9112 §9.3).
    package var keepsAlive: Bool { fields.keepsAlive(version) }
}

extension HTTPFields {
    /// Tells what `Connection` says about further messages, under the rules of that version.
    func keepsAlive(_ version: HTTPVersion) -> Bool {
        if hasToken("connection", "close") { return false }
        return version == .http11 || hasToken("connection", "keep-alive")
    }
}
