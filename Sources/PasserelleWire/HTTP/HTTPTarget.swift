// SPDX-License-Identifier: MIT

/// Undoes and does the percent-encoding of paths and queries (RFC 3986 §2.1).
package enum HTTPTarget {
    /// The most items of one query.
    package static let itemLimit = 2_048

    /// Gives the decoded segments of a path; `/` alone has none, and `%2F` parts nothing.
    ///
    /// Dot segments are refused, encoded or not, since a proxy in front may have read them.
    package static func decodePath(_ raw: String) throws(HTTPTargetError) -> [String] {
        let bytes = raw.utf8
        guard bytes.first == 0x2F else { throw .notAPath }
        guard bytes.count > 1 else { return [] }
        var segments: [String] = []
        for part in bytes.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false) {
            let segment = try decode(part, plusIsSpace: false)
            guard segment != ".", segment != ".." else { throw .dotSegment }
            segments.append(segment)
        }
        return segments
    }

    /// Gives the decoded items of a query in order, as forms write them: `+` is a space.
    ///
    /// An item without `=` has an empty value; empty items are passed over. At most `itemLimit`.
    package static func decodeQuery(
        _ raw: String
    ) throws(HTTPTargetError) -> [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        for part in raw.utf8.split(separator: 0x26) {
            guard items.count < itemLimit else { throw .tooManyItems(limit: itemLimit) }
            let equals = part.firstIndex(of: 0x3D)
            let name = try decode(part[..<(equals ?? part.endIndex)], plusIsSpace: true)
            let value = try equals.map { (index) throws(HTTPTargetError) in
                try decode(part[part.index(after: index)...], plusIsSpace: true)
            }
            items.append((name, value ?? ""))
        }
        return items
    }

    /// Encodes all but the unreserved characters, so that the text may stand anywhere in a target.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                out.append(byte)
            } else {
                out.append(0x25)
                out.append(HTTPSyntax.hexDigit(byte >> 4))
                out.append(HTTPSyntax.hexDigit(byte & 15))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func decode(
        _ part: Substring.UTF8View, plusIsSpace: Bool
    ) throws(HTTPTargetError) -> String {
        var out: [UInt8] = []
        var rest = part.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case 0x25:
                guard let high = rest.next().flatMap(HTTPSyntax.hexValue),
                    let low = rest.next().flatMap(HTTPSyntax.hexValue)
                else { throw .malformedEscape }
                out.append(high << 4 | low)
            case 0x2B where plusIsSpace: out.append(0x20)
            default: out.append(byte)
            }
        }
        guard let text = String(validating: out, as: UTF8.self), !out.contains(0) else {
            throw .malformedText
        }
        return text
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A, 0x7E: true
        default: false
        }
    }
}
