// SPDX-License-Identifier: MIT

/// A place in an environment file that knows its line; line ends are LF whatever the file has.
struct EnvironmentCursor {
    private let bytes: [UInt8]
    private var index: Int
    /// The line of the next byte, from 1.
    private(set) var line = 1

    /// The beginning of a file, behind its byte order mark.
    init(_ file: [UInt8]) {
        var normal: [UInt8] = []
        normal.reserveCapacity(file.count)
        var previous: UInt8 = 0
        for byte in file {
            if !(byte == 0x0A && previous == 0x0D) { normal.append(byte == 0x0D ? 0x0A : byte) }
            previous = byte
        }
        bytes = normal
        index = normal.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Says whether every byte is taken.
    var isAtEnd: Bool { index >= bytes.count }

    /// The next byte.
    var peek: UInt8? { isAtEnd ? nil : bytes[index] }

    /// Says whether a name or `{` comes next, so that a `$` just taken refers to a variable.
    var beginsReference: Bool {
        guard let byte = peek else { return false }
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "_"), UInt8(ascii: "{"):
            return true
        default: return false
        }
    }

    /// Goes past the next byte.
    mutating func advance() {
        guard let byte = peek else { return }
        if byte == 0x0A { line += 1 }
        index += 1
    }

    /// Takes the next byte.
    mutating func take() -> UInt8? {
        let byte = peek
        advance()
        return byte
    }

    /// Goes past spaces and tabs, and gives how many there were.
    @discardableResult
    mutating func skipBlanks() -> Int {
        let start = index
        while let byte = peek, Self.isBlank(byte) { advance() }
        return index - start
    }

    /// Goes past the next line end.
    mutating func skipLine() {
        while let byte = take(), byte != 0x0A {}
    }

    /// Takes the letters, digits, `_`, `-` and `.` that come next; nothing where none does.
    mutating func takeName() -> String {
        let start = index
        while let byte = peek, Self.isNameByte(byte) { advance() }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Says whether a byte is a space or a tab.
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
