// SPDX-License-Identifier: MIT

import PasserelleWire

/// Decodes a request's query and refuses malformed ones.
enum QueryItems {
    /// Decodes a query; if it is `nil`, there are no items.
    static func decode(_ query: String?) throws(Refusal) -> [(name: String, value: String)] {
        do throws(HTTPTargetError) {
            return try HTTPTarget.decodeQuery(query ?? "")
        } catch .tooManyItems(let limit) {
            throw .badRequest("bad-query", "The query has more than \(limit) items.")
        } catch {
            throw .badRequest("bad-query", "The query is not well-formed percent-encoded UTF-8.")
        }
    }
}
