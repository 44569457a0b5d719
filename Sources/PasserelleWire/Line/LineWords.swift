// SPDX-License-Identifier: MIT

/// A parser for the words of one line, from left to right, and their encoder.
struct LineWords {
    private var at = 0

    /// Returns the next word, unquoted, or `nil` at the end of the line.
    ///
    /// A word is a run of bytes without spaces, or one JSON string.
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

    /// Returns the next word; throws an error with `name` if there is none.
    mutating func required(_ name: String, _ line: Span<UInt8>) throws(LineError) -> String {
        guard let word = try next(line) else { throw .missing(word: name) }
        return word
    }

    /// Returns true if only spaces are left.
    mutating func isAtEnd(_ line: Span<UInt8>) -> Bool {
        skipSpace(line)
        return at == line.count
    }

    /// Returns the next byte after spaces, or `nil` at the end of the line.
    mutating func peek(_ line: Span<UInt8>) -> UInt8? {
        isAtEnd(line) ? nil : line[at]
    }

    /// Parses the rest of the line as one JSON value; `nil` at the end of the line.
    mutating func json(_ line: Span<UInt8>) throws(LineError) -> [UInt8]? {
        guard !isAtEnd(line) else { return nil }
        let rest = line.extracting(at..<line.count)
        at = line.count
        guard let root = try? JSONScanner.document(rest) else { throw .badJSON }
        return JSONWriter.oneLine(rest, root)
    }

    /// Returns the rest of the line as text; empty at the end of the line.
    ///
    /// A CR in it becomes a space, as in encoded lines, and leading ones are dropped. Other control
    /// characters are kept: the program that displays the text must escape them.
    mutating func rest(_ line: Span<UInt8>) throws(LineError) -> String {
        while at < line.count, line[at] == UInt8(ascii: " ") || line[at] == 0x0D { at += 1 }
        let start = at
        at = line.count
        guard let text = try? UTF8Span(validating: line.extracting(start..<at)) else {
            throw .notText
        }
        return String(copying: text).replacing("\r", with: " ")
    }

    /// Appends a word, as a JSON string if it would otherwise be ambiguous.
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
