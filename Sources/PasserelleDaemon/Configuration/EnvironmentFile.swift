// SPDX-License-Identifier: MIT

/// Reads a Next.js `.env.local` or a systemd `EnvironmentFile` as it is.
///
/// - `NAME=VALUE` lines, `export` before and blanks around the `=` allowed; lines that are blank or
///   begin with `#` or `;` say nothing. LF, CR LF and CR end lines; a byte order mark is skipped.
/// - `"…"`: may span lines; `\n \r \t \" \\ \$` and `` \` `` are unescaped, any other backslash
///   stays, one at the end of a line joins the next line to it.
/// - `'…'` and `` `…` ``: as they stand, and may span lines.
/// - Without quotes: to the end of the line or to a `#` behind a blank; blanks at the end go; a
///   backslash stays but before `$`, and at the end of the line, where it joins the next one.
/// - `$NAME` is never expanded: Next.js would and systemd would not, so that outside `'…'` and
///   `` `…` `` it is an error rather than a guess.
///
/// A bad line is told in its own entry and spoils no other: the reading goes on behind that line.
package enum EnvironmentFile {
    /// One line that names a variable.
    package struct Entry: Equatable, Sendable {
        /// The variable's name.
        package var name: String
        /// Its value, or what is wrong with it.
        package var value: Result<String, EnvironmentFileError>
        /// The line that the name is on, from 1.
        package var line: Int

        /// An entry from its parts.
        package init(name: String, value: Result<String, EnvironmentFileError>, line: Int) {
            self.name = name
            self.value = value
            self.line = line
        }
    }

    /// Gives the file's entries in their order; of several with one name the last counts.
    package static func parse(_ bytes: [UInt8]) -> [Entry] {
        var cursor = EnvironmentCursor(bytes)
        var entries: [Entry] = []
        while !cursor.isAtEnd {
            if let entry = entry(&cursor) { entries.append(entry) }
            cursor.skipLine()
        }
        return entries
    }

    /// Reads one line, up to its end or up to what is wrong; nil where it names no variable.
    private static func entry(_ cursor: inout EnvironmentCursor) -> Entry? {
        cursor.skipBlanks()
        let line = cursor.line
        var name = cursor.takeName()
        if name == "export", cursor.skipBlanks() > 0, cursor.peek != ascii("=") {
            name = cursor.takeName()
        }
        guard !name.isEmpty else { return nil }
        cursor.skipBlanks()
        guard cursor.peek == ascii("=") else {
            return Entry(name: name, value: .failure(.noEqualsSign), line: line)
        }
        cursor.advance()
        cursor.skipBlanks()
        let start = cursor
        do throws(EnvironmentFileError) {
            return Entry(name: name, value: .success(try value(&cursor)), line: line)
        } catch {
            cursor = start
            return Entry(name: name, value: .failure(error), line: line)
        }
    }

    private static func value(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) -> String {
        let bytes: [UInt8]
        switch cursor.peek {
        case ascii("\""):
            bytes = try doubleQuoted(&cursor)
            try expectEnd(&cursor)
        case ascii("'"), ascii("`"):
            bytes = try literal(&cursor)
            try expectEnd(&cursor)
        default:
            bytes = try unquoted(&cursor)
        }
        guard !bytes.contains(0) else { throw .nul }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func doubleQuoted(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) -> [UInt8] {
        cursor.advance()
        var value: [UInt8] = []
        while let byte = cursor.take() {
            switch byte {
            case ascii("\""): return value
            case ascii("\\"): value += try escape(&cursor)
            case ascii("$") where cursor.beginsReference: throw .reference
            default: value.append(byte)
            }
        }
        throw .unterminatedQuote
    }

    /// What a backslash and the byte behind it stand for between double quotes.
    private static func escape(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) -> [UInt8] {
        guard let next = cursor.take() else { throw .unterminatedQuote }
        switch next {
        case ascii("n"): return [0x0A]
        case ascii("r"): return [0x0D]
        case ascii("t"): return [0x09]
        case ascii("\""), ascii("\\"), ascii("$"), ascii("`"): return [next]
        case 0x0A: return []
        default: return [ascii("\\"), next]
        }
    }

    private static func literal(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) -> [UInt8] {
        let quote = cursor.take()
        var value: [UInt8] = []
        while let byte = cursor.take() {
            if byte == quote { return value }
            value.append(byte)
        }
        throw .unterminatedQuote
    }

    private static func unquoted(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) -> [UInt8] {
        var value: [UInt8] = []
        var isAfterBlank = true
        while let byte = cursor.peek, byte != 0x0A, !(byte == ascii("#") && isAfterBlank) {
            cursor.advance()
            isAfterBlank = EnvironmentCursor.isBlank(byte)
            switch byte {
            case ascii("\\") where cursor.peek == ascii("$"):
                value.append(ascii("$"))
                cursor.advance()
            case ascii("\\") where cursor.peek == 0x0A:
                cursor.advance()
            case ascii("$") where cursor.beginsReference:
                throw .reference
            default:
                value.append(byte)
            }
        }
        while let last = value.last, EnvironmentCursor.isBlank(last) { value.removeLast() }
        return value
    }

    /// Behind a closing quote only blanks and a comment may stand.
    private static func expectEnd(
        _ cursor: inout EnvironmentCursor
    ) throws(EnvironmentFileError) {
        cursor.skipBlanks()
        switch cursor.peek {
        case nil, 0x0A, ascii("#"): break
        default: throw .textAfterQuote
        }
    }
}

private func ascii(_ scalar: Unicode.Scalar) -> UInt8 { UInt8(ascii: scalar) }
