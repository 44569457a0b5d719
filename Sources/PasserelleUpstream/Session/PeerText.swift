// SPDX-License-Identifier: MIT

/// Makes a server's text safe to log and pass on: one line, no control characters, bounded length.
enum PeerText {
    /// The longest result, in bytes.
    static let limit = 300

    /// Returns the beginning of a text, with each run of control characters replaced by one space.
    static func line(_ text: String) -> String {
        guard text.utf8.count > limit || text.unicodeScalars.contains(where: isControl) else {
            return text
        }
        var line = ""
        var count = 0
        var isAfterControl = false
        for scalar in text.unicodeScalars {
            let isControl = isControl(scalar)
            defer { isAfterControl = isControl }
            if isControl, isAfterControl { continue }
            count += isControl ? 1 : UTF8.width(scalar)
            guard count <= limit else { break }
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }
}
