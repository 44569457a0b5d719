// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// `GET /events`: from the request to the open stream (design §3).
enum EventStreamRoute {
    /// The fields of a stream's head.
    static let fields: HTTPFields = [
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
    ]

    /// Opens a stream on the connection's link, which is the stream's from then on.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        var asked = try ReadRequest(request, desk.configuration)
        if let last = request.fields.first("Last-Event-ID"), !last.isEmpty {
            // What is no position is told in band, as one that we do not know: an EventSource would
            // only try a refusal again.
            asked.start = Position(last).map { .after($0) } ?? .unknown
        }
        let (wanted, isHEAD, version) = (asked, request.method == "HEAD", request.version)
        try desk.admit(request, to: wanted.channels, claiming: wanted.claim, on: connection) {
            [weak connection] (grant) throws(Refusal) in
            guard let connection else { return }
            guard !connection.isDraining else { throw .draining }
            guard !isHEAD else {
                return connection.answerStreamHead(fields: connection.streamFields)
            }
            try open(wanted, with: grant, version: version, on: connection, desk: desk)
        }
    }

    private static func open(
        _ asked: ReadRequest, with grant: Grant, version: HTTPVersion,
        on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        try desk.checkRoom(for: asked.channels)
        let account = try desk.quotas.open(
            for: connection.from, through: connection.link.peer, user: grant.identity?.userID)
        var options: StreamReader.Options = version == .http11 ? .isChunked : []
        if asked.wantsOnlyData { options.insert(.onlyData) }
        let head = head(fields: connection.streamFields, version: version)
        let reader = StreamReader(
            link: connection.link, account: account, options: options, streams: desk.streams)
        connection.handOver()
        connection.link.resume()
        if !grant.isLasting { reader.stay = desk.door?.stays(reader, by: grant) }
        desk.hub.attach(
            reader, to: asked.channels, from: asked.effectiveStart, wantsSnapshot: true,
            as: grant.identity?.userID, at: desk.now)
        if let identity = grant.identity {
            desk.services.presence.joined(asked.channels, identity)
        }
        desk.tally.streams += 1
        reader.begin(head: head)
    }

    /// The response's head and the first line of the stream.
    private static func head(fields: HTTPFields, version: HTTPVersion) -> [UInt8] {
        // The link ends with the stream.
        var head = HTTPWriter.streamHead(
            status: 200, fields: fields, version: version, keepAlive: false)
        var retry: [UInt8] = []
        EventStreamWriter.retry(milliseconds: spreadRetry(), into: &retry)
        if version == .http11 {
            HTTPWriter.chunk(retry.span, into: &head)
        } else {
            head += retry
        }
        return head
    }

    /// How long a client waits before it reconnects, in milliseconds: spread, so that all those who
    /// lost their stream together do not come back together.
    private static func spreadRetry() -> Int {
        1000 + Int(Random.uint32() % 2000)
    }
}

extension HTTPConnection {
    /// The fields of a stream's head for the page that asked.
    fileprivate var streamFields: HTTPFields {
        var fields = EventStreamRoute.fields
        if let crossOrigin { OriginRules.allow(crossOrigin, in: &fields) }
        return fields
    }
}
