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
