// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct CompactTokenTests {
    /// Returns a token with this header and these claims, and a signature that is not checked.
    private func token(_ header: String, _ claims: String, _ signature: String = "c2ln") -> String {
        [header, claims].map { Base64.encodeURL(Array($0.utf8)) }.joined(separator: ".")
            + "." + signature
    }

    private func claims(_ json: String) throws -> TokenClaims {
        try CompactToken(token(#"{"alg":"HS256"}"#, json)).claims()
    }

    private func error(_ text: String) -> TokenError? {
        do throws(TokenError) {
            _ = try CompactToken(text).claims()
            return nil
        } catch {
            return error
        }
    }

    @Test func `the example of RFC 7515 A.1 is decoded`() throws {
        let text =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODA"
            + "sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"
            + "_wW1gFWFOEjXk"
        let token = try CompactToken(text)
        #expect(token.algorithm == "HS256")
        #expect(token.signature.count == 32 && token.signature.first == 116)
        #expect(
            String(decoding: token.signed, as: UTF8.self) + "."
                == text.prefix(token.signed.count + 1))
        let claims = try token.claims()
        #expect(claims.expires == 1_300_819_380)
        #expect(claims.subject == nil && claims.channels == [] && !claims.mayPublish)
    }

    @Test(
        arguments: [
            ("", .notThreeParts), ("a.b", .notThreeParts), ("a.b.c.d.e", .notThreeParts),
            ("e30=.e30.e30", .badBase64), ("e30.e3+.e30", .badBase64), ("e30.e30.e", .badBase64),
            ("e31.e30.e30", .badBase64), ("e 30.e30.e30", .badBase64), ("..", .badHeader),
            ("e30.e30.e30", .badHeader), ("W10.e30.e30", .badHeader), ("é.e30.e30", .badBase64),
        ] as [(String, TokenError)])
    func `an invalid token is refused`(text: String, error: TokenError) {
        #expect(self.error(text) == error)
    }

    @Test(
        arguments: [
            (#"{"alg":1}"#, "{}", .badHeader), (#"{"alg":null}"#, "{}", .badHeader),
            (#"{"alg":"HS256","alg":"none"}"#, "{}", .repeatedMember),
            (#"{"alg":"HS256","\u0061lg":"none"}"#, "{}", .repeatedMember),
            (#"{"alg":"HS256","crit":["b64"],"b64":false}"#, "{}", .unsupportedExtension),
            (#"{"alg":"HS256"}"#, "[]", .badClaims), (#"{"alg":"HS256"}"#, "", .badClaims),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"exp":2}"#, .repeatedMember),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"x":2,"x":2}"#, .repeatedMember),
            (#"{"alg":"HS256"}"#, "{}", .noExpiry),
            (#"{"alg":"HS256"}"#, #"{"exp":"1"}"#, .badClaim(.exp)),
            (#"{"alg":"HS256"}"#, #"{"exp":-1}"#, .badClaim(.exp)),
            (#"{"alg":"HS256"}"#, #"{"exp":1e999}"#, .badClaim(.exp)),
            (#"{"alg":"HS256"}"#, #"{"exp":1000000000001}"#, .badClaim(.exp)),
            (#"{"alg":"HS256"}"#, #"{"exp":null}"#, .badClaim(.exp)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"nbf":"0"}"#, .badClaim(.nbf)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"sub":7}"#, .badClaim(.sub)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"channels":{}}"#, .badClaim(.channels)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"channels":[1]}"#, .badClaim(.channels)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"channels":["a*b*"]}"#, .badClaim(.channels)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"channels":""}"#, .badClaim(.channels)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"info":"x"}"#, .badClaim(.info)),
            (#"{"alg":"HS256"}"#, #"{"exp":1,"publish":"true"}"#, .badClaim(.publish)),
        ] as [(String, String, TokenError)])
    func `an invalid header or invalid claims are refused`(
        header: String, claims: String, error: TokenError
    ) {
        #expect(self.error(token(header, claims)) == error)
        #expect(!error.words.isEmpty)
    }

    @Test func `a token may be as long as the limit`() {
        let rest = token(#"{"alg":"HS256"}"#, #"{"exp":1}"#, "").utf8.count
        for (count, expected) in [
            (8191, nil), (8192, nil), (8193, TokenError.tooLong(limit: 8192)),
        ] {
            let text = token(
                #"{"alg":"HS256"}"#, #"{"exp":1}"#,
                String(repeating: "A", count: (count - rest) / 4 * 4)
                    + String(
                        repeating: "A", count: [0: 0, 1: 0, 2: 2, 3: 3][(count - rest) % 4] ?? 0))
            if text.utf8.count == count { #expect(error(text) == expected, "\(count)") }
        }
        #expect(error(String(repeating: "A", count: 8193)) == .tooLong(limit: 8192))
        #expect(error(String(repeating: "A", count: 8192)) == .notThreeParts)
    }

    @Test func `claims are parsed`() throws {
        let claims = try claims(
            #"{"sub":"usr_7","exp":1.7e9,"nbf":1699999999.9,"channels":["presence-a-*","c"],"#
                + "\"info\":{\"name\":\n\"Anne\"},\"publish\":true,\"iss\":\"x\"}")
        #expect(claims.subject == "usr_7" && claims.mayPublish)
        #expect(claims.expires == 1_700_000_000 && claims.notBefore == 1_699_999_999)
        #expect(claims.opens("presence-a-1") && claims.opens("c") && !claims.opens("presence-b-1"))
        #expect(claims.info.map { String(decoding: $0, as: UTF8.self) } == #"{"name": "Anne"}"#)
        #expect(try self.claims(#"{"exp":1,"channels":"a-*, b"}"#).opens("a-1"))
        #expect(!(try self.claims(#"{"exp":1}"#).opens("c")))
    }

    @Test(arguments: [0, 1, 100, 101])
    func `a token has at most a hundred patterns`(count: Int) throws {
        let list = Array(repeating: #""a""#, count: count).joined(separator: ",")
        let text = token(#"{"alg":"HS256"}"#, #"{"exp":1,"channels":[\#(list)]}"#)
        #expect(error(text) == (count > 100 ? .badClaim(.channels) : nil))
    }

    @Test func `times have a tolerance of one minute on both sides`() throws {
        let claims = try claims(#"{"exp":1000,"nbf":500}"#)
        for (now, expected) in [
            (439, TokenError.notYetValid), (440, nil), (999, nil), (1059, nil), (1060, .expired),
            (Int64.max, .expired), (0, .notYetValid),
        ] as [(Int64, TokenError?)] {
            do throws(TokenError) {
                try claims.check(at: now)
                #expect(expected == nil, "\(now)")
            } catch {
                #expect(error == expected, "\(now)")
            }
        }
    }

    @Test func `encoded claims survive parsing`() throws {
        var claims = TokenClaims(
            subject: "é\"\\", expires: 12,
            channels: [try ChannelPattern("a-*"), try ChannelPattern("b,c")],
            info: Array(#"{"a":[1]}"#.utf8), mayPublish: true)
        claims.notBefore = 3
        let signed = CompactToken.signed(algorithm: "EdDSA", claims: claims)
        let token = try CompactToken(CompactToken.text(signed: signed, signature: [1, 2, 3]))
        #expect(token.algorithm == "EdDSA" && token.signature == [1, 2, 3])
        #expect(token.signed == signed)
        #expect(try token.claims() == claims)
        let bare = TokenClaims(subject: nil, expires: 0, channels: [])
        #expect(try TokenClaims(bare.encoded()) == bare)
    }

    @Test func `changed or truncated bytes never trap`() {
        let good = Array(token(#"{"alg":"HS256"}"#, #"{"exp":1,"channels":["a*"]}"#).utf8)
        for at in good.indices {
            for byte: UInt8 in [0, 0x2E, 0x22, 0x41, 0x7B, 0xFF] {
                var bytes = good
                bytes[at] = byte
                _ = error(String(decoding: bytes, as: UTF8.self))
                _ = error(String(decoding: bytes[..<at], as: UTF8.self))
            }
        }
    }
}
