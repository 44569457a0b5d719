// SPDX-License-Identifier: MIT

/// One whole response, or its head where the body comes apart (RFC 9112 §4).
package struct HTTPResponse: Equatable, Sendable {
    /// The status code, three digits.
    package var status: Int
    /// The version the server speaks.
    package var version: HTTPVersion
    /// The fields in order.
    package var fields: HTTPFields
    /// The body, its transfer coding undone.
    package var body: [UInt8]

    /// Makes a response to be sent, or one for a test.
    package init(
        status: Int, fields: HTTPFields = [:], body: [UInt8] = [], version: HTTPVersion = .http11
    ) {
        self.status = status
        self.version = version
        self.fields = fields
        self.body = body
    }

    /// Tells whether the connection stays open for a further request (RFC 9112 §9.3).
    package var keepsAlive: Bool { fields.keepsAlive(version) }
}
