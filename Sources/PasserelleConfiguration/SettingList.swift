// SPDX-License-Identifier: MIT

package import PasserelleUpstream

/// Parses comma-separated lists.
package enum SettingList {
    /// The maximum number of parts.
    package static let limit = 1_000

    /// Returns the parts without surrounding blanks; throws if one is empty.
    package static func parts(_ text: String) throws(ValueProblem) -> [String] {
        let pieces = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false)
        guard pieces.count <= limit else { throw .not("a list of at most \(limit) parts") }
        var parts: [String] = []
        for piece in pieces {
            let trimmed = trim(piece)
            guard !trimmed.isEmpty else { throw .part("", is: "is an empty part") }
            parts.append(trimmed)
        }
        return parts
    }

    /// Returns the member names of a path, separated by dots; `nil` if one is empty, or for more
    /// than 16.
    package static func path(_ text: Substring) -> [String]? {
        let names = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        return names.count <= 16 && names.allSatisfy { !$0.isEmpty } ? names : nil
    }

    /// Returns `text` without surrounding spaces, tabs and line breaks.
    package static func trim(_ text: Substring.UTF8View) -> String {
        let blanks: [UInt8] = [0x20, 0x09, 0x0A, 0x0D]
        var piece = text.drop { blanks.contains($0) }
        while let last = piece.last, blanks.contains(last) { piece = piece.dropLast() }
        return String(decoding: piece, as: UTF8.self)
    }
}

/// Parses keywords, in upper or lower case.
package enum SettingKeyword {
    /// Returns true if `text` is `word`, which must be in lower case.
    package static func matches(_ text: String, _ word: String) -> Bool {
        text.lowercased() == word
    }

    /// Parses `yes`, `true`, `on`, `1` and their opposites.
    package static func flag(_ text: String) throws(ValueProblem) -> Bool {
        switch text.lowercased() {
        case "yes", "true", "on", "1": true
        case "no", "false", "off", "0": false
        default: throw .not("yes or no")
        }
    }
}

extension RetractionRule {
    /// Parses a list of rules, separated by commas: `EVENT:PATH=TARGET:PATH`.
    ///
    /// A path consists of member names, separated by dots. `none` is the empty list.
    package static func list(setting text: String) throws(ValueProblem) -> [RetractionRule] {
        guard !SettingKeyword.matches(text, "none") else { return [] }
        var rules: [RetractionRule] = []
        for part in try SettingList.parts(text) {
            guard let rule = RetractionRule(part) else {
                throw .part(part, is: "is not EVENT:PATH=EVENT:PATH")
            }
            guard !rule.target.hasPrefix("client-") else {
                throw .part(
                    part, is: "retracts a client event, which is never logged; remove this rule")
            }
            rules.append(rule)
        }
        return rules
    }

    private init?(_ rule: String) {
        let sides = rule.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let by = Self.side(sides[0]), let of = Self.side(sides[1]) else {
            return nil
        }
        self.init(event: by.event, path: by.path, target: of.event, targetPath: of.path)
    }

    /// Parses an event and a path, which follows the last colon.
    private static func side(_ text: Substring) -> (event: String, path: [String])? {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { return nil }
        let path = SettingList.path(text[text.index(after: colon)...])
        return path.map { (String(text[..<colon]), $0) }
    }
}
