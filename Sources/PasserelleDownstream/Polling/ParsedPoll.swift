// SPDX-License-Identifier: MIT

import PasserelleWire

/// The request of a poll as parsed from its target; a connection keeps the last one, since a
/// polling client repeats its target and only the position in its `If-None-Match` changes.
final class ParsedPoll: Sendable {
    /// The longest target in bytes that is kept between requests; longer ones are parsed each time.
    static let keptBytes = 512

    /// The parsed query.
    let asked: ReadRequest
    private let target: String

    /// Parses a request's query; refuses malformed, repeated and forbidden items.
    init(_ request: HTTPRequest, _ configuration: DownstreamConfiguration) throws(Refusal) {
        target = request.target
        asked = try ReadRequest(request, configuration)
    }

    /// True if a request has the same target.
    func isAsked(by request: HTTPRequest) -> Bool { target == request.target }

    /// True if the parsed target may be kept; a target with a token or a pass may not.
    var mayBeKept: Bool {
        !asked.hasToken && asked.claim.pass == nil && target.utf8.count <= Self.keptBytes
    }
}
