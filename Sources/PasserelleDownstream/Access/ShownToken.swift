// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Where a request may hold a token (RFC 6750 §2), in the order in which it is looked for.
package enum ShownToken {
    /// The cookie's name.
    static let cookie = "passerelle"
    /// The query parameter's name, for an EventSource, which can set no field.
    static let parameter = "access_token"

    /// The token of `Authorization: Bearer`, else of the cookie, else of the query.
    package static func find(in request: HTTPRequest) throws(Refusal) -> String? {
        let authorizations = request.fields.all("Authorization")
        guard authorizations.count <= 1 else {
            throw .badRequest("bad-request", "Authorization is given twice.")
        }
        if let token = authorizations.first.flatMap(bearer) { return token }
        if let token = request.fields.cookie(cookie) { return token }
        guard let query = request.query, query.contains(parameter) else { return nil }
        guard let items = try? HTTPTarget.decodeQuery(query) else {
            throw .badRequest("bad-query", "The query is not well-formed percent-encoded UTF-8.")
        }
        let tokens = items.filter { $0.name == parameter }
        guard tokens.count <= 1 else {
            throw .badRequest("bad-query", "\(parameter) is given twice.")
        }
        return tokens.first?.value
    }

    private static func bearer(_ value: String) -> String? {
        let words = value.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return words[1].drop { $0 == " " }.isEmpty ? nil : String(words[1].drop { $0 == " " })
    }
}
