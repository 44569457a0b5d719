// SPDX-License-Identifier: MIT

/// Finds characters that were probably copied into a key or secret by mistake: quotes and blanks
/// around it, and invisible characters anywhere.
package enum EnclosingCharacters {
    /// Returns the fault and its remedy as a predicate about the value, or `nil`; never contains
    /// it.
    package static func fault(_ text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last else { return nil }
        let remedy = ", which is part of the value; remove it unless it belongs there"
        for (index, scalar) in scalars.enumerated() where isInvisible(scalar) {
            let place =
                index == 0
                ? "at its beginning" : index == scalars.count - 1 ? "at its end" : "in it"
            return "has an invisible character (U+\(code(scalar))) \(place)" + remedy
        }
        if EnvironmentText.isSpace(first) { return "has a blank at its beginning" + remedy }
        if EnvironmentText.isSpace(last) { return "has a blank at its end" + remedy }
        if let name = quotes[first] { return "has \(name) at its beginning" + remedy }
        if let name = quotes[last] { return "has \(name) at its end" + remedy }
        return nil
    }

    /// Returns the first control character or invalid UTF-8 and its place, as a predicate, or
    /// `nil`.
    package static func control(_ text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        guard let index = scalars.firstIndex(where: isControl) else { return nil }
        let place =
            index == 0
            ? "at its beginning"
            : scalars[index...].allSatisfy(isControl) ? "at its end" : "in it"
        let name =
            switch scalars[index].value {
            case 0x09: "a tab"
            case 0x0A: "a line feed"
            case 0x0D: "a carriage return"
            case 0xFFFD: "bytes that are not UTF-8"
            default: "a control character (U+\(code(scalars[index])))"
            }
        return "has \(name) \(place)"
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0xFFFD
    }

    private static let quotes: [Unicode.Scalar: String] = [
        "\"": "a quote", "'": "a quote", "`": "a backquote", "\u{2018}": "a typographic quote",
        "\u{2019}": "a typographic quote", "\u{201C}": "a typographic quote",
        "\u{201D}": "a typographic quote", "\u{AB}": "a typographic quote",
        "\u{BB}": "a typographic quote",
    ]

    /// True for control characters, zero-width characters, and spaces other than U+0020.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if EnvironmentText.isSpace(scalar) { return scalar.value > 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .unassigned: return scalar.value > 0x20
        default: return scalar.properties.isDefaultIgnorableCodePoint
        }
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
