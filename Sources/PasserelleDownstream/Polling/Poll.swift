// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One poll: the request, the answers that its client holds, and the cursor.
struct Poll {
    /// The largest number of bytes of events in an answer, unless a single event is larger.
    static let answerBytes = 524_288

    private let question: ParsedPoll
    /// The start of the poll: as requested, or the newest of its tags.
    private let start: Start?
    private let tags: EntityTags
    /// The authorization of the reader.
    let grant: Authorization
    var cursor: Cursor

    /// Answers a request: at once, when its channels are subscribed, or when new events arrive.
    static func serve(
        _ request: HTTPRequest, on connection: HTTPConnection, context: DownstreamContext
    ) throws(Refusal) {
        let question = try connection.question(of: request)
        let held = Held(request.fields)
        let claim = question.asked.claim
        guard context.authenticator != nil else {
            let grant = Authorization(identity: try context.identity(claim))
            let poll = Poll(question, held, grant, at: context)
            return try poll.begin(connection, context)
        }
        try context.admit(request, to: question.asked.channels, claiming: claim, on: connection) {
            [weak connection] grant in
            guard let connection else { return }
            do throws(Refusal) {
                try Poll(question, held, grant, at: context).begin(connection, context)
            } catch {
                connection.refuse(error)
            }
        }
    }

    /// Answers once the channels are subscribed.
    private consuming func begin(
        _ connection: HTTPConnection, _ context: DownstreamContext
    ) throws(Refusal) {
        let requester = connection.requester(context, user: grant.identity?.userID)
        try context.makeRoom(for: asked.channels, by: requester)
        reportPresence(at: context)
        let channels = context.ask(for: asked.channels, by: requester)
        if let outcome = SubscriptionWaiter.Outcome(of: channels) {
            return answer(on: try outcome.channels(), at: context, for: connection)
        }
        let poll = self
        // A strong reference: the waiter is released with the exchange, and an object that ever had
        // a weak reference has slow reference counting from then on.
        connection.waits(
            for: SubscriptionWaiter(context: context, channels: channels, for: poll.grant.userIDs) {
                outcome in
                do throws(Refusal) {
                    poll.answer(on: try outcome.channels(), at: context, for: connection)
                } catch {
                    connection.refuse(error)
                }
            })
    }

    /// The state of the client according to the header fields (not the target) of its request.
    private struct Held {
        let tags: EntityTags
        let lastEventID: Start?

        init(_ fields: HTTPFields) {
            tags = EntityTags(fields)
            lastEventID = fields.lastEventID
        }
    }

    private init(
        _ question: ParsedPoll, _ held: Held, _ grant: Authorization,
        at context: DownstreamContext
    ) {
        self.question = question
        self.grant = grant
        tags = held.tags
        start = tags.start(
            orRequested: held.lastEventID ?? question.asked.start, delivered: context.hub.epochs,
            through: context.hub.sequence)
        cursor = Cursor()
    }

    private var asked: ReadRequest { question.asked }

    /// Answers, or if the poll requests it and there are no new events, waits for some.
    private consuming func answer(
        on channels: [Channel], at context: DownstreamContext, for connection: HTTPConnection
    ) {
        context.tally.polls += 1
        cursor = context.hub.cursor(
            on: channels, from: start ?? asked.effectiveStart, skipsReplay: asked.skipsReplay,
            wantsSnapshot: isFirst, acceptsHeld: isFirst, as: grant.identity?.userID,
            filter: context.filter(asked.events))
        if !isFirst, let wait = asked.wait, wait > 0, isUpToDate(at: context) {
            let reader = PollReader(
                self, for: .seconds(wait), context: context, connection: connection)
            return connection.waits(for: reader)
        }
        let answer = answer(at: context)
        reportPresence(at: context)
        connection.answer(answer)
    }

    /// True if there are no new entries.
    ///
    /// A poll with a filter moves past the entries that it did not ask for, so that they do not
    /// push it out of the log while it waits.
    mutating func isUpToDate(at context: DownstreamContext) -> Bool {
        guard cursor.filter != nil else {
            return context.hub.isUpToDate(cursor, at: context.loop.now)
        }
        var moved = cursor
        guard context.hub.next(&moved, at: context.loop.now) == nil else { return false }
        cursor = moved
        return true
    }

    /// Reports that the user polls or was answered; the time until the next poll counts from here.
    func reportPresence(at context: DownstreamContext) {
        if let identity = grant.identity {
            context.services.presence.polled(asked.channels, identity)
        }
    }

    /// True if the client has no position: then the answer has the members, which replace all
    /// earlier membership events.
    private var isFirst: Bool { start == nil }

    /// The answer to a poll.
    enum Answer {
        /// The client already holds the answer, which is that of this position.
        case unchanged(Position)
        /// New events, and the channels of the poll.
        case news(HTTPResponse, AnswerBody, [String])
    }

    /// Reads from the cursor and returns the answer.
    mutating func answer(at context: DownstreamContext) -> Answer {
        let start = context.hub.position(at: cursor.sequence)
        let excerpt = HistoryPage(
            from: &cursor, limit: asked.limit, bytes: Self.answerBytes, context: context)
        let position = context.hub.position(at: cursor.sequence)
        if excerpt.count == 0, let held = held(position, or: start, at: context) {
            context.tally.notModified += 1
            return .unchanged(held)
        }
        context.tally.polled.add(excerpt.delivered)
        var body = AnswerBody(Array(#"{"position":"\#(position.text)","events":["#.utf8))
        body.append(excerpt.items)
        var json = Array(#"],"more":\#(excerpt.hasMore),"#.utf8)
        json += Array(#""retry_ms":\#(retryMilliseconds(behind: excerpt, at: context)),"#.utf8)
        json += Array(#""upstream":"\#(context.upstream.state.word)""#.utf8)
        json += Array(#","wait":\#(PollInterval.advisedWait)"#.utf8)
        if excerpt.hasGap || isFirst { appendMembers(to: &json) }
        json.append(UInt8(ascii: "}"))
        body.append(json)
        var response = HTTPResponse.json(200, [])
        response.fields.set("ETag", "\"\(position.text)\"")
        return .news(response, body, asked.channels)
    }

    /// Returns the position of an answer without events that the client holds; `nil` if it holds
    /// none, or if the state of Channels is new to it.
    ///
    /// Skipped entries move the position from `start` but are not new to the client. Only a client
    /// that asked for some events by name receives the new position, since its old one may leave
    /// the log.
    private func held(
        _ position: Position, or start: Position, at context: DownstreamContext
    ) -> Position? {
        guard !context.upstream.state.requiresFullAnswer(at: context.loop.now) else { return nil }
        if tags.holds(position) { return position }
        return cursor.filter == nil && tags.holds(start) ? start : nil
    }

    private func retryMilliseconds(behind excerpt: HistoryPage, at context: DownstreamContext)
        -> Int
    {
        if excerpt.hasMore { return 0 }
        let waits = (asked.wait ?? 0) > 0
        if waits, excerpt.count == 0, context.upstream.isAway {
            return PollInterval.duringOutage(Random.fraction())
        }
        let newest = cursor.channels.compactMap(\.newestReceivedAt).max()
        return PollInterval.milliseconds(
            silence: newest.map { context.loop.now - $0 }, waits: waits)
    }

    /// `,"members":{"CHANNEL":{"count","ids","hash","me"}}` for the channels with presence, and
    /// `,"me":ID` for all, unless the reader is anonymous.
    private func appendMembers(to json: inout [UInt8]) {
        json += Array(#","members":{"#.utf8)
        var needsComma = false
        for channel in cursor.channels where channel.hasPresence {
            if needsComma { json.append(UInt8(ascii: ",")) }
            needsComma = true
            JSONWriter.string(channel.name, into: &json)
            json.append(UInt8(ascii: ":"))
            EventEncoder.presence(of: channel, for: cursor.userID, into: &json)
        }
        json.append(UInt8(ascii: "}"))
        EventEncoder.append(me: cursor.userID, to: &json)
    }
}
