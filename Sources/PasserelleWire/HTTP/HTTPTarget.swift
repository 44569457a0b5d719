// SPDX-License-Identifier: MIT

/// Says why a target's text cannot be decoded.
package enum HTTPTargetError: Error, Equatable, Sendable {
    /// The path does not start with a slash.
    case notAPath
    /// A percent sign is not followed by two hexadecimal digits.
    case malformedEscape
    /// What stands there, decoded, is no UTF-8 or holds a NUL.
    case malformedText
    /// A segment is `.` or `..`.
    case dotSegment
    /// The query has more than this many items.
    case tooManyItems(limit: Int)
}

/// Undoes and does the percent-encoding of paths and queries (RFC 3986 §2.1).
package enum HTTPTarget {
    /// The most items of one query.
    package static let itemLimit = 2_048

    /// Gives the decoded segments of a path; `/` alone has none, and `%2F` parts nothing.
    package static func decodePath(_ raw: String) throws(HTTPTargetError) -> [String] { [] }

    /// Gives the decoded items of a query as forms write it: `+` is a space.
    package static func decodeQuery(
        _ raw: String
    ) throws(HTTPTargetError) -> [(name: String, value: String)] { [] }

    /// Encodes all but the unreserved characters, so that the text may stand anywhere.
    package static func encode(_ text: String) -> String { text }
}
