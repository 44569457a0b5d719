// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The route `GET /console/events`: checks the request and opens the console.
enum ConsoleRoute {
    private static let fields: HTTPFields = {
        var fields = EventStreamRoute.fields
        fields.set("Cross-Origin-Resource-Policy", "same-origin")
        fields.set("X-Content-Type-Options", "nosniff")
        return fields
    }()

    /// Opens a console, which takes over the connection's link.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        try request.requireOwnPage(
            orRefuse: "Only the console's own page can open this stream.")
        guard !connection.isDraining else { throw .draining }
        guard request.method == "GET" else { return connection.answerStreamHead(fields: fields) }
        guard let console = context.console else { throw .noSuchRoute }
        if console.makeRoom() {
            context.quotas.reached(.operatorConnections, by: connection.link.peer)
        }
        // The link ends with the stream.
        let head = HTTPWriter.streamHead(
            status: 200, fields: fields, version: request.version, keepAlive: false)
        connection.handOver()
        console.open(connection.link, head: head, isChunked: request.version == .http11)
    }
}

/// The operators' console: its page, and the event streams that the page opens.
///
/// `Downstream` checks the requests and hands the connections over.
package protocol OperatorConsole: AnyObject {
    /// Returns the page's file at the segments of a path; `nil` if there is none.
    func page(_ path: [String]) -> HTTPResponse?

    /// Closes a stream if the limit is reached; returns whether it did.
    func makeRoom() -> Bool

    /// Opens a stream on a link; `head` is the head of the response.
    func open(_ link: Link, head: [UInt8], isChunked: Bool)

    /// Handles the retraction of events that the log held.
    func retract(events sequences: Set<UInt64>)

    /// Handles the deletion of a message that had already left the log.
    func retractedLate()

    /// Ends every stream.
    func drain()
}
