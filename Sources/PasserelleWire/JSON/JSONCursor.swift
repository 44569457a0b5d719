// SPDX-License-Identifier: MIT

/// A position in JSON bytes that moves over whole, validated tokens and values (RFC 8259).
///
/// Nesting costs one bit per level and no stack, so that a peer cannot cause recursion.
struct JSONCursor {
    /// The offset of the next byte.
    private(set) var at: Int
    /// The offset after the last byte that may be read.
    let end: Int
    /// True if there was a raw CR or LF between the tokens so far.
    private(set) var sawLineBreak = false

    /// Moves over white space.
    mutating func skipSpace(_ bytes: Span<UInt8>) {
        while at < end {
            switch bytes[at] {
            case 0x20, 0x09: break
            case 0x0A, 0x0D: sawLineBreak = true
            default: return
            }
            at += 1
        }
    }

    /// Moves over the given byte; throws if the next byte is another.
    mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) {
        guard try peek(bytes) == byte else { throw .unexpectedByte(at: at) }
        at += 1
    }

    /// Moves over the given byte if it is next; returns true if it was.
    mutating func skip(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
        guard at < end, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    /// Moves over a value with containers nested at most `depth` levels deep.
    mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONSlice {
        let start = at
        switch try peek(bytes) {
        case UInt8(ascii: "{"):
            try container(bytes, limit: depth)
            return JSONSlice(kind: .object, range: start..<at)
        case UInt8(ascii: "["):
            try container(bytes, limit: depth)
            return JSONSlice(kind: .array, range: start..<at)
        case UInt8(ascii: "\""):
            return try string(bytes)
        default:
            return JSONSlice(kind: try atom(bytes), range: start..<at)
        }
    }

    /// Moves over a string with its quotes.
    mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> JSONSlice {
        let start = at
        try expect(UInt8(ascii: "\""), bytes)
        var hasEscapes = false
        while true {
            var next = at
            while next < end, Self.isPlain(bytes[next]) { next += 1 }
            at = next
            guard next < end else { throw .unexpectedEnd }
            let byte = bytes[next]
            if byte == UInt8(ascii: "\"") {
                at += 1
                return JSONSlice(kind: .string, range: start..<at, hasEscapes: hasEscapes)
            } else if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try escape(bytes)
            } else if byte >= 0x80 {
                at += try lengthOfUTF8(bytes, first: byte)
            } else {
                throw .controlCharacter(at: at)
            }
        }
    }

    /// Returns true if a byte needs no decoding in a string: ASCII, no control, quote or backslash.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    // MARK: - Tokens

    private func peek(_ bytes: Span<UInt8>) throws(JSONError) -> UInt8 {
        guard at < end else { throw .unexpectedEnd }
        return bytes[at]
    }

    /// Moves over a container and its content, without recursion.
    private mutating func container(_ bytes: Span<UInt8>, limit: Int) throws(JSONError) {
        var nesting = JSONNesting()
        while true {
            var isValueDone = true
            switch try peek(bytes) {
            case let byte where byte == UInt8(ascii: "{") || byte == UInt8(ascii: "["):
                guard nesting.depth < limit else { throw .tooDeep(limit: limit) }
                nesting.enter(isObject: byte == UInt8(ascii: "{"))
                at += 1
                skipSpace(bytes)
                isValueDone = skip(nesting.closing, bytes)
                if isValueDone {
                    nesting.leave()
                } else if nesting.isInObject {
                    try memberName(bytes)
                }
            case UInt8(ascii: "\""): _ = try string(bytes)
            default: _ = try atom(bytes)
            }
            while isValueDone {
                if nesting.depth == 0 { return }
                skipSpace(bytes)
                if skip(UInt8(ascii: ","), bytes) {
                    skipSpace(bytes)
                    if nesting.isInObject { try memberName(bytes) }
                    isValueDone = false
                } else {
                    try expect(nesting.closing, bytes)
                    nesting.leave()
                }
            }
        }
    }

    /// Moves over a member's name, the colon and the white space around it.
    private mutating func memberName(_ bytes: Span<UInt8>) throws(JSONError) {
        _ = try string(bytes)
        skipSpace(bytes)
        try expect(UInt8(ascii: ":"), bytes)
        skipSpace(bytes)
    }

    private mutating func atom(_ bytes: Span<UInt8>) throws(JSONError) -> JSONSlice.Kind {
        switch try peek(bytes) {
        case UInt8(ascii: "t"):
            try word("true", bytes)
            return .true
        case UInt8(ascii: "f"):
            try word("false", bytes)
            return .false
        case UInt8(ascii: "n"):
            try word("null", bytes)
            return .null
        default:
            try number(bytes)
            return .number
        }
    }

    private mutating func word(_ word: String, _ bytes: Span<UInt8>) throws(JSONError) {
        for byte in word.utf8 { try expect(byte, bytes) }
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) {
        _ = skip(UInt8(ascii: "-"), bytes)
        if !skip(UInt8(ascii: "0"), bytes) { try digits(bytes) }
        if skip(UInt8(ascii: "."), bytes) { try digits(bytes) }
        if skip(UInt8(ascii: "e"), bytes) || skip(UInt8(ascii: "E"), bytes) {
            if !skip(UInt8(ascii: "+"), bytes) { _ = skip(UInt8(ascii: "-"), bytes) }
            try digits(bytes)
        }
    }

    /// Moves over at least one digit.
    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = at
        while at < end, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[at] { at += 1 }
        guard at == start else { return }
        _ = try peek(bytes)
        throw .unexpectedByte(at: at)
    }

    private mutating func escape(_ bytes: Span<UInt8>) throws(JSONError) {
        guard at + 1 < end else { throw .unexpectedEnd }
        switch bytes[at + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 2
        case UInt8(ascii: "u"):
            guard at + 6 <= end else { throw .unexpectedEnd }
            guard JSONEscape.unit(bytes, at: at) != nil else { throw .badEscape(at: at) }
            at += 6
        default:
            throw .badEscape(at: at)
        }
    }

    /// Returns the length of a character in bytes by its first byte, which is at least 0x80.
    private func lengthOfUTF8(
        _ bytes: Span<UInt8>, first: UInt8
    ) throws(JSONError) -> Int {
        guard let (length, second) = UTF8Check.lead(first) else { throw .badUTF8(at: at) }
        guard at + length <= end, second ~= bytes[at + 1] else { throw .badUTF8(at: at) }
        for offset in 2..<length where !(0x80...0xBF ~= bytes[at + offset]) {
            throw .badUTF8(at: at)
        }
        return length
    }
}

/// The containers around a position in JSON, one bit each; the innermost 64 need no allocation.
struct JSONNesting {
    private var objects: UInt64 = 0
    /// The outer containers, 64 per word.
    private var outer: [UInt64] = []
    private(set) var depth = 0

    /// True if the innermost container is an object, false if it is an array.
    var isInObject: Bool { objects & 1 == 1 }

    /// The bracket that ends the innermost container.
    var closing: UInt8 { isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    /// Enters a container; the caller must have checked the depth.
    mutating func enter(isObject: Bool) {
        if depth > 0, depth.isMultiple(of: UInt64.bitWidth) { outer.append(objects) }
        objects = objects << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    /// Leaves the innermost container.
    mutating func leave() {
        objects >>= 1
        depth -= 1
        if depth > 0, depth.isMultiple(of: UInt64.bitWidth), let word = outer.popLast() {
            objects = word
        }
    }
}
