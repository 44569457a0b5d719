// SPDX-License-Identifier: MIT

package import PasserelleWire

/// A request that is not served, and why: a status, a word for programs, a sentence for people.
package struct Refusal: Error, Equatable, Sendable {
    package let status: Int
    /// The machine-readable word in the body's `error`.
    package let word: String
    /// One sentence; never holds what the peer wrote.
    package let message: String
    /// Further fields, such as `Retry-After` or `Allow`.
    package var fields: HTTPFields = [:]
    /// The limit that was reached, where one was.
    package var limit: Limit?

    package init(_ status: Int, _ word: String, _ message: String, fields: HTTPFields = [:]) {
        self.status = status
        self.word = word
        self.message = message
        self.fields = fields
    }

    /// 400: the request says something that it must not.
    package static func badRequest(_ word: String, _ message: String) -> Refusal {
        Refusal(400, word, message)
    }

    /// 503: not now; come back after so many seconds.
    package static func unavailable(
        _ word: String, _ message: String, retryAfter seconds: Int
    ) -> Refusal {
        Refusal(503, word, message, fields: ["Retry-After": String(seconds)])
    }

    /// 404: the path is none of ours.
    static let noSuchRoute = Refusal(404, "not-found", "There is no such route here.")

    /// 405: the route takes these methods alone.
    static func method(allowed: String) -> Refusal {
        Refusal(
            405, "method-not-allowed", "This route takes \(allowed).", fields: ["Allow": allowed])
    }

    /// 503: the gateway is about to end, and its successor will serve.
    package static let draining = Refusal.unavailable(
        "shutting-down", "The gateway is shutting down; come back.", retryAfter: 1)

    /// The response with its JSON body `{"error":…,"message":…}`.
    package var response: HTTPResponse {
        var body = Array(#"{"error":"#.utf8)
        JSONWriter.string(word, into: &body)
        body += Array(#","message":"#.utf8)
        JSONWriter.string(message, into: &body)
        body += Array("}\n".utf8)
        var fields = fields
        fields.set("Content-Type", "application/json")
        fields.set("Cache-Control", "no-store")
        return HTTPResponse(status: status, fields: fields, body: body)
    }
}
