// SPDX-License-Identifier: MIT

/// Parses a `.env` file as Next.js does, which uses dotenv 16.
///
/// - `NAME=VALUE`, with or without `export`, and `NAME: VALUE`. White space is that of JavaScript,
///   which includes the byte order mark. Lines in neither form are comments.
/// - `"…"`, `'…'` and `` `…` `` can span lines. The quotes are removed. A backslash before a quote
///   prevents it from ending the value, and remains in the value. Inside double quotes, `\n` and
///   `\r` are line breaks.
/// - Other values end at a `#` or at the end of the line. A backslash is an ordinary character.
///
/// References (`$NAME`) are not expanded here; see `EnvironmentExpansion`.
package enum EnvironmentFile {
    /// One assignment.
    package struct Entry: Equatable, Sendable {
        /// The variable's name.
        package var name: String
        /// Its value; `nil` if the line has a name and no `=`, so that Next.js ignores it.
        package var value: String?
        /// The number of the line with the name, from 1.
        package var line: Int
    }

    /// Returns the entries in their order; if a name occurs more than once, the last entry counts.
    package static func parse(_ bytes: [UInt8]) -> [Entry] {
        var text = EnvironmentText(bytes)
        var entries: [Entry] = []
        while text.goToLineStart() {
            if let entry = entry(&text) { entries.append(entry) }
        }
        return entries
    }

    /// Parses the assignment that begins on this line; if there is none, skips the line.
    private static func entry(_ text: inout EnvironmentText) -> Entry? {
        let start = text.afterSpace(text.index)
        if let first = text.afterWord("export", start), text.isSpace(first),
            let entry = assignment(&text, at: text.afterSpace(first))
        {
            return entry
        }
        if let entry = assignment(&text, at: start) { return entry }
        let name = text.afterName(start)
        let line = text.line(start)
        text.index = start + 1
        return name > start ? Entry(name: text[start..<name], value: nil, line: line) : nil
    }

    /// Parses a name, its separator and its value.
    private static func assignment(_ text: inout EnvironmentText, at start: Int) -> Entry? {
        let end = text.afterName(start)
        guard end > start else { return nil }
        let sign = text.afterSpace(end)
        let value: Int
        if text.isAt("=", sign) {
            value = sign + 1
        } else if text.isAt(":", end), text.isSpace(end + 1) {
            value = end + 2
        } else {
            return nil
        }
        let line = text.line(start)
        let raw = rawValue(&text, at: value)
        return Entry(
            name: text[start..<end], value: EnvironmentText.unquoted(raw), line: line)
    }

    /// Consumes a value with its quotes, and the comment and white space after it.
    ///
    /// A quote ends the value only if the rest of its line is empty or a comment. If no quote does,
    /// the opening quote is an ordinary character of a value that ends with its line.
    private static func rawValue(
        _ text: inout EnvironmentText, at start: Int
    ) -> ArraySlice<Unicode.Scalar> {
        let quote = text.afterSpace(start)
        for close in text.closingQuotes(openedAt: quote) {
            guard let end = text.afterRest(close + 1) else { continue }
            text.index = end
            return text.scalars[start...close]
        }
        let end = text.afterPlainValue(start)
        text.index = text.afterRest(end) ?? end
        return text.scalars[start..<end]
    }
}
