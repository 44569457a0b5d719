// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// `POST /channels/{channel}/events`: sends a client event.
enum SendRoute {
    /// Validates the request, then answers once the channel is subscribed and the event is sent.
    static func serve(
        _ request: HTTPRequest, channel: String, on connection: HTTPConnection,
        context: DownstreamContext
    ) throws(Refusal) {
        let channel = try ReadRequest.check(channel: channel, context.configuration)
        try request.requireJSON()
        let claim = try IdentityClaim(query: request.query)
        let event = try ClientEvent(request.body)
        try context.admit(request, to: [channel], claiming: claim, on: connection) {
            [weak connection] (grant) throws(Refusal) in
            guard let connection else { return }
            let signed = try context.sign(event, on: channel, as: grant.identity)
            send(signed, by: grant.userIDs, on: connection, context: context)
        }
    }

    private static func send(
        _ event: SignedClientEvent, by userIDs: [String],
        on connection: HTTPConnection, context: DownstreamContext
    ) {
        connection.waits(
            for: context.whenSubscribed(
                [event.channel], for: userIDs,
                by: connection.requester(context, user: event.userID)
            ) { [weak connection] outcome in
                do throws(Refusal) {
                    _ = try outcome.channels()
                } catch {
                    connection?.refuse(error)
                    return
                }
                context.send(event) { refusal in
                    guard let refusal else {
                        connection?.answer(.json(202, Array("{}\n".utf8)))
                        return
                    }
                    connection?.refuse(refusal)
                }
            })
    }
}
