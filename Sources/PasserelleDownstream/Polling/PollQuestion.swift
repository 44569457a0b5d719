// SPDX-License-Identifier: MIT

import PasserelleWire

/// What a poll asks for by its target alone; a connection keeps its last one, since a client that
/// polls asks the same again and again, and only the position in its `If-None-Match` moves.
final class PollQuestion: Sendable {
    /// Bytes of a target that is kept between two requests; longer ones are read anew each time.
    static let keptBytes = 512

    /// The words of the query, read.
    let asked: ReadRequest
    private let target: String

    /// Reads a request's query; refuses what is malformed, given twice, or not to be asked for.
    init(_ request: HTTPRequest, _ configuration: DownstreamConfiguration) throws(Refusal) {
        target = request.target
        asked = try ReadRequest(request, configuration)
    }

    /// Says whether that request asks the same.
    func isAsked(by request: HTTPRequest) -> Bool { target == request.target }

    /// Says whether it may be kept; a token or a pass that stands in the target is not.
    var mayBeKept: Bool {
        !asked.showsToken && asked.claim.pass == nil && target.utf8.count <= Self.keptBytes
    }
}
