// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// `GET /poll`: one poll, from its request to its answer (design §4).
enum Poll {
    /// How long a client is asked to wait before its next poll, in milliseconds.
    static let retryMilliseconds = 2000
    /// Bytes of events that an answer has at most, where no single event is larger.
    static let answerBytes = 524_288

    /// Answers at once, when the channels have been heard, or when there is news.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        var asked = try ReadRequest(query: request.query, allowed: desk.configuration.channels)
        let tags = request.fields.all("If-None-Match").flatMap(positions(inTags:))
        if asked.start == nil { asked.start = cursor(of: tags, at: desk.hub.position) }
        let poll = asked
        guard desk.door != nil else {
            return serve(poll, as: try desk.identity(asked.claim), tags, on: connection, desk: desk)
        }
        try desk.admit(request, to: poll.channels, claiming: poll.claim, on: connection) {
            [weak connection] grant in
            guard let connection else { return }
            serve(poll, as: grant.identity, tags, on: connection, desk: desk)
        }
    }

    private static func serve(
        _ poll: ReadRequest, as identity: ReaderIdentity?, _ tags: [Position],
        on connection: HTTPConnection, desk: Desk
    ) {
        if let identity { desk.services.presence.polled(poll.channels, identity) }
        connection.waits(
            for: Waiter(desk: desk, channels: poll.channels) { [weak connection] outcome in
                guard let connection else { return }
                do throws(Refusal) {
                    try outcome.check()
                    desk.tally.polls += 1
                    PollReader(poll, as: identity, tags: tags, desk: desk, connection: connection)
                        .begin()
                } catch {
                    connection.refuse(error)
                }
            })
    }

    /// The positions in a list of entity tags, strong or weak (RFC 9110 §8.8.3); tags that are
    /// somebody else's are passed over.
    static func positions(inTags text: String) -> [Position] {
        text.split(separator: ",").compactMap { part in
            let tag = part.drop { $0 == " " || $0 == "\t" }
            let strong = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
            let name = strong.split(separator: "\"", omittingEmptySubsequences: false)
            guard name.count == 3, name[0].isEmpty,
                name[2].allSatisfy({ $0 == " " || $0 == "\t" })
            else { return nil }
            return Position(String(name[1]))
        }
    }

    /// Of several positions that a client holds answers for, the newest that we can know.
    private static func cursor(of tags: [Position], at newest: Position) -> Start? {
        let known = tags.filter { $0.epoch == newest.epoch && $0.sequence <= newest.sequence }
        return (known.max { $0.sequence < $1.sequence } ?? tags.first).map { .after($0) }
    }
}
