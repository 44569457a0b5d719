// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The authorization of a reader.
struct Authorization {
    /// The user; `nil` for an anonymous reader.
    let identity: ReaderIdentity?
    /// The ids of all users of which a revocation ends the reader; the route may name several,
    /// including some that cannot be members.
    let userIDs: [String]
    /// The period of validity of the token.
    var period: TokenPeriod?
    /// The end of a pass, on the loop's clock.
    var end: Duration?
    /// The request that the route authorized; its channels are rechecked while the reader is open.
    var request: AuthRouteCache.Request?

    /// Creates an authorization for a user and its id.
    init(identity: ReaderIdentity? = nil, period: TokenPeriod? = nil, end: Duration? = nil) {
        self.identity = identity
        self.period = period
        self.end = end
        userIDs = identity.map { [$0.userID] } ?? []
    }

    /// Creates the authorization of a request by the route; throws the refusal if it is none.
    init(_ verdict: AuthRouteCache.Verdict, of request: AuthRouteCache.Request) throws(Refusal) {
        switch verdict {
        case .admitted(let identity, let users):
            self.identity = identity
            self.request = request
            userIDs = users
        case .refused(let status):
            throw .byRoute(status: status, hadToken: request.hasToken)
        case .unavailable(let seconds): throw .routeIsSilent(retryAfter: seconds)
        case .overloaded(let seconds):
            throw .unavailable(
                "overloaded", "Too many requests wait for authorization; retry later.",
                retryAfter: seconds)
        case .tooManyFromClient(let seconds): throw .waitsTooOften(retryAfter: seconds)
        case .revoked: throw .denied(.revokedByOperator)
        }
    }

    /// True if the authorization cannot end while the reader is open.
    var isLasting: Bool { end == nil && period == nil && request?.keys.isEmpty ?? true }
}

/// A reader that ends when its authorization does.
protocol AuthorizedReader: Reader {
    /// Ends the reader immediately and reports the reason to its client.
    func end(for reason: Denial)
}

extension AuthRouteCache.Request {
    /// True if a token in `Authorization` is forwarded to the route.
    var hasToken: Bool { BearerTokenLocation.hasField(fields) }
}
