// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The reader behind one poll: attached for as long as the answer takes.
final class PollReader: Reader {
    var cursor = Cursor()
    private let asked: ReadRequest
    private let identity: ReaderIdentity?
    private let tags: [Position]
    private let desk: Desk
    private weak var connection: HTTPConnection?
    private var timer: TimerToken?
    private var isDone = false

    /// `tags` are the positions for which the client holds an answer already.
    init(
        _ asked: ReadRequest, as identity: ReaderIdentity?, tags: [Position], desk: Desk,
        connection: HTTPConnection
    ) {
        self.asked = asked
        self.identity = identity
        self.tags = tags
        self.desk = desk
        self.connection = connection
    }

    /// Attaches and answers, or waits for news where the poll asks to and there is none.
    func begin() {
        desk.hub.attach(
            self, to: asked.channels, from: asked.effectiveStart, wantsSnapshot: isFirst,
            acceptsHeld: isFirst, as: identity?.userID, at: desk.now)
        guard !isFirst, let wait = asked.wait, wait > 0, isUpToDate else { return answer() }
        connection?.waits(for: self)
        timer = desk.loop.after(.seconds(wait)) { [self] in answer() }
    }

    func newsCame(on channel: Channel) {
        guard !isDone, !isUpToDate else { return }
        desk.afterNews { [self] in answer() }
    }

    /// The client left.
    func cancel() {
        guard !isDone else { return }
        release()
    }

    /// Answers with what there is.
    func answer() {
        guard !isDone else { return }
        let response = response()
        release()
        connection?.answer(response)
    }

    /// True without a cursor of any kind: then the members stand in the answer, and for all changes.
    private var isFirst: Bool { asked.start == nil }

    private var isUpToDate: Bool { desk.hub.isUpToDate(cursor, at: desk.loop.now) }

    private func release() {
        isDone = true
        if let timer { desk.loop.cancel(timer) }
        timer = nil
        desk.hub.detach(self, at: desk.now)
        // The time until the next poll counts from here.
        if let identity { desk.services.presence.polled(asked.channels, identity) }
    }

    private func response() -> HTTPResponse {
        let start = desk.hub.position(at: cursor.sequence)
        let excerpt = Excerpt(
            from: &cursor, limit: asked.limit, bytes: Poll.answerBytes, desk: desk)
        let position = desk.hub.position(at: cursor.sequence)
        // What was passed over without being told moves the cursor, and is no news.
        if excerpt.count == 0, let tag = [position, start].first(where: tags.contains) {
            desk.tally.notModified += 1
            return HTTPResponse(
                status: 304,
                fields: ["ETag": "\"\(tag.text)\"", "Cache-Control": "private, no-cache"])
        }
        var json = Array(#"{"position":"\#(position.text)","events":["#.utf8)
        json += excerpt.json
        json += Array(#"],"more":\#(excerpt.hasMore),"#.utf8)
        json += Array(#""retry_ms":\#(excerpt.hasMore ? 0 : Poll.retryMilliseconds)"#.utf8)
        if excerpt.hasGap || isFirst { appendMembers(to: &json) }
        json.append(UInt8(ascii: "}"))
        var response = HTTPResponse.json(200, json)
        response.fields.set("ETag", "\"\(position.text)\"")
        return response
    }

    /// `,"members":{"CHANNEL":{"count","ids","hash"}}` for the channels with presence.
    private func appendMembers(to json: inout [UInt8]) {
        json += Array(#","members":{"#.utf8)
        var needsComma = false
        for channel in cursor.channels where channel.hasPresence {
            if needsComma { json.append(UInt8(ascii: ",")) }
            needsComma = true
            JSONWriter.string(channel.name, into: &json)
            json.append(UInt8(ascii: ":"))
            EventEncoder.presence(of: channel, into: &json)
        }
        json.append(UInt8(ascii: "}"))
    }
}
