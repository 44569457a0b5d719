// SPDX-License-Identifier: MIT

/// Reads the words of one line from its left, and writes them.
struct LineWords {
    private var at = 0

    /// Takes the next word, unquoted, or nil at the line's end.
    ///
    /// A word is what stands between spaces, or one JSON string.
    mutating func next(_ line: Span<UInt8>) throws(LineError) -> String? {
        skipSpace(line)
        guard at < line.count else { return nil }
        if line[at] == UInt8(ascii: "\"") { return try quoted(line) }
        let start = at
        while at < line.count, line[at] != UInt8(ascii: " ") {
            guard line[at] >= 0x20, line[at] != 0x7F else { throw .notText }
            at += 1
        }
        guard let text = try? UTF8Span(validating: line.extracting(start..<at)) else {
            throw .notText
        }
        return String(copying: text)
    }

    /// Takes the next word, which must be there; `name` says what it is for.
    mutating func required(_ name: String, _ line: Span<UInt8>) throws(LineError) -> String {
        guard let word = try next(line) else { throw .missing(word: name) }
        return word
    }

    /// Whether only spaces are left.
    mutating func isAtEnd(_ line: Span<UInt8>) -> Bool {
        skipSpace(line)
        return at == line.count
    }

    /// The next byte behind the spaces, or nil at the line's end.
    mutating func peek(_ line: Span<UInt8>) -> UInt8? {
        isAtEnd(line) ? nil : line[at]
    }

    /// Takes all that is left as one JSON value, or nil at the line's end.
    mutating func json(_ line: Span<UInt8>) throws(LineError) -> [UInt8]? {
        guard !isAtEnd(line) else { return nil }
        let rest = line.extracting(at..<line.count)
        at = line.count
        guard let root = try? JSONScanner.document(rest) else { throw .badJSON }
        var out: [UInt8] = []
        JSONWriter.oneLine(rest, root, into: &out)
        return out
    }

    /// Takes all that is left as text; the empty one at the line's end.
    ///
    /// A CR in it becomes a space, as in a line that is written, and none stands in front of it;
    /// other control characters stay, since who shows the text has to see to them anyway.
    mutating func rest(_ line: Span<UInt8>) throws(LineError) -> String {
        while at < line.count, line[at] == UInt8(ascii: " ") || line[at] == 0x0D { at += 1 }
        let start = at
        at = line.count
        guard let text = try? UTF8Span(validating: line.extracting(start..<at)) else {
            throw .notText
        }
        return String(copying: text).replacing("\r", with: " ")
    }

    /// Appends a word, as a JSON string where it could be taken for something else.
    static func append(_ word: String, into out: inout [UInt8]) {
        let isPlain = word.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        switch word.utf8.first {
        case nil, UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["):
            JSONWriter.string(word, into: &out)
        default:
            if isPlain {
                out.append(contentsOf: word.utf8)
            } else {
                JSONWriter.string(word, into: &out)
            }
        }
    }

    private mutating func skipSpace(_ line: Span<UInt8>) {
        while at < line.count, line[at] == UInt8(ascii: " ") { at += 1 }
    }

    private mutating func quoted(_ line: Span<UInt8>) throws(LineError) -> String {
        var cursor = JSONCursor(at: at, end: line.count)
        guard let slice = try? cursor.string(line), let word = JSONScanner.text(line, slice),
            cursor.at == line.count || line[cursor.at] == UInt8(ascii: " ")
        else { throw .badString }
        at = cursor.at
        return word
    }
}
