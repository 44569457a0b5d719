// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// A stream and polls on the check's own channel, as readers have them.
extension PublicCheck {
    /// What an event is called that shows how late a stream is.
    static let event = "passerelle-check"
    /// How many of them there are.
    private static let eventCount = 3

    /// Reads by stream and by polls, while something is said and while nothing is.
    func measure(on channel: String) throws {
        let first = try answer(to: poll(channel))
        guard let position = Self.position(first) else {
            add(.poll(first, conditional: nil, later: nil))
            return skip(["stream"] + Self.idle, "a poll of its channel is not answered")
        }
        let conditional = try condition(on: channel, position)
        let stream = PublicStream(
            site.get("/events", [("channel", channel), passItem]), of: site, on: loop,
            within: Self.patience)
        defer { stream.close() }
        let delay = try delay(of: stream, on: channel)
        let later = try answer(to: poll(channel))
        let newest = Self.position(later) ?? position
        let isNewer: Bool? = delay.wasSaid ? newest != position : nil
        add(.stream(stream, delay))
        add(.poll(first, conditional: conditional, later: isNewer))
        try watch(stream, on: channel, from: newest)
    }

    private var passItem: (name: String, value: String) { (CheckEcho.passItem, pass.text) }

    /// A poll; with a position, from there on, waiting for news.
    func poll(_ channel: String, after position: String? = nil, wait: Int = 0) -> HTTPRequest {
        var query = [(name: "channel", value: channel), passItem]
        if let position { query.append((name: "after", value: position)) }
        if wait > 0 { query.append((name: "wait", value: "\(wait)")) }
        return site.get("/poll", query)
    }

    /// The position that a gateway's answer to a poll tells; `nil` for what is no such answer.
    static func position(_ result: Result<HTTPResponse, HTTPCallError>) -> String? {
        guard case .success(let response) = result, response.status == 200,
            let root = try? JSONScanner.document(response.body.span)
        else { return nil }
        return JSONScanner.text(
            response.body.span,
            JSONScanner.member(response.body.span, of: root, named: "position"))
    }

    /// Asks again for what is held already; once more where something happened in between.
    private func condition(
        on channel: String, _ position: String
    ) throws -> Result<HTTPResponse, HTTPCallError> {
        var held = position
        var result: Result<HTTPResponse, HTTPCallError> = .failure(.unanswered("no answer"))
        for _ in 0..<3 {
            var request = poll(channel)
            request.fields.set("If-None-Match", "\"\(held)\"")
            result = try answer(to: request)
            guard let next = Self.position(result), next != held else { break }
            held = next
        }
        return result
    }

    // MARK: - How late it is

    /// How much later events came by the stream than from Channels itself.
    struct Delay: Equatable {
        /// From the request to the first of what the gateway says at once; `nil`: it never came.
        var opening: Duration?
        /// For each event that came both ways.
        var behind: [Duration] = []
        /// Events that came from Channels and not by the stream.
        var missing = 0
        /// Why events were not said, or are not known to have been.
        var obstacle: String?

        /// Whether something was said.
        var wasSaid: Bool { !behind.isEmpty || missing > 0 }

        /// The one in the middle.
        var typical: Duration? { behind.isEmpty ? nil : behind.sorted()[behind.count / 2] }
    }

    private func delay(of stream: PublicStream, on channel: String) throws -> Delay {
        var delay = Delay()
        try loop.turn(for: Self.openingPatience) { stream.opened != nil || stream.end != nil }
        if let opened = stream.opened, let asked = stream.asked {
            delay.opening = opened - asked
        }
        guard delay.opening != nil, stream.end == nil, stream.coding == nil else { return delay }
        let snapshot = "pusher:subscription_succeeded"
        try loop.turn(for: Self.openingPatience) {
            stream.time(of: snapshot, 0) != nil || stream.end != nil
        }
        guard stream.time(of: snapshot, 0) != nil || stream.end != nil else {
            delay.obstacle = "the gateway did not tell its channel's members"
            return delay
        }
        let member = CheckMember(
            loop: loop, server: server, id: CheckRun.secondMember, channel: channel)
        defer { member.stop() }
        try loop.turn(for: Self.patience) {
            Finding.subscription(member.reports, to: channel) != nil
        }
        for number in 0..<Self.eventCount where stream.end == nil && delay.missing == 0 {
            guard try say(number, on: channel, member, stream, &delay) else { break }
        }
        return delay
    }

    /// Says one event and waits until it came both ways; false where it is no use to go on.
    private func say(
        _ number: Int, on channel: String, _ member: CheckMember, _ stream: PublicStream,
        _ delay: inout Delay
    ) throws -> Bool {
        var refusal: ChannelsRESTError?
        ChannelsREST(loop: loop, server: server).publish(
            channel: channel, event: Self.event, data: Array(#"{"n":\#(number)}"#.utf8)
        ) { result in
            if case .failure(let error) = result { refusal = error }
        }
        let direct = { member.time(of: Self.event, number) }
        let through = { stream.time(of: Self.event, number) }
        try loop.turn(for: Self.openingPatience) { direct() != nil || refusal != nil }
        guard let heard = direct() else {
            delay.obstacle = "Channels does not deliver what is published"
            return false
        }
        try loop.turn(for: Self.openingPatience) { through() != nil || stream.end != nil }
        guard let came = through() else {
            delay.missing += 1
            return false
        }
        delay.behind.append(max(.zero, came - heard))
        return true
    }

    // MARK: - How long silence is kept

    private func watch(
        _ stream: PublicStream, on channel: String, from position: String
    ) throws {
        let isOpen = stream.opened != nil && stream.end == nil && stream.coding == nil
        let polls = WaitingPolls(self, on: channel, from: position, until: loop.now + watch)
        let beats = stream.beats
        var isOver = false
        let timer = loop.after(watch) { isOver = true }
        defer { loop.cancel(timer) }
        try loop.turn(for: watch + .seconds(ReadRequest.longestWait) + Self.patience) {
            polls.isDone && (isOver || !isOpen || stream.end != nil)
        }
        if isOpen {
            add(
                .idleStream(
                    stream, beats: stream.beats - beats, watch: watch,
                    heartbeat: configuration.heartbeat))
        } else {
            add(.skipped("idle-stream", "a silent stream", because: "no stream stands"))
        }
        add(.idlePoll(longest: polls.longest, failure: polls.failure))
    }
}
