// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

extension Duration {
    /// The duration of a pass: the hour that a check takes at most, and its preparation.
    fileprivate static let passLease: Duration = .seconds(4_200)
}

extension DownstreamContext {
    /// Continues with a request once it is authorized, or refuses it.
    ///
    /// `isBrief` is true if the request ends with its answer. `work` is called before this returns
    /// if no call is needed.
    func admit(
        _ request: HTTPRequest, to channels: [String], claiming claim: IdentityClaim = .init(),
        isBrief: Bool = true, on connection: HTTPConnection,
        _ work: @escaping (Authorization) throws(Refusal) -> Void
    ) throws(Refusal) {
        guard let authenticator else {
            return try work(Authorization(identity: try identity(claim)))
        }
        if let pass = claim.pass, services.checks.opens(pass, channels) {
            return try work(Authorization(end: loop.now + .passLease))
        }
        let client = quotas.account(of: connection.from, through: connection.link.peer)
        let admission = try authenticator.admit(
            request, to: channels, from: client, isBrief: isBrief
        ) { [weak connection] result in
            do throws(Refusal) {
                try work(try result.get())
            } catch {
                connection?.refuse(error)
            }
        }
        switch admission {
        case .authorized(let grant): try work(grant)
        case .pending(let id): connection.waits(for: id)
        }
    }

    /// Returns the claimed identity if claims are accepted; `nil` for an anonymous reader.
    func identity(_ claim: IdentityClaim) throws(Refusal) -> ReaderIdentity? {
        guard configuration.acceptsClaims else { return nil }
        return try ReaderIdentity.claimed(
            user: claim.user, info: claim.info, reserved: configuration.memberID)
    }
}

/// The responses to requests without an authorization.
extension Refusal {
    /// Returns the response to a reader with an authorization that has ended; `hadToken` is true if
    /// its request had a token.
    static func denied(_ reason: Denial, hadToken: Bool = false) -> Refusal {
        switch reason {
        case .revoked(let status): .byRoute(status: status, hadToken: hadToken)
        case .expired: .badToken(TokenError.expired.words)
        case .unavailable: .routeIsSilent(retryAfter: 10)
        case .revokedByOperator: .revokedByOperator
        }
    }

    /// 403: an operator has revoked the user.
    private static var revokedByOperator: Refusal {
        var refusal = Refusal(403, "forbidden", "The user's authorization was revoked.")
        refusal.denial = .revokedByOperator
        return refusal
    }

    /// 503: the auth route does not answer, so the authorization is unknown.
    static func routeIsSilent(retryAfter seconds: Int) -> Refusal {
        .unavailable(
            "auth-unavailable", "The application's auth route does not answer; retry later.",
            retryAfter: seconds)
    }

    /// 429: too many requests of the address wait for the route.
    static func waitsTooOften(retryAfter seconds: Int) -> Refusal {
        .excess(
            "rate-limited",
            "Too many requests from your address wait for authorization; retry later.",
            retryAfter: seconds, limit: .addressAuthQueue)
    }

    /// The response to the route's refusal; `hadToken` is true if the request had a token, which
    /// the route has then refused.
    static func byRoute(status: Int, hadToken: Bool) -> Refusal {
        let words = "The application's auth route refuses this reader."
        guard status == 401 else { return Refusal(403, "forbidden", words) }
        return Refusal(401, "unauthorized", words, fields: challenge(toToken: hadToken))
    }

    /// The field that a 401 must have (RFC 9110 §11.6.1); names the error if there was a token
    /// (RFC 6750 §3.1).
    static func challenge(toToken hadToken: Bool) -> HTTPFields {
        let error = hadToken ? #", error="invalid_token""# : ""
        return ["WWW-Authenticate": #"Bearer realm="passerelle""# + error]
    }
}
