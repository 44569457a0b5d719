// SPDX-License-Identifier: MIT

package import PasserelleWire

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
