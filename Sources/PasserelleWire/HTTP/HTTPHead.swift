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

/// A parser for the first line of a complete head (RFC 9112 §3 and §4).
enum HTTPStartLine {
    /// Parses `METHOD SP target SP HTTP/1.x CR LF`, with single spaces only.
    ///
    /// Returns the method, a token; the target as received, visible ASCII; and the index after the
    /// line's CR LF.
    static func request(
        _ head: Span<UInt8>
    ) throws(HTTPError) -> (method: String, target: String, version: HTTPVersion, end: Int) {
        var index = 0
        while index < head.count, HTTPSyntax.isToken(head[index]) { index += 1 }
        let methodEnd = index
        guard methodEnd > 0, head[methodEnd] == 0x20 else {
            throw startError(head[methodEnd], .malformedMethod)
        }
        index += 1
        while index < head.count, isTargetByte(head[index]) { index += 1 }
        let targetEnd = index
        guard targetEnd > methodEnd + 1, head[targetEnd] == 0x20 else {
            throw startError(head[targetEnd], .malformedTarget)
        }
        index += 1
        let version = try version(head, &index)
        try takeLineEnd(head, &index)
        let method = String(copying: head.extracting(0..<methodEnd))
        return (method, String(copying: head.extracting(methodEnd + 1..<targetEnd)), version, index)
    }

    /// Parses `HTTP/1.x SP status SP reason CR LF`; the last space may be missing.
    ///
    /// Returns the status, 100 to 999, and the index after the line's CR LF.
    static func status(
        _ head: Span<UInt8>
    ) throws(HTTPError) -> (status: Int, version: HTTPVersion, end: Int) {
        var index = 0
        let version = try version(head, &index)
        guard head.count > index + 4, head[index] == 0x20 else { throw .malformedStartLine }
        var status = 0
        for _ in 0..<3 {
            index += 1
            guard HTTPSyntax.isDigit(head[index]) else { throw .malformedStartLine }
            status = status * 10 + Int(head[index] - 0x30)
        }
        index += 1
        guard status >= 100, head[index] == 0x20 || head[index] == 0x0D else {
            throw .malformedStartLine
        }
        while index < head.count, HTTPSyntax.isFieldByte(head[index]) { index += 1 }
        try HTTPHead.takeLineEnd(head, &index)
        return (status, version, index)
    }

    private static func version(
        _ head: Span<UInt8>, _ index: inout Int
    ) throws(HTTPError) -> HTTPVersion {
        guard head.count >= index + 8, head[index] == 0x48, head[index + 1] == 0x54,
            head[index + 2] == 0x54, head[index + 3] == 0x50, head[index + 4] == 0x2F,
            HTTPSyntax.isDigit(head[index + 5]), head[index + 6] == 0x2E,
            HTTPSyntax.isDigit(head[index + 7])
        else { throw .malformedStartLine }
        guard head[index + 5] == 0x31 else { throw .unsupportedVersion }
        defer { index += 8 }
        return head[index + 7] == 0x30 ? .http10 : .http11
    }

    private static func takeLineEnd(
        _ head: Span<UInt8>, _ index: inout Int
    ) throws(HTTPError) {
        let byte = head[index]
        guard byte == 0x0D || byte == 0x0A else { throw startError(byte, .malformedStartLine) }
        try HTTPHead.takeLineEnd(head, &index)
    }

    private static func startError(_ byte: UInt8, _ otherwise: HTTPError) -> HTTPError {
        switch byte {
        case 0x09, 0x20: otherwise
        case 0x0D: .malformedStartLine
        case 0x00..<0x20, 0x7F...: .forbiddenByte(byte)
        default: otherwise
        }
    }

    /// Returns true if the byte is visible ASCII and not `#`: a fragment is never sent.
    @inline(__always)
    private static func isTargetByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != 0x23
    }
}
