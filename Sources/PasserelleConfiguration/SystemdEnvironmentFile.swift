// SPDX-License-Identifier: MIT

/// Parses a file as systemd reads an `EnvironmentFile=` (systemd.exec(5)), to detect values that
/// differ from those of `EnvironmentFile`.
package struct SystemdEnvironmentFile {
    /// The variables that systemd sets; if a name occurs more than once, the last line counts.
    package private(set) var values: [String: String] = [:]
    /// The variables with a value that spans lines.
    package private(set) var spanning: Set<String> = []
    /// True if systemd refuses the file, because it is not UTF-8.
    package let isRefused: Bool

    private enum State {
        case beforeName, name, beforeValue, value, escape, singleQuoted, doubleQuoted
        case doubleQuotedEscape, comment, commentEscape
    }

    private var state = State.beforeName
    private var name: [UInt8] = []
    private var value: [UInt8] = []
    /// The length of the value without trailing blanks.
    private var kept = 0
    private var spansLines = false
    private let continuesComments: Bool

    /// Parses a file.
    ///
    /// A file that is not UTF-8 is refused by systemd and sets no variable.
    ///
    /// Before version 254, a backslash at the end of a comment continues it on the next line
    /// (`continuesComments`).
    package init(_ bytes: [UInt8], continuesComments: Bool = false) {
        self.continuesComments = continuesComments
        let bytes = bytes.prefix { $0 != 0 }
        isRefused = String(validating: bytes, as: UTF8.self) == nil
        guard !isRefused else { return }
        for byte in bytes { take(byte) }
        switch state {
        case .beforeName, .name, .comment, .commentEscape: break
        default: push()
        }
    }

    private mutating func take(_ byte: UInt8) {
        let isLineEnd = byte == 0x0A || byte == 0x0D
        let isBlank = isLineEnd || byte == 0x20 || byte == 0x09
        switch state {
        case .beforeName where byte == UInt8(ascii: "#") || byte == UInt8(ascii: ";"):
            state = .comment
        case .beforeName where !isBlank: (name, state) = ([byte], .name)
        case .beforeName: break
        case .name where isLineEnd: state = .beforeName
        case .name where byte == UInt8(ascii: "="): state = .beforeValue
        case .name: name.append(byte)
        case .comment where byte == UInt8(ascii: "\\"): state = .commentEscape
        case .commentEscape where continuesComments: state = .comment
        case .comment, .commentEscape: state = isLineEnd ? .beforeName : .comment
        default: takeInValue(byte, isBlank: isBlank, isLineEnd: isLineEnd)
        }
    }

    private mutating func takeInValue(_ byte: UInt8, isBlank: Bool, isLineEnd: Bool) {
        if isLineEnd, state != .beforeValue, state != .value { spansLines = true }
        switch state {
        case .beforeValue where isLineEnd, .value where isLineEnd: push()
        case .beforeValue where byte == UInt8(ascii: "'"): state = .singleQuoted
        case .beforeValue where byte == UInt8(ascii: "\""): state = .doubleQuoted
        case .beforeValue where byte == UInt8(ascii: "\\"), .value where byte == UInt8(ascii: "\\"):
            kept = value.count
            state = .escape
        case .beforeValue where isBlank: break
        case .beforeValue, .value:
            state = .value
            append(byte, isKept: !isBlank)
        case .escape:
            state = .value
            if !isLineEnd { append(byte) }
        case .singleQuoted where byte == UInt8(ascii: "'"): state = .beforeValue
        case .doubleQuoted where byte == UInt8(ascii: "\""): state = .beforeValue
        case .doubleQuoted where byte == UInt8(ascii: "\\"): state = .doubleQuotedEscape
        case .doubleQuotedEscape:
            state = .doubleQuoted
            if !"\"\\`$".utf8.contains(byte), byte != 0x0A { append(UInt8(ascii: "\\")) }
            if byte != 0x0A { append(byte) }
        default: append(byte)
        }
    }

    private mutating func append(_ byte: UInt8, isKept: Bool = true) {
        value.append(byte)
        if isKept { kept = value.count }
    }

    /// Sets the parsed variable, if its name is valid.
    private mutating func push() {
        while let last = name.last, last == 0x20 || last == 0x09 { name.removeLast() }
        let text = String(decoding: name, as: UTF8.self)
        if text.unicodeScalars.allSatisfy(EnvironmentText.isWord),
            text.unicodeScalars.first.map({ !("0"..."9").contains($0) }) == true
        {
            values[text] = String(decoding: value[..<kept], as: UTF8.self)
            if spansLines { spanning.insert(text) } else { spanning.remove(text) }
        }
        (name, value, kept, state) = ([], [], 0, .beforeName)
        spansLines = false
    }
}
