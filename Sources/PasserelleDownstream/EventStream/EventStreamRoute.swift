// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The route `GET /events`: authorizes the request and opens the stream.
enum EventStreamRoute {
    /// The header fields of a stream's response.
    static let fields: HTTPFields = [
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
    ]

    /// Opens a stream, which takes over the connection's link.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        var asked = try ReadRequest(request, context.configuration)
        if let last = request.fields.lastEventID { asked.start = last }
        let (wanted, isHEAD, version) = (asked, request.method == "HEAD", request.version)
        try context.admit(
            request, to: wanted.channels, claiming: wanted.claim, isBrief: false, on: connection
        ) {
            [weak connection] (grant) throws(Refusal) in
            guard let connection else { return }
            guard !connection.isDraining else { throw .draining }
            guard !isHEAD else {
                return connection.answerStreamHead(fields: connection.streamFields)
            }
            try open(wanted, with: grant, version: version, on: connection, context: context)
        }
    }

    private static func open(
        _ asked: ReadRequest, with grant: Authorization, version: HTTPVersion,
        on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        let requester = connection.requester(context, user: grant.identity?.userID)
        try context.makeRoom(for: asked.channels, by: requester)
        let account = try context.quotas.open(
            for: connection.from, through: connection.link.peer, user: grant.identity?.userID)
        var options: EventStreamReader.Options = version == .http11 ? .isChunked : []
        if asked.wantsOnlyData { options.insert(.onlyData) }
        let head = head(fields: connection.streamFields, version: version)
        let reader = EventStreamReader(
            link: connection.link, account: account, options: options, streams: context.streams)
        connection.handOver()
        context.hold(asked.channels, by: requester)
        context.hub.attach(
            reader, to: asked.channels, from: asked.effectiveStart,
            skipsReplay: asked.skipsReplay, wantsSnapshot: true, as: grant.identity?.userID,
            filter: context.filter(asked.events), at: context.now)
        context.streams.users.add(reader, of: grant.userIDs, isStream: true)
        if let identity = grant.identity {
            context.services.presence.joined(asked.channels, identity)
        }
        context.tally.streams += 1
        let before = context.streams.pumpedBytes
        reader.begin(head: head)
        // This comes last, since the grant may have expired by now, which ends the stream.
        if !grant.isLasting, !reader.isEnded {
            reader.lease = context.authenticator?.addLease(for: reader, by: grant)
        }
        let cost = RequestCost.of(bytes: context.streams.pumpedBytes - before)
        context.quotas.charge(cost, to: connection.from, through: connection.link.peer)
    }

    /// Returns the response's head and the first line of the stream.
    private static func head(fields: HTTPFields, version: HTTPVersion) -> [UInt8] {
        // The link ends with the stream.
        var head = HTTPWriter.streamHead(
            status: 200, fields: fields, version: version, keepAlive: false)
        var retry: [UInt8] = []
        // Random, so that clients that lost their streams together do not reconnect together.
        EventStreamWriter.retry(milliseconds: 1_000 + Random.below(2_000), into: &retry)
        if version == .http11 {
            HTTPWriter.chunk(retry.span, into: &head)
        } else {
            head += retry
        }
        return head
    }
}

extension HTTPConnection {
    /// The header fields of a stream's response for the requesting page.
    fileprivate var streamFields: HTTPFields {
        var fields = EventStreamRoute.fields
        addFields(to: &fields)
        return fields
    }
}
