// SPDX-License-Identifier: MIT
import PasserelleDownstream
import PasserelleNet
import PasserelleWire

/// Invariants of tokens from any sender.
enum TokenRules {
    private static let channel = "presence-bail-1"
    /// In seconds since 1970.
    private static let now: Int64 = 1_800_000_000
    // Only this target uses it, one input at a time.
    nonisolated(unsafe) private static let check = TokenVerifier(
        keys: FuzzTokens.keys, memberID: "passerelle")

    /// Checks one token; the first byte of the input selects its kind.
    ///
    /// The rest is a token's text, a header and claims to sign, or changes to a valid token. A
    /// token is accepted only if a known key has signed it with its own algorithm and the claims
    /// permit it.
    static func tokens(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let rest = bytes.dropFirst()
        switch first % 4 {
        case 0: written(String(decoding: rest, as: UTF8.self))
        case 1: signed(header: part(0, of: rest), claims: part(1, of: rest))
        case 2: forged(header: part(0, of: rest), claims: part(1, of: rest), by: first)
        default: changed(rest)
        }
    }

    /// Checks that any text that is accepted is a good token or is signed with the secret.
    private static func written(_ text: String) {
        let token = try? CompactToken(text)
        if let token {
            let again = CompactToken.text(signed: token.signed, signature: token.signature)
            hold("a token is written only one way", again == text)
            survives(try? token.claims())
        }
        guard isAdmitted(text) else { return }
        guard let token else { return hold("an accepted text is a token", false) }
        let isKnown = FuzzTokens.good.contains { $0.utf8.starts(with: token.signed + [0x2E]) }
        hold("an accepted token is signed", isKnown || isBySecret(token))
    }

    private static func isBySecret(_ token: CompactToken) -> Bool {
        token.algorithm == "HS256"
            && token.signature == Digest.hmacSHA256(key: FuzzTokens.secret, token.signed)
    }

    private static func survives(_ claims: TokenClaims?) {
        guard let claims else { return }
        hold("claims survive", (try? TokenClaims(claims.encoded())) == claims)
    }

    /// Checks that a valid signature is accepted only if the header and claims permit it.
    private static func signed(header: [UInt8], claims: [UInt8]) {
        let input = Array("\(Base64.encodeURL(header)).\(Base64.encodeURL(claims))".utf8)
        let signature = Digest.hmacSHA256(key: FuzzTokens.secret, input)
        let text = CompactToken.text(signed: input, signature: signature)
        guard isAdmitted(text) else { return }
        let members = members(of: header)
        hold("alg is the key's", members["alg"] == #""HS256""#)
        hold("crit is refused", members["crit"] == nil)
        guard let read = try? TokenClaims(claims) else { return hold("claims are parsed", false) }
        hold("a token has not ended", read.expires > now - TokenClaims.skew)
        hold("a token has begun", (read.notBefore ?? 0) <= now + TokenClaims.skew)
        hold("a token permits the channel", read.opens(channel))
        hold("a token is not the gateway's", read.subject != "passerelle")
    }

    /// Checks that no token is accepted that is signed with keys that an attacker can know.
    private static func forged(header: [UInt8], claims: [UInt8], by first: UInt8) {
        let input = Array("\(Base64.encodeURL(header)).\(Base64.encodeURL(claims))".utf8)
        let secrets = FuzzTokens.publicKeys.map { Array($0.utf8) } + [[], [0]]
        let number = Int(first >> 2) % (secrets.count + 1)
        let signature =
            number < secrets.count ? Digest.hmacSHA256(key: secrets[number], input) : []
        let text = CompactToken.text(signed: input, signature: signature)
        hold("a forged token is refused", !isAdmitted(text))
    }

    /// Checks that a good token is accepted, and is refused if any byte is changed.
    ///
    /// The input has the token's number, then changes of three bytes each: position and value.
    private static func changed(_ bytes: ArraySlice<UInt8>) {
        let good = FuzzTokens.good[Int(bytes.first ?? 0) % FuzzTokens.good.count]
        var text = Array(good.utf8)
        var rest = bytes.dropFirst().prefix(24)
        while rest.count >= 3 {
            let place = Int(rest.removeFirst()) << 8 | Int(rest.removeFirst())
            text[place % text.count] = rest.removeFirst()
        }
        let changed = String(decoding: text, as: UTF8.self)
        hold("only the token itself is accepted", isAdmitted(changed) == (changed == good))
    }

    private static func isAdmitted(_ text: String) -> Bool {
        do throws(Refusal) {
            _ = try check.admit(text, to: [channel], at: now)
            return true
        } catch {
            hold("a refusal has its status", error.status == 401 || error.status == 403)
            hold("a refusal is one line", !error.message.utf8.contains { $0 < 0x20 })
            return false
        }
    }

    /// Returns the members of a JSON object as they are written.
    private static func members(of json: [UInt8]) -> [String: String] {
        guard let root = try? JSONScanner.document(json.span) else { return [:] }
        var members: [String: String] = [:]
        for (key, value) in JSONScanner.members(json.span, of: root) {
            let name = String(decoding: JSONScanner.string(json.span, key), as: UTF8.self)
            var again: [UInt8] = []
            let text = JSONScanner.string(json.span, value)
            JSONWriter.string(bytes: text.span, into: &again)
            members[name] =
                value.kind == .string
                ? String(decoding: again, as: UTF8.self)
                : String(decoding: json[value.range], as: UTF8.self)
        }
        return members
    }

    /// Returns one of the parts that are separated by a zero byte.
    private static func part(_ number: Int, of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        return number < parts.count ? Array(parts[number]) : []
    }
}
