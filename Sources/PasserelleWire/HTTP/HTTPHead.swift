// SPDX-License-Identifier: MIT

/// An incremental search for the end of a head that examines each byte once (RFC 9112 §2.1).
struct HTTPHead: Sendable {
    private var scanned = 0
    private var lineStart = 0
    private var lines = 0

    /// The number of fields in the lines so far, without the start line.
    var fieldCount: Int { max(0, lines - 1) }

    /// Returns the length of the head with its empty line, or `nil` if it is incomplete.
    ///
    /// `head` must hold the bytes of the previous call and those received since. Throws as soon as
    /// a line ends without CR or the head exceeds a limit.
    mutating func end(in head: Span<UInt8>, limits: HTTPLimits) throws(HTTPError) -> Int? {
        let stop = min(head.count, limits.headBytes)
        var index = scanned
        while index < stop {
            guard head[index] == 0x0A else {
                index += 1
                continue
            }
            guard index > lineStart, head[index - 1] == 0x0D else { throw .bareLineEnd }
            index += 1
            if index == lineStart + 2 { return index }
            lineStart = index
            lines += 1
            guard fieldCount <= limits.fieldCount else {
                throw .tooManyFields(limit: limits.fieldCount)
            }
        }
        scanned = index
        guard head.count < limits.headBytes else { throw .headTooLarge(limit: limits.headBytes) }
        return nil
    }

    /// Returns the length of the head at the start of `input`, or `nil` if it is incomplete.
    mutating func end(in input: InputBuffer, limits: HTTPLimits) throws(HTTPError) -> Int? {
        try input.read { (span: Span<UInt8>) throws(HTTPError) in
            try end(in: span, limits: limits)
        }
    }

    /// Parses complete field lines, each with its CR LF (RFC 9112 §5).
    static func fields(
        _ lines: Span<UInt8>, from start: Int, count: Int
    ) throws(HTTPError) -> HTTPFields {
        var entries: [HTTPFields.Entry] = []
        entries.reserveCapacity(count)
        var index = start
        while index < lines.count {
            entries.append(try field(lines, &index, offset: start))
        }
        return HTTPFields(bytes: [UInt8](copying: lines.extracting(start...)), entries: entries)
    }

    /// Checks that these are complete field lines, without keeping them.
    static func check(_ lines: Span<UInt8>) throws(HTTPError) {
        var index = 0
        while index < lines.count { _ = try field(lines, &index, offset: 0) }
    }

    private static func field(
        _ lines: Span<UInt8>, _ index: inout Int, offset: Int
    ) throws(HTTPError) -> HTTPFields.Entry {
        let nameStart = index
        while index < lines.count, HTTPSyntax.isToken(lines[index]) { index += 1 }
        let nameEnd = index
        guard nameEnd > nameStart, index < lines.count, lines[index] == 0x3A else {
            throw nameError(lines.extracting(nameStart...), nameEnd - nameStart)
        }
        index += 1
        while index < lines.count, HTTPSyntax.isBlank(lines[index]) { index += 1 }
        let valueStart = index
        while index < lines.count, HTTPSyntax.isFieldByte(lines[index]) { index += 1 }
        var valueEnd = index
        try takeLineEnd(lines, &index)
        while valueEnd > valueStart, HTTPSyntax.isBlank(lines[valueEnd - 1]) { valueEnd -= 1 }
        return HTTPFields.Entry(
            name: range(nameStart - offset, nameEnd - offset),
            value: range(valueStart - offset, valueEnd - offset))
    }

    /// Skips a CR LF; throws if there is none.
    static func takeLineEnd(_ lines: Span<UInt8>, _ index: inout Int) throws(HTTPError) {
        guard index + 1 < lines.count else { throw .bareLineEnd }
        let byte = lines[index]
        guard byte == 0x0D || byte == 0x0A else { throw .forbiddenByte(byte) }
        guard byte == 0x0D, lines[index + 1] == 0x0A else { throw .bareLineEnd }
        index += 2
    }

    private static func nameError(_ line: Span<UInt8>, _ length: Int) -> HTTPError {
        guard length < line.count else { return .malformedFieldName }
        let byte = line[length]
        switch byte {
        case 0x20, 0x09: return length == 0 ? .foldedField : blankError(line, length)
        case 0x0D:
            let isLineEnd = length + 1 < line.count && line[length + 1] == 0x0A
            return isLineEnd ? .malformedFieldName : .bareLineEnd
        case 0x00..<0x20, 0x7F: return .forbiddenByte(byte)
        default: return .malformedFieldName
        }
    }

    private static func blankError(_ line: Span<UInt8>, _ length: Int) -> HTTPError {
        var index = length
        while index < line.count, HTTPSyntax.isBlank(line[index]) { index += 1 }
        let isColon = index < line.count && line[index] == 0x3A
        return isColon ? .spaceBeforeColon : .malformedFieldName
    }

    private static func range(_ low: Int, _ high: Int) -> Range<UInt32> {
        UInt32(truncatingIfNeeded: low)..<UInt32(truncatingIfNeeded: high)
    }
}
