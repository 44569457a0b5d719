// SPDX-License-Identifier: MIT

package import PasserelleUpstream

extension Retraction {
    /// Reads rules with commas between them: `EVENT:PATH=TARGET:PATH`, member names of a path with
    /// dots between them; `none` is no rule.
    package static func list(setting text: String) throws(ValueProblem) -> [Retraction] {
        guard text != "none" else { return [] }
        var rules: [Retraction] = []
        for part in try SettingList.parts(text) {
            guard let rule = Retraction(part) else {
                throw .part(part, is: "is not EVENT:PATH=EVENT:PATH")
            }
            guard !rule.target.hasPrefix("client-") else {
                throw .part(
                    part, is: "takes back a client event, which is never kept: leave the rule out")
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

    /// An event and a path; the path begins behind the last colon.
    private static func side(_ text: Substring) -> (event: String, path: [String])? {
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { return nil }
        let path = text[text.index(after: colon)...]
            .split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.count <= 16, path.allSatisfy({ !$0.isEmpty }) else { return nil }
        return (String(text[..<colon]), path)
    }
}
