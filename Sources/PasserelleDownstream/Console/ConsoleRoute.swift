// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// `GET /console/events`: from the request to the open console.
enum ConsoleRoute {
    private static let fields: HTTPFields = {
        var fields = EventStreamRoute.fields
        fields.set("Cross-Origin-Resource-Policy", "same-origin")
        fields.set("X-Content-Type-Options", "nosniff")
        return fields
    }()

    /// Opens a console on the connection's link, which is the console's from then on.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        try checkSite(of: request)
        guard !connection.isDraining else { throw .draining }
        guard request.method == "GET" else { return connection.answerStreamHead(fields: fields) }
        try desk.consoles.checkRoom()
        // The link ends with the stream.
        let head = HTTPWriter.streamHead(
            status: 200, fields: fields, version: request.version, keepAlive: false)
        connection.handOver()
        connection.link.resume()
        desk.consoles.open(
            connection.link, head: head, isChunked: request.version == .http11)
    }

    /// Refuses what a page elsewhere has a browser fetch, as an image say: it could read nothing of
    /// it, but take a console's place.
    private static func checkSite(of request: HTTPRequest) throws(Refusal) {
        guard let site = request.fields.first("Sec-Fetch-Site")?.lowercased() else { return }
        guard ["same-origin", "none"].contains(site) else {
            throw Refusal(403, "forbidden", "Only the console's own page may open this stream.")
        }
    }
}
