// SPDX-License-Identifier: MIT

/// The text of an environment file, with LF line ends, and a position in it.
///
/// White space and line ends are those of JavaScript's regular expressions.
package struct EnvironmentText {
    /// The text.
    package let scalars: [Unicode.Scalar]
    /// The current position.
    package var index = 0
    private var lineIndex = 0
    private var lineNumber = 1

    /// Decodes a file; bytes that are not UTF-8 become U+FFFD.
    package init(_ bytes: [UInt8]) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(bytes.count)
        var previous: Unicode.Scalar = " "
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if !(scalar == "\n" && previous == "\r") {
                scalars.append(scalar == "\r" ? "\n" : scalar)
            }
            previous = scalar
        }
        self.scalars = scalars
    }

    /// Advances to the next beginning of a line, which may be the current position; returns false
    /// at the end of the text.
    package mutating func goToLineStart() -> Bool {
        while index < scalars.count, index > 0, !Self.isLineEnd(scalars[index - 1]) { index += 1 }
        return index < scalars.count
    }

    /// Returns the number of the line at a position; positions must be passed in ascending order.
    package mutating func line(_ place: Int) -> Int {
        while lineIndex < place {
            if scalars[lineIndex] == "\n" { lineNumber += 1 }
            lineIndex += 1
        }
        return lineNumber
    }

    /// A part of the text.
    package subscript(range: Range<Int>) -> String {
        String(String.UnicodeScalarView(scalars[range]))
    }

    // MARK: - Scanning

    /// Returns true if `scalar` is at that position.
    package func isAt(_ scalar: Unicode.Scalar, _ place: Int) -> Bool {
        place < scalars.count && scalars[place] == scalar
    }

    /// Returns true if white space or a line end is at that position.
    package func isSpace(_ place: Int) -> Bool {
        place < scalars.count && Self.isSpace(scalars[place])
    }

    /// Returns the position after white space and line ends.
    package func afterSpace(_ place: Int) -> Int {
        scalars[place...].firstIndex { !Self.isSpace($0) } ?? scalars.count
    }

    /// Returns the position after `word`, or `nil` if another text is there.
    package func afterWord(_ word: String, _ place: Int) -> Int? {
        scalars[place...].starts(with: word.unicodeScalars)
            ? place + word.unicodeScalars.count : nil
    }

    /// Returns the position after letters, digits, `_`, `-` and `.`.
    package func afterName(_ place: Int) -> Int {
        scalars[place...].firstIndex { !Self.isWord($0) && $0 != "-" && $0 != "." }
            ?? scalars.count
    }

    /// Returns the position after a value without quotes.
    package func afterPlainValue(_ place: Int) -> Int {
        scalars[place...].firstIndex { $0 == "#" || $0 == "\n" } ?? scalars.count
    }

    /// Returns the positions at which a quoted value that opens at `place` can end, in order of
    /// preference: the first unescaped quote, then the escaped ones from the last to the first.
    package func closingQuotes(openedAt place: Int) -> [Int] {
        guard place < scalars.count, ["'", "\"", "`"].contains(scalars[place]) else { return [] }
        var escaped: [Int] = []
        var next = place + 1
        while next < scalars.count {
            if scalars[next] == scalars[place] { return [next] + escaped.reversed() }
            if scalars[next] == "\\", isAt(scalars[place], next + 1) {
                next += 1
                escaped.append(next)
            }
            next += 1
        }
        return escaped.reversed()
    }

    /// Returns the position after white space and a comment, or `nil` if other text follows on the
    /// line.
    package func afterRest(_ place: Int) -> Int? {
        let end = afterSpace(place)
        if end == scalars.count { return end }
        if scalars[end] == "#" {
            return scalars[end...].firstIndex(where: Self.isLineEnd) ?? scalars.count
        }
        return scalars[place..<end].lastIndex(where: Self.isLineEnd)
    }

    // MARK: - Values

    /// Returns the value without surrounding white space and quotes.
    package static func unquoted(_ raw: ArraySlice<Unicode.Scalar>) -> String {
        var value = raw.drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        let isDoubleQuoted = value.first == "\""
        let text = String(String.UnicodeScalarView(withoutQuotes(Array(value))))
        guard isDoubleQuoted else { return text }
        return text.replacing("\\n", with: "\n").replacing("\\r", with: "\r")
    }

    /// Removes each pair of a quote that begins a line and the last equal quote that ends a line.
    private static func withoutQuotes(_ value: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < value.count {
            let isStart = index == 0 || isLineEnd(value[index - 1])
            if isStart, let close = closing(value, index) {
                result += value[(index + 1)..<close]
                index = close + 1
            } else {
                result.append(value[index])
                index += 1
            }
        }
        return result
    }

    private static func closing(_ value: [Unicode.Scalar], _ open: Int) -> Int? {
        guard ["'", "\"", "`"].contains(value[open]) else { return nil }
        return value.indices[(open + 1)...].last {
            value[$0] == value[open] && ($0 + 1 == value.count || isLineEnd(value[$0 + 1]))
        }
    }

    // MARK: - Character classes

    /// True if `\w` matches the scalar.
    package static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "0"..."9", "A"..."Z", "a"..."z", "_": true
        default: false
        }
    }

    /// True if `\s` matches the scalar.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000, 0xFEFF:
            true
        default: false
        }
    }

    /// True if the scalar ends a line.
    package static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x2028, 0x2029: true
        default: false
        }
    }
}
