// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One poll (design §4): what its client asks and holds, and how far it has read.
struct Poll {
    /// Bytes of events that an answer has at most, where no single event is larger.
    static let answerBytes = 524_288

    private let question: PollQuestion
    /// Behind what it begins: what it asks for, or the newest of its tags.
    private let start: Start?
    private let tags: EntityTags
    /// By what its reader was let in.
    let grant: Grant
    var cursor: Cursor

    /// Answers a request at once, when the channels have been heard, or when there is news.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, desk: Desk
    ) throws(Refusal) {
        let question = try connection.question(of: request)
        let tags = EntityTags(request.fields)
        let claim = question.asked.claim
        guard desk.door != nil else {
            let grant = Grant(identity: try desk.identity(claim))
            let poll = Poll(question, tags, grant, at: desk)
            return try poll.begin(connection, desk)
        }
        try desk.admit(request, to: question.asked.channels, claiming: claim, on: connection) {
            [weak connection] grant in
            guard let connection else { return }
            do throws(Refusal) {
                try Poll(question, tags, grant, at: desk).begin(connection, desk)
            } catch {
                connection.refuse(error)
            }
        }
    }

    /// Goes on as soon as the channels have been heard.
    private consuming func begin(
        _ connection: HTTPConnection, _ desk: Desk
    ) throws(Refusal) {
        try desk.checkRoom(for: asked.channels)
        tellPresence(at: desk)
        let channels = desk.ask(for: asked.channels)
        if let outcome = Waiter.Outcome(of: channels) {
            return answer(on: try outcome.channels(), at: desk, for: connection)
        }
        let poll = self
        // Held, not weakly: what waits is let go of with the exchange, and an object that was ever
        // held weakly is counted slowly for good.
        connection.waits(
            for: Waiter(desk: desk, channels: channels) { outcome in
                do throws(Refusal) {
                    poll.answer(on: try outcome.channels(), at: desk, for: connection)
                } catch {
                    connection.refuse(error)
                }
            })
    }

    private init(_ question: PollQuestion, _ tags: EntityTags, _ grant: Grant, at desk: Desk) {
        self.question = question
        self.tags = tags
        self.grant = grant
        start = tags.start(
            orAsked: question.asked.start, told: desk.hub.epochs, through: desk.hub.sequence)
        cursor = Cursor()
    }

    private var asked: ReadRequest { question.asked }

    /// Answers, or waits for news where the poll asks to and there is none.
    private consuming func answer(
        on channels: [Channel], at desk: Desk, for connection: HTTPConnection
    ) {
        desk.tally.polls += 1
        cursor = desk.hub.cursor(
            on: channels, from: start ?? asked.effectiveStart, wantsSnapshot: isFirst,
            acceptsHeld: isFirst, as: grant.identity?.userID)
        if !isFirst, let wait = asked.wait, wait > 0, isUpToDate(at: desk) {
            let reader = PollReader(
                self, for: .seconds(wait), desk: desk, connection: connection)
            return connection.waits(for: reader)
        }
        let answer = answer(at: desk)
        tellPresence(at: desk)
        connection.answer(answer)
    }

    /// True where there is nothing to tell.
    func isUpToDate(at desk: Desk) -> Bool { desk.hub.isUpToDate(cursor, at: desk.loop.now) }

    /// The user polls, or was answered: the time until the next poll counts from here.
    func tellPresence(at desk: Desk) {
        if let identity = grant.identity { desk.services.presence.polled(asked.channels, identity) }
    }

    /// True without a cursor of any kind: then the members stand in the answer, and for all changes.
    private var isFirst: Bool { start == nil }

    /// What a poll is answered.
    enum Answer {
        /// The client holds the answer already: that of this position.
        case unchanged(Position)
        /// What is new, and on which channels it was looked for.
        case news(HTTPResponse, [String])
    }

    /// Reads on, and gives the answer.
    mutating func answer(at desk: Desk) -> Answer {
        let start = desk.hub.position(at: cursor.sequence)
        let excerpt = Excerpt(
            from: &cursor, limit: asked.limit, bytes: Self.answerBytes, desk: desk)
        let position = desk.hub.position(at: cursor.sequence)
        // What was passed over without being told moves the cursor, and is no news.
        if excerpt.count == 0,
            let held = tags.holds(position) ? position : tags.holds(start) ? start : nil
        {
            desk.tally.notModified += 1
            return .unchanged(held)
        }
        desk.tally.polled.add(excerpt.told)
        var json = Array(#"{"position":"\#(position.text)","events":["#.utf8)
        json += excerpt.json
        json += Array(#"],"more":\#(excerpt.hasMore),"#.utf8)
        json += Array(#""retry_ms":\#(retryMilliseconds(behind: excerpt, at: desk))"#.utf8)
        if excerpt.hasGap || isFirst { appendMembers(to: &json) }
        json.append(UInt8(ascii: "}"))
        var response = HTTPResponse.json(200, json)
        response.fields.set("ETag", "\"\(position.text)\"")
        return .news(response, asked.channels)
    }

    private func retryMilliseconds(behind excerpt: Excerpt, at desk: Desk) -> Int {
        if excerpt.hasMore { return 0 }
        let newest = cursor.channels.compactMap(\.newestHeardAt).max()
        return PollPace.milliseconds(
            silence: newest.map { desk.loop.now - $0 }, waits: (asked.wait ?? 0) > 0)
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
