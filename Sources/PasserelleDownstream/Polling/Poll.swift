// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One poll, from its request to its answer.
enum Poll {
    /// How long a client is asked to wait before its next poll, in milliseconds.
    static let retryMilliseconds = 2000
    /// Bytes of events at which an answer ends with `more`.
    static let answerBytes = 1_048_576

    /// Answers at once, when the channels have been heard, or when there is news.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        var asked = try ReadRequest(query: request.query, allowed: desk.configuration.channels)
        let tag = request.fields.all("If-None-Match").compactMap(Self.position(inTag:)).first
        if asked.start == nil { asked.start = tag.map { .after($0) } }
        let poll = asked
        connection.waits(
            for: Waiter(desk: desk, channels: poll.channels) { [weak connection] outcome in
                guard let connection else { return }
                do throws(Refusal) {
                    try outcome.check()
                    desk.tally.polls += 1
                    PollReader(poll, tag: tag, desk: desk, connection: connection).begin()
                } catch {
                    connection.answer(error.response)
                }
            })
    }

    /// The position in an entity tag, strong or weak, or the first of a list that holds one.
    static func position(inTag text: String) -> Position? {
        for part in text.split(separator: ",") {
            let tag = part.drop { $0 == " " || $0 == "\t" }
            let strong = tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
            let name = strong.split(separator: "\"", omittingEmptySubsequences: false)
            guard name.count == 3, name[0].isEmpty else { continue }
            if let position = Position(String(name[1])) { return position }
        }
        return nil
    }
}
