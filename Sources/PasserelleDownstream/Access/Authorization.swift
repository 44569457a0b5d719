// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleWire

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

/// The places in a request that may hold a token (RFC 6750 §2), in the order of precedence.
package enum BearerTokenLocation {
    /// The cookie's name.
    static let cookie = "passerelle"
    /// The request fields that may hold a token.
    static let fields = ["Authorization", "Cookie"]
    /// The query parameter's name, for an EventSource, which cannot set request fields; accepted
    /// only if the operator allows it, since proxies log queries.
    static let parameter = "access_token"

    /// Returns the token of `Authorization: Bearer`, else of the cookie, else of the query.
    ///
    /// Refuses a token in the query unless `acceptsQuery` is set.
    package static func find(
        in request: HTTPRequest, acceptsQuery: Bool, _ settingNames: SettingNames = SettingNames()
    ) throws(Refusal) -> String? {
        let authorizations = request.fields.all("Authorization")
        guard authorizations.count <= 1 else {
            throw .badRequest("bad-request", "Authorization is given twice.")
        }
        if let token = authorizations.first.flatMap(bearer) { return token }
        if let token = request.fields.cookie(cookie) { return token }
        return try findInQuery(of: request, acceptsQuery: acceptsQuery, settingNames)
    }

    /// True if `Authorization` has a token.
    static func hasField(_ fields: HTTPFields) -> Bool {
        fields.all("Authorization").contains { bearer($0) != nil }
    }

    private static func findInQuery(
        of request: HTTPRequest, acceptsQuery: Bool, _ settingNames: SettingNames
    ) throws(Refusal) -> String? {
        guard let query = request.query, mayName(query.utf8.span) else { return nil }
        guard let items = try? HTTPTarget.decodeQuery(query) else {
            throw .badRequest("bad-query", "The query is not well-formed percent-encoded UTF-8.")
        }
        let tokens = items.filter { $0.name == parameter }
        guard tokens.count <= 1 else {
            throw .badRequest("bad-query", "\(parameter) is given twice.")
        }
        guard tokens.isEmpty || acceptsQuery else { throw .tokenInQuery(settingNames) }
        return tokens.first?.value
    }

    /// Returns true if the query contains the parameter's name; avoids decoding most queries twice.
    private static func mayName(_ query: Span<UInt8>) -> Bool {
        let name = Array(parameter.utf8)
        guard query.count >= name.count else { return false }
        for start in 0...query.count - name.count where query[start] == name[0] {
            if name.indices.allSatisfy({ query[start + $0] == name[$0] }) { return true }
        }
        return false
    }

    private static func bearer(_ value: String) -> String? {
        let words = value.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return words[1].drop { $0 == " " }.isEmpty ? nil : String(words[1].drop { $0 == " " })
    }
}
