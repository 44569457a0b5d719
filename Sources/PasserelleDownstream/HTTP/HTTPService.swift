// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// The HTTP surface: routes, and every connection that speaks it.
package final class HTTPService {
    let desk: Desk
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private(set) var isDraining = false

    init(desk: Desk) {
        self.desk = desk
    }

    /// Takes an accepted link.
    package func accepted(_ link: Link) {
        let connection = HTTPConnection(link: link, service: self)
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Connections that are open and no streams.
    package var connectionCount: Int { connections.count }

    /// Closes what rests, and everything else after its answer.
    func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    func forget(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Answers a request: by a response now or later, or by taking the link over for a stream.
    func serve(_ request: HTTPRequest, on connection: HTTPConnection) {
        do throws(Refusal) {
            try route(request, on: connection)
        } catch {
            desk.tally.refusals += 1
            connection.answer(error.response)
        }
    }

    private func route(_ request: HTTPRequest, on connection: HTTPConnection) throws(Refusal) {
        let segments = (try? HTTPTarget.decodePath(request.path)) ?? []
        switch (segments.count, segments.first) {
        case (1, "events"):
            try allow(["GET", "HEAD"], request)
            try openStream(request, on: connection)
        case (1, "poll"):
            try allow(["GET", "HEAD"], request)
            try Poll.serve(request, on: connection, desk: desk)
        case (3, "channels") where segments[2] == "members":
            try allow(["GET", "HEAD"], request)
            try serveMembers(of: segments[1], on: connection)
        case (1, "healthz"):
            try allow(["GET", "HEAD"], request)
            connection.answer(.text(200, "ok\n"))
        case (1, "readyz"):
            try allow(["GET", "HEAD"], request)
            let (isReady, words) = desk.services.readiness()
            connection.answer(.text(isReady ? 200 : 503, words + "\n"))
        default:
            let reply: (HTTPResponse) -> Void = { [weak connection] in connection?.answer($0) }
            guard !desk.services.otherRoutes(request, reply) else { return }
            throw Refusal(404, "not-found", "There is no such route here.")
        }
    }

    private func allow(_ methods: [String], _ request: HTTPRequest) throws(Refusal) {
        guard !methods.contains(request.method) else { return }
        let allowed = methods.joined(separator: ", ")
        throw Refusal(
            405, "method-not-allowed", "This route takes \(allowed).", fields: ["Allow": allowed])
    }

    // MARK: - Event streams

    private func openStream(
        _ request: HTTPRequest, on connection: HTTPConnection
    ) throws(Refusal) {
        var asked = try ReadRequest(
            query: request.query, allowed: desk.configuration.channels)
        if let last = request.fields.first("Last-Event-ID"), !last.isEmpty {
            // What is no position of ours is a position that we do not know: told in band, since
            // an EventSource would only try a refusal again.
            asked.start = .after(Position(last) ?? Position(epoch: 0, sequence: 0))
        }
        let isChunked = request.version == .http11
        let fields: HTTPFields = [
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
        ]
        var head = HTTPWriter.streamHead(status: 200, fields: fields, version: request.version)
        guard request.method != "HEAD" else { return connection.endStream(head: head) }
        var retry: [UInt8] = []
        EventStreamWriter.retry(milliseconds: Self.spreadRetry(), into: &retry)
        if isChunked {
            HTTPWriter.chunk(retry.span, into: &head)
        } else {
            head += retry
        }
        var options: StreamReader.Options = isChunked ? .isChunked : []
        if asked.wantsOnlyData { options.insert(.onlyData) }
        let reader = StreamReader(link: connection.link, options: options, streams: desk.streams)
        connection.release()
        desk.hub.attach(
            reader, to: asked.channels, from: asked.effectiveStart, wantsSnapshot: true,
            at: desk.now)
        desk.tally.streams += 1
        reader.begin(head: head)
    }

    /// How long a client waits before it reconnects, in milliseconds: spread, so that all those who
    /// lost their stream together do not come back together.
    private static func spreadRetry() -> Int {
        1000 + Int(Random.uint32() % 2000)
    }

    // MARK: - Members

    private func serveMembers(of name: String, on connection: HTTPConnection) throws(Refusal) {
        let name = try ReadRequest.check(channel: name, allowed: desk.configuration.channels)
        let desk = desk
        connection.waits(
            for: Waiter(desk: desk, channels: [name]) { [weak connection] outcome in
                do throws(Refusal) {
                    try outcome.check()
                    connection?.answer(.json(200, desk.memberState(of: name)))
                } catch {
                    connection?.answer(error.response)
                }
            })
    }
}

extension Waiter.Outcome {
    /// Refuses where there is nothing to answer with.
    func check() throws(Refusal) {
        switch self {
        case .heard: return
        case .refused(_, let message):
            throw .unavailable(
                "subscription-refused", "Channels refuses the subscription: \(message)",
                retryAfter: 10)
        case .timedOut:
            throw .unavailable(
                "upstream-unavailable", "The channel has not been heard yet: Channels is away.",
                retryAfter: 2)
        }
    }
}

extension HTTPResponse {
    /// A short plain text.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store",
            ], body: Array(text.utf8))
    }

    /// A JSON document that is for this client and this moment alone.
    package static func json(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/json", "Cache-Control": "private, no-cache",
            ], body: body)
    }
}
