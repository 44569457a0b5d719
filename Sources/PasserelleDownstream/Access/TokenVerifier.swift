// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Decides whether a token allows channels, and reads its bearer's identity.
package struct TokenVerifier {
    private let keys: [SignatureKey]
    /// The gateway's own id, which a token must not name.
    private let memberID: String
    /// The value that `aud` must contain; `nil` if it is not checked.
    private let audience: String?
    private let settingNames: SettingNames

    /// Creates a verifier with these keys; a token's `alg` must be that of the key that verifies
    /// it.
    package init(
        keys: [SignatureKey], memberID: String, audience: String? = nil,
        settingNames: SettingNames = SettingNames()
    ) {
        self.settingNames = settingNames
        self.keys = keys
        self.audience = audience
        self.memberID = memberID
    }

    /// Checks signature, times and channels; `now` is in seconds since 1970.
    package func admit(
        _ text: String?, to channels: [String], at now: Int64
    ) throws(Refusal) -> (identity: ReaderIdentity?, claims: TokenClaims) {
        guard let text else { throw .noToken }
        let claims = try claims(of: text, at: now)
        guard channels.allSatisfy(claims.opens) else {
            throw Refusal(403, "forbidden", "The token does not allow that channel.")
        }
        guard let subject = claims.subject else { return (nil, claims) }
        do throws(ReaderIdentity.Fault) {
            let identity = try ReaderIdentity(
                userID: subject, userInfo: claims.info, mayPublish: claims.mayPublish,
                reserved: memberID)
            return (identity, claims)
        } catch {
            throw .badToken("its sub or info is not valid for a channel member")
        }
    }

    private func claims(of text: String, at now: Int64) throws(Refusal) -> TokenClaims {
        let token = try refusingErrors { () throws(TokenError) in try CompactToken(text) }
        let fitting = keys.filter { $0.algorithm.rawValue == token.algorithm }
        guard !fitting.isEmpty else { throw .badToken("its alg matches no configured key") }
        guard fitting.contains(where: { $0.verifies(token.signature, of: token.signed) }) else {
            throw .badToken("its signature matches no configured key")
        }
        return try refusingErrors { () throws(TokenError) in
            let claims = try token.claims()
            try claims.check(at: now, audience: audience)
            return claims
        }
    }

    private func refusingErrors<Value>(
        _ read: () throws(TokenError) -> Value
    ) throws(Refusal) -> Value {
        do throws(TokenError) {
            return try read()
        } catch {
            throw .badToken(
                error == .otherAudience
                    ? "its aud is not the one that \(settingNames.tokenAudience) requires"
                    : error.words)
        }
    }
}
