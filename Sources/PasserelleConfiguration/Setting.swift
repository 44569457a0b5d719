// SPDX-License-Identifier: MIT

/// The value of a variable, before it is parsed.
package struct Setting: Equatable, Sendable {
    /// The value.
    package var text: String
    /// The source of the value.
    package var origin: SettingOrigin
    /// The names of unset variables that the value refers to; A name is empty if it does not occur
    /// in the value as written.
    package var unset: [String] = []
    /// True if the value as written contains a `$`, so that it may include another variable.
    package var isExpanded = false

    /// False if the value may contain another variable, which may be secret; messages then omit it.
    package var isShowable: Bool {
        if case .flag = origin { return true }
        // A value with several lines was intended as one, unless it comes from a file.
        var mayHaveLines = true
        if case .file = origin { mayHaveLines = false }
        return !isExpanded && Self.isShowable(text, mayHaveLines: mayHaveLines)
    }

    /// True if the value comes from a file and ends in a backslash, which continues the line in
    /// other formats.
    package var endsInBackslash: Bool {
        if case .file = origin { text.utf8.last == UInt8(ascii: "\\") } else { false }
    }

    /// The remedy for a backslash at the end of a line.
    package static let noContinuation =
        "'\\' does not continue a line here, so put the value on one line"

    /// Returns true if the value contains no assignment of a variable, and no line break unless
    /// `mayHaveLines`.
    package static func isShowable(_ text: String, mayHaveLines: Bool = false) -> Bool {
        var word = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                word += 1
            case UInt8(ascii: "=") where word >= 3: return false
            case 0x0A where !mayHaveLines, 0x0D where !mayHaveLines: return false
            case 0x20, 0x09: break
            default: word = 0
            }
        }
        return true
    }
}
