// SPDX-License-Identifier: MIT

/// The percent-encoding and decoding of paths and queries (RFC 3986 §2.1).
package enum HTTPTarget {
    /// The maximum number of items in one query.
    package static let itemLimit = 2_048

    /// Returns the decoded segments of a path, empty for `/`; `%2F` does not separate segments.
    ///
    /// Dot segments are refused, encoded or not, since a proxy in front may have resolved them.
    package static func decodePath(_ raw: String) throws(HTTPTargetError) -> [String] {
        let bytes = raw.utf8
        guard bytes.first == 0x2F else { throw .notAPath }
        guard bytes.count > 1 else { return [] }
        var segments: [String] = []
        for part in bytes.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false) {
            let segment = try decode(part.span, plusIsSpace: false)
            guard segment != ".", segment != ".." else { throw .dotSegment }
            segments.append(segment)
        }
        return segments
    }

    /// Returns the decoded items of a query in order, by the rules of forms: `+` is a space.
    ///
    /// An item without `=` has an empty value. Empty items are skipped. At most `itemLimit`.
    package static func decodeQuery(
        _ raw: String
    ) throws(HTTPTargetError) -> [(name: String, value: String)] {
        let bytes = raw.utf8.span
        var items: [(name: String, value: String)] = []
        var start = 0
        while start < bytes.count {
            let end = index(of: 0x26, in: bytes, from: start)
            defer { start = end + 1 }
            guard end > start else { continue }
            guard items.count < itemLimit else { throw .tooManyItems(limit: itemLimit) }
            let item = bytes.extracting(start..<end)
            let equals = index(of: 0x3D, in: item, from: 0)
            let name = try decode(item.extracting(..<equals), plusIsSpace: true)
            let value = item.extracting(min(equals + 1, item.count)...)
            items.append((name, try decode(value, plusIsSpace: true)))
        }
        return items
    }

    /// Encodes all but the unreserved characters, so that the text is safe anywhere in a target.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) { out.append(byte) } else { escape(byte, into: &out) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Appends the percent-encoding of one byte.
    static func escape(_ byte: UInt8, into out: inout [UInt8]) {
        out += [0x25, HTTPSyntax.hexDigit(byte >> 4), HTTPSyntax.hexDigit(byte & 15)]
    }

    private static func decode(
        _ part: Span<UInt8>, plusIsSpace: Bool
    ) throws(HTTPTargetError) -> String {
        // Most parts need no decoding.
        if isPlain(part) { return String(copying: part) }
        var out: [UInt8] = []
        var index = 0
        while index < part.count {
            switch part[index] {
            case 0x25:
                guard index + 2 < part.count, let high = HTTPSyntax.hexValue(part[index + 1]),
                    let low = HTTPSyntax.hexValue(part[index + 2])
                else { throw .malformedEscape }
                out.append(high << 4 | low)
                index += 2
            case 0x2B where plusIsSpace: out.append(0x20)
            default: out.append(part[index])
            }
            index += 1
        }
        guard let text = String(validating: out, as: UTF8.self), !out.contains(0) else {
            throw .malformedText
        }
        return text
    }

    /// Returns true if the bytes are visible ASCII that needs no decoding.
    private static func isPlain(_ part: Span<UInt8>) -> Bool {
        for index in part.indices {
            let byte = part[index]
            guard byte > 0x20, byte < 0x7F, byte != 0x25, byte != 0x2B else { return false }
        }
        return true
    }

    /// Returns the index of the first such byte, or the count if there is none.
    private static func index(of byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != byte { index += 1 }
        return index
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
        default: false
        }
    }
}

/// The reason why a target cannot be decoded.
package enum HTTPTargetError: Error, Equatable, Sendable {
    /// The path does not start with a slash.
    case notAPath
    /// A percent sign is not followed by two hexadecimal digits.
    case malformedEscape
    /// The decoded text is not UTF-8 or contains a NUL.
    case malformedText
    /// A segment is `.` or `..`.
    case dotSegment
    /// The query has more than `limit` items.
    case tooManyItems(limit: Int)
}
