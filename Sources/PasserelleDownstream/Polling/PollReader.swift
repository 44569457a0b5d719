// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The reader behind one poll: attached for as long as the answer takes.
final class PollReader: Reader {
    var cursor = Cursor()
    private let asked: ReadRequest
    private let tag: Position?
    private let desk: Desk
    private weak var connection: HTTPConnection?
    private var timer: TimerToken?
    private var isDone = false

    init(_ asked: ReadRequest, tag: Position?, desk: Desk, connection: HTTPConnection) {
        self.asked = asked
        self.tag = tag
        self.desk = desk
        self.connection = connection
    }

    /// True without a cursor: then the members stand in the answer and for all changes before it.
    private var isFirst: Bool { asked.start == nil }

    /// Attaches and answers, or waits for news where the poll asks to and there is none.
    func begin() {
        desk.hub.attach(
            self, to: asked.channels, from: asked.effectiveStart, wantsSnapshot: isFirst,
            at: desk.now)
        guard !isFirst, let wait = asked.wait, wait > 0,
            desk.hub.isUpToDate(cursor, at: desk.loop.now)
        else {
            return answer()
        }
        connection?.waits(for: self)
        timer = desk.loop.after(.seconds(wait)) { [self] in answer() }
    }

    func newsCame(on channel: Channel) {
        guard !isDone, !desk.hub.isUpToDate(cursor, at: desk.loop.now) else { return }
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

    private func release() {
        isDone = true
        if let timer { desk.loop.cancel(timer) }
        timer = nil
        desk.hub.detach(self, at: desk.now)
    }

    private func response() -> HTTPResponse {
        let excerpt = Excerpt(
            from: &cursor, limit: asked.limit, bytes: Poll.answerBytes, desk: desk)
        let position = desk.hub.position(at: cursor.sequence).text
        if excerpt.count == 0, let tag, tag == desk.hub.position(at: cursor.sequence) {
            desk.tally.notModified += 1
            return HTTPResponse(
                status: 304,
                fields: ["ETag": "\"\(position)\"", "Cache-Control": "private, no-cache"])
        }
        let needsMembers = excerpt.hasGap || isFirst
        var json = Array(#"{"position":"\#(position)","events":["#.utf8)
        json += excerpt.json
        json += Array(#"],"more":\#(excerpt.hasMore),"#.utf8)
        json += Array(#""retry_ms":\#(excerpt.hasMore ? 0 : Poll.retryMilliseconds)"#.utf8)
        if needsMembers { appendMembers(to: &json) }
        json.append(UInt8(ascii: "}"))
        var response = HTTPResponse.json(200, json)
        response.fields.set("ETag", "\"\(position)\"")
        return response
    }

    /// `,"members":{"CHANNEL":{"count","ids","hash"}}` for the channels with presence.
    private func appendMembers(to json: inout [UInt8]) {
        json += Array(#","members":{"#.utf8)
        var isFirst = true
        for channel in cursor.channels where channel.hasPresence {
            if !isFirst { json.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONWriter.string(channel.name, into: &json)
            json.append(UInt8(ascii: ":"))
            EventEncoder.presence(of: channel, into: &json)
        }
        json.append(UInt8(ascii: "}"))
    }
}
