// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// A file for browsers as it is served: a script of the module, its types, or a part of a page.
package struct BrowserFile: Equatable, Sendable {
    /// How long an answer may be kept without a question to the gateway.
    package enum Caching: String, Sendable {
        /// The name stands for the current version: every use asks whether the file has changed.
        case revalidated = "no-cache"
        /// The name contains the version: the file never changes.
        case immutable = "public, max-age=31536000, immutable"
    }

    /// The last segment of the file's path.
    package let name: String
    /// The content.
    package let bytes: [UInt8]
    /// The value of `Content-Type`, by the name's ending.
    package let contentType: String
    /// The strong entity tag, from a digest of the content.
    package let entityTag: String
    /// How long an answer may be kept.
    package let caching: Caching
    /// Further fields of every answer.
    package let fields: HTTPFields

    /// Describes a file; computes its tag.
    package init(
        name: String, bytes: [UInt8], caching: Caching, fields: HTTPFields = publicFields
    ) {
        self.name = name
        self.bytes = bytes
        self.caching = caching
        self.fields = fields
        let ending = name.split(separator: ".").last ?? ""
        contentType = Self.types[String(ending)] ?? "text/plain; charset=utf-8"
        entityTag = "\"\(Hex.encode(Array(Digest.sha256(bytes).prefix(16))))\""
    }

    /// The media types by the last part of the name.
    private static let types = [
        "css": "text/css; charset=utf-8", "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8", "json": "application/json",
    ]

    /// Fields of the module's files: pages of any origin may load the file, which is the same for
    /// all of them, without credentials.
    package static let publicFields: HTTPFields = [
        "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    ]

    /// Returns the answer to GET and HEAD: the file, or 304 if the client has it.
    package func answer(_ fields: HTTPFields) -> HTTPResponse {
        var answer = HTTPResponse(status: 200, fields: self.fields)
        answer.fields.set("Cache-Control", caching.rawValue)
        answer.fields.set("ETag", entityTag)
        guard !isHeld(by: fields) else {
            answer.status = 304
            return answer
        }
        answer.fields.set("Content-Type", contentType)
        answer.body = bytes
        return answer
    }

    /// True if `If-None-Match` names the file's tag; tags compare weakly (RFC 9110 §13.1.2), since
    /// a proxy that compresses an answer weakens its tag.
    private func isHeld(by fields: HTTPFields) -> Bool {
        fields.all("If-None-Match").contains { list in
            list.split(separator: ",").contains { part in
                var tag = part.drop { $0 == " " || $0 == "\t" }
                while tag.last == " " || tag.last == "\t" { tag.removeLast() }
                return tag == "*" || tag == entityTag || tag == "W/" + entityTag
            }
        }
    }
}
