// SPDX-License-Identifier: MIT

extension JSONScanner {
    /// A string's text as UTF-8, a lone surrogate as U+FFFD; nothing for what is no string.
    package static func string(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> [UInt8] {
        var isBroken = false
        return unescaped(bytes, slice, loneSurrogate: "\u{FFFD}", isBroken: &isBroken)
    }

    /// A string's text, or nil when the value is no string.
    package static func text(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> String? {
        guard let slice, slice.kind == .string else { return nil }
        if slice.hasEscapes { return String(decoding: string(bytes, slice), as: UTF8.self) }
        let inner = slice.range.lowerBound + 1..<slice.range.upperBound - 1
        guard let text = try? UTF8Span(validating: bytes.extracting(inner)) else { return nil }
        return String(copying: text)
    }

    /// A number's value when it is a whole number that fits, or nil; `30.0` and `3e1` are not read.
    package static func integer(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> Int? {
        guard let slice, slice.kind == .number else { return nil }
        return Int(token(bytes, slice))
    }

    /// A number's or a word's own characters.
    static func token(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> String {
        guard let text = try? UTF8Span(validating: bytes.extracting(slice.range)) else { return "" }
        return String(copying: text)
    }

    /// A string's text with each lone surrogate still in its six bytes of escape, or nil where
    /// that would change what the text means as JSON.
    ///
    /// In a string inside that text the escape stands for the same surrogate, and outside of one
    /// neither is JSON. Only behind a backslash that escapes it would it turn into something else.
    static func stringKeepingLoneSurrogates(
        _ bytes: Span<UInt8>, _ slice: JSONSlice
    ) -> [UInt8]? {
        var isBroken = false
        let text = unescaped(bytes, slice, loneSurrogate: nil, isBroken: &isBroken)
        return isBroken ? nil : text
    }

    /// Unescapes; `isBroken` says that a kept lone surrogate stands behind an escaping backslash.
    private static func unescaped(
        _ bytes: Span<UInt8>, _ slice: JSONSlice, loneSurrogate: Unicode.Scalar?,
        isBroken: inout Bool
    ) -> [UInt8] {
        guard slice.kind == .string else { return [] }
        let end = slice.range.upperBound - 1
        var at = slice.range.lowerBound + 1
        // No escape is shorter than the UTF-8 of what it stands for.
        return [UInt8](capacity: end - at) { out in
            var isAfterOddBackslashes = false
            while at < end {
                let run = at
                while at < end, bytes[at] != UInt8(ascii: "\\") {
                    out.append(bytes[at])
                    at += 1
                }
                guard at < end else { break }
                if at > run { isAfterOddBackslashes = false }
                let escape = JSONEscape.scalar(bytes, at: at, end: end)
                if let scalar = escape.scalar ?? loneSurrogate {
                    if scalar.isASCII {
                        out.append(UInt8(truncatingIfNeeded: scalar.value))
                    } else {
                        for byte in scalar.utf8 { out.append(byte) }
                    }
                    isAfterOddBackslashes = scalar == "\\" && !isAfterOddBackslashes
                } else {
                    for offset in 0..<escape.length { out.append(bytes[at + offset]) }
                    if isAfterOddBackslashes { isBroken = true }
                    isAfterOddBackslashes = false
                }
                at += escape.length
            }
        }
    }
}
