// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ChannelPatternTests {
    @Test(
        arguments: [
            ("presence-bail-*", "presence-bail-42", "42"),
            ("presence-bail-*", "presence-bail-", ""),
            ("presence-bail-*", "presence-bail", nil), ("presence-bail-*", "private-bail-42", nil),
            ("presence-bail-*", "xpresence-bail-42", nil), ("*", "room", "room"), ("*", "", ""),
            ("a*b", "ab", ""), ("a*b", "axxb", "xx"), ("a*b", "a", nil), ("a*a", "a", nil),
            ("a*a", "aa", ""),
            ("*-x", "presence-x", "presence"), ("room", "room", ""), ("room", "room2", nil),
            ("room", "", nil),
            ("*", "#server-to-user-1", nil), ("*", "a b", nil), ("*", "a\n", nil),
            ("a*", "a\u{301}", nil),
            ("room", "ROOM", nil),
        ] as [(String, String, String?)])
    func `a pattern returns the text that its star matches`(
        pattern: String, name: String, star: String?
    ) throws {
        let pattern = try ChannelPattern(pattern)
        #expect(pattern.star(name) == star)
        #expect(pattern.matches(name) == (star != nil))
    }

    @Test func `an invalid pattern is refused`() throws {
        #expect(throws: ChannelPatternError.empty) { try ChannelPattern("") }
        #expect(throws: ChannelPatternError.severalStars) { try ChannelPattern("a*b*") }
        #expect(throws: ChannelPatternError.severalStars) { try ChannelPattern("**") }
        #expect(throws: ChannelPatternError.badCharacter) { try ChannelPattern("a b") }
        #expect(throws: ChannelPatternError.badCharacter) { try ChannelPattern("#*") }
        for count in [163, 164] {
            let text = String(repeating: "a", count: count)
            #expect(throws: Never.self) { try ChannelPattern(text + "*") }
        }
        #expect(throws: ChannelPatternError.tooLong(limit: 164)) {
            try ChannelPattern(String(repeating: "a", count: 165))
        }
    }

    @Test func `a list of patterns matches a name if one pattern does`() throws {
        let patterns = try ChannelPatterns(" presence-bail-* , news,,\n")
        #expect(patterns.list.map(\.text) == ["presence-bail-*", "news"])
        #expect(patterns.matches("presence-bail-1") && patterns.matches("news"))
        #expect(!patterns.matches("news2") && !patterns.matches(""))
        for text in ["", " ", ",", " , "] {
            #expect(throws: ChannelPatternError.empty) { try ChannelPatterns(text) }
        }
        #expect(throws: ChannelPatternError.badCharacter) { try ChannelPatterns("a,b#") }
    }
}
