// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// An error answer to a request: a status, a machine-readable code, and a message for people.
package struct Refusal: Error, Equatable, Sendable {
    package let status: Int
    /// The machine-readable code in the body's `error`.
    package let word: String
    /// One or two short sentences; never contains input from the peer.
    package let message: String
    /// Further fields, such as `Retry-After` or `Allow`.
    package var fields: HTTPFields = [:]
    /// The limit that was reached, if any.
    package var limit: Limit?
    /// The reason why the authorization ended, if the body repeats it in the form that streams use.
    var denial: Denial?

    package init(
        _ status: Int, _ word: String, _ message: String, fields: HTTPFields = [:],
        limit: Limit? = nil
    ) {
        self.status = status
        self.word = word
        self.message = message
        self.fields = fields
        self.limit = limit
    }

    /// 400: the request is malformed or not allowed.
    package static func badRequest(_ word: String, _ message: String) -> Refusal {
        Refusal(400, word, message)
    }

    /// 503: temporarily unavailable; the client should retry after `seconds`.
    package static func unavailable(
        _ word: String, _ message: String, retryAfter seconds: Int, limit: Limit? = nil
    ) -> Refusal {
        Refusal(503, word, message, fields: ["Retry-After": String(seconds)], limit: limit)
    }

    /// 429: the client exceeds a limit, and should retry after `seconds`.
    static func excess(
        _ word: String, _ message: String, retryAfter seconds: Int, limit: Limit? = nil
    ) -> Refusal {
        Refusal(429, word, message, fields: ["Retry-After": String(seconds)], limit: limit)
    }

    /// A random `Retry-After` of 5 to 14 s, so that clients refused together do not retry together.
    static var spreadRetry: Int { 5 + Random.below(10) }

    /// 404: no route has this path.
    static let noSuchRoute = Refusal(404, "not-found", "There is no such route here.")

    /// 405: the route accepts only these methods.
    static func method(allowed: String) -> Refusal {
        Refusal(
            405, "method-not-allowed", "This route takes \(allowed).", fields: ["Allow": allowed])
    }

    /// 503: the gateway is shutting down.
    package static let draining = Refusal.unavailable(
        "shutting-down", "The gateway is shutting down; retry later.", retryAfter: 1)

    /// The response with its JSON body `{"error":…,"message":…}`.
    package var response: HTTPResponse {
        var body = Array(#"{"error":"#.utf8)
        JSONWriter.string(word, into: &body)
        body += Array(#","message":"#.utf8)
        JSONWriter.string(message, into: &body)
        if let denial {
            body += Array(#","event":"\#(Denial.event)","data":\#(denial.json)"#.utf8)
        }
        body += Array("}\n".utf8)
        var fields = fields
        fields.set("Content-Type", "application/json")
        fields.set("Cache-Control", "no-store")
        return HTTPResponse(status: status, fields: fields, body: body)
    }
}
