// SPDX-License-Identifier: MIT

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
