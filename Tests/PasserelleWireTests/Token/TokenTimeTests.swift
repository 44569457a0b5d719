// SPDX-License-Identifier: MIT
@testable import PasserelleWire
import Testing

/// Tests of the claims for the audience and the time of a token.
struct TokenTimeTests {
    private func claims(_ json: String) throws -> TokenClaims { try TokenClaims(Array(json.utf8)) }

    private func error(_ json: String, audience: String?) -> TokenError? {
        do throws(TokenError) {
            try TokenClaims(Array(json.utf8)).check(at: 1, audience: audience)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            (#""aud":"chat""#, nil), (#""aud":["x","chat"]"#, nil), (#""aud":["chat",7]"#, nil),
            (#""aud":"ch\u0061t""#, nil), (#""aud":"Chat""#, .otherAudience),
            (#""aud":"chat ""#, .otherAudience), (#""aud":"""#, .otherAudience),
            (#""aud":[]"#, .otherAudience), (#""aud":["chats"]"#, .otherAudience),
            (#""aud":[["chat"]]"#, .otherAudience), (#""aud":{"chat":1}"#, .otherAudience),
            (#""aud":null"#, .otherAudience), (#""aud":7"#, .otherAudience),
            (#""sub":"chat""#, .otherAudience), (#""aud":"chat","aud":"x""#, .repeatedMember),
        ] as [(String, TokenError?)])
    func `a token is accepted if it names the required audience, or if none is required`(
        claim: String, expected: TokenError?
    ) {
        #expect(error(#"{"exp":9,\#(claim)}"#, audience: "chat") == expected)
        if expected != .repeatedMember {
            #expect(error(#"{"exp":9,\#(claim)}"#, audience: nil) == nil)
        }
    }

    @Test func `audiences are compared byte by byte`() {
        // The same text when displayed: composed and decomposed.
        #expect(error(#"{"exp":9,"aud":"caf\u00e9"}"#, audience: "caf\u{e9}") == nil)
        #expect(
            error(#"{"exp":9,"aud":"cafe\u0301"}"#, audience: "caf\u{e9}") == .otherAudience)
        #expect(!TokenError.otherAudience.words.isEmpty)
    }

    @Test(
        arguments: [
            ("1764418747", 1_764_418_747_000), ("1764418747.412", 1_764_418_747_412), ("0", 0),
            ("1.5e3", 1_500_000), ("\"1764418747\"", nil), ("null", nil), ("-1", nil),
            ("1e999", nil), ("[1]", nil),
        ] as [(String, Int64?)])
    func `the time of issue has milliseconds, and is ignored if it is not a number`(
        value: String, expected: Int64?
    ) throws {
        #expect(try claims(#"{"exp":1,"iat":\#(value)}"#).issued == expected)
    }

    @Test(arguments: [nil, 0, 1, 999, 1000, 1_764_418_747_412] as [Int64?])
    func `audiences and time of issue survive encoding and parsing`(issued: Int64?) throws {
        for audiences in [[], ["a"], ["a", "b\"é"]] {
            var claims = TokenClaims(subject: "s", expires: 7, channels: [], issued: issued)
            claims.audiences = audiences
            #expect(try TokenClaims(claims.encoded()) == claims)
        }
    }

    @Test func `a token is valid from its start until before its end`() throws {
        let period = try claims(#"{"exp":1000,"nbf":500}"#).period
        #expect(period == TokenPeriod(start: 440, end: 1060))
        for (now, holds) in [(439, false), (440, true), (1059, true), (1060, false)] {
            #expect(period.contains(Int64(now)) == holds)
        }
        #expect(try claims(#"{"exp":0}"#).period.contains(.min))
    }
}
