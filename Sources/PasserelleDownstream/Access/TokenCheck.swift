// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Decides whether a token opens channels, and what it says of its bearer.
package struct TokenCheck {
    private let keys: [SignatureKey]
    /// The gateway's own id, which no token may name.
    private let memberID: String

    /// A check against these keys; a token's `alg` has to be that of the key that verifies it.
    package init(keys: [SignatureKey], memberID: String) {
        self.keys = keys
        self.memberID = memberID
    }

    /// Checks signature, times and channels; `now` is in seconds since 1970.
    package func admit(
        _ text: String?, to channels: [String], at now: Int64
    ) throws(Refusal) -> (identity: ReaderIdentity?, claims: TokenClaims) {
        guard let text else { throw .noToken }
        let claims = try claims(of: text, at: now)
        guard channels.allSatisfy(claims.opens) else {
            throw Refusal(403, "forbidden", "The token does not open that channel.")
        }
        guard let subject = claims.subject else { return (nil, claims) }
        do throws(ReaderIdentity.Fault) {
            let identity = try ReaderIdentity(
                userID: subject, userInfo: claims.info, mayPublish: claims.mayPublish,
                reserved: memberID)
            return (identity, claims)
        } catch {
            throw .badToken("its sub or info cannot be a member's")
        }
    }

    private func claims(of text: String, at now: Int64) throws(Refusal) -> TokenClaims {
        let token = try understood { () throws(TokenError) in try CompactToken(text) }
        let fitting = keys.filter { $0.algorithm.rawValue == token.algorithm }
        guard !fitting.isEmpty else { throw .badToken("its alg is not that of a key here") }
        guard fitting.contains(where: { $0.verifies(token.signature, of: token.signed) }) else {
            throw .badToken("its signature is not by a key here")
        }
        return try understood { () throws(TokenError) in
            let claims = try token.claims()
            try claims.check(at: now)
            return claims
        }
    }

    private func understood<Value>(
        _ read: () throws(TokenError) -> Value
    ) throws(Refusal) -> Value {
        do throws(TokenError) {
            return try read()
        } catch {
            throw .badToken(error.words)
        }
    }
}

extension Refusal {
    /// 401: nothing shows who asks.
    static let noToken = Refusal(
        401, "unauthorized",
        "A token is needed: Authorization: Bearer TOKEN, the cookie \(ShownToken.cookie), or"
            + " \(ShownToken.parameter)=TOKEN.",
        fields: ["WWW-Authenticate": #"Bearer realm="passerelle""#])

    /// 401: a token that does not count, and why (RFC 6750 §3.1).
    static func badToken(_ words: String) -> Refusal {
        Refusal(
            401, "invalid-token", "The token is refused: \(words).",
            fields: [
                "WWW-Authenticate": #"Bearer realm="passerelle", error="invalid_token""#
            ])
    }
}
