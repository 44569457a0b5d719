// SPDX-License-Identifier: MIT

package import PasserelleHTTP
import PasserelleDaemon
import PasserelleConfiguration
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleUpstream
package import PasserelleWire

/// A stream and polls on the check's own channel, as readers use them.
extension PublicCheck {
    /// The name of the events that measure a stream's delay.
    package static let event = "passerelle-check"
    /// The number of these events.
    private static let eventCount = 3

    /// Reads by stream and by polls, first while events are published, then while idle.
    package func measure(on channel: String) throws {
        let first = try answer(to: poll(channel))
        guard let position = Self.position(first) else {
            add(.poll(first, conditional: nil, later: nil))
            return skip(["stream"] + Self.idle, "a poll of its channel fails")
        }
        let conditional = try condition(on: channel, position)
        let stream = PublicStream(
            site.get("/events", [("channel", channel), passItem]), of: site, on: loop,
            within: Self.timeout)
        defer { stream.close() }
        let delay = try delay(of: stream, on: channel)
        let later = try answer(to: poll(channel))
        let newest = Self.position(later) ?? position
        let isNewer: Bool? = delay.hasPublished ? newest != position : nil
        add(.stream(stream, delay))
        add(.poll(first, conditional: conditional, later: isNewer))
        try watch(stream, on: channel, from: newest)
    }

    private var passItem: (name: String, value: String) { (CheckEcho.passItem, pass.text) }

    /// Creates a poll; with a position it reads events after it, and waits for them if `wait` is
    /// set.
    package func poll(_ channel: String, after position: String? = nil, wait: Int = 0)
        -> HTTPRequest
    {
        var query = [(name: "channel", value: channel), passItem]
        if let position { query.append((name: "after", value: position)) }
        if wait > 0 { query.append((name: "wait", value: "\(wait)")) }
        return site.get("/poll", query)
    }

    /// Returns the position in a gateway's answer to a poll, or `nil` if the answer is not one.
    package static func position(_ result: Result<HTTPResponse, HTTPCallError>) -> String? {
        guard case .success(let response) = result, response.status == 200 else { return nil }
        return JSONObject(response.body)?.text("position")
    }

    /// Sends a conditional poll for the current position; repeats it if an event arrived meanwhile.
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

    // MARK: - Delay

    /// The delay of events on the stream, compared with Channels itself.
    package struct Delay: Equatable {
        /// From the request to the first byte of the body; `nil` if there was none.
        package var opening: Duration?
        /// For each event that arrived both ways.
        package var behind: [Duration] = []
        /// Events that arrived from Channels but not on the stream.
        package var missing = 0
        /// Why no events were published, or may not have been.
        package var failureReason: String?

        /// True if an event was published.
        package var hasPublished: Bool { !behind.isEmpty || missing > 0 }

        /// The median.
        package var median: Duration? { behind.isEmpty ? nil : behind.sorted()[behind.count / 2] }
    }

    private func delay(of stream: PublicStream, on channel: String) throws -> Delay {
        var delay = Delay()
        try loop.turn(for: Self.openTimeout) { stream.opened != nil || stream.end != nil }
        if let opened = stream.opened, let asked = stream.asked {
            delay.opening = opened - asked
        }
        guard delay.opening != nil, stream.end == nil, stream.coding == nil else { return delay }
        let snapshot = "pusher:subscription_succeeded"
        try loop.turn(for: Self.openTimeout) {
            stream.time(of: snapshot, 0) != nil || stream.end != nil
        }
        guard stream.time(of: snapshot, 0) != nil || stream.end != nil else {
            delay.failureReason = "the gateway did not send the members of its channel"
            return delay
        }
        let member = CheckMember(
            loop: loop, server: server, id: CheckRun.secondMember, channel: channel)
        defer { member.stop() }
        try loop.turn(for: Self.timeout) {
            Finding.subscription(member.reports, to: channel) != nil
        }
        for number in 0..<Self.eventCount where stream.end == nil && delay.missing == 0 {
            guard try publish(number, on: channel, member, stream, &delay) else { break }
        }
        return delay
    }

    /// Publishes an event and waits until it arrived both ways; returns false if no more should
    /// follow.
    private func publish(
        _ number: Int, on channel: String, _ member: CheckMember, _ stream: PublicStream,
        _ delay: inout Delay
    ) throws -> Bool {
        var isRefused = false
        ChannelsREST(loop: loop, server: server).publish(
            channel: channel, event: Self.event, data: Array(#"{"n":\#(number)}"#.utf8)
        ) { isRefused = $0 != .sent }
        let direct = { member.time(of: Self.event, number) }
        let through = { stream.time(of: Self.event, number) }
        try loop.turn(for: Self.openTimeout) { direct() != nil || isRefused }
        guard let directTime = direct() else {
            delay.failureReason = "Channels does not deliver published events"
            return false
        }
        try loop.turn(for: Self.openTimeout) { through() != nil || stream.end != nil }
        guard let streamTime = through() else {
            delay.missing += 1
            return false
        }
        delay.behind.append(max(.zero, streamTime - directTime))
        return true
    }

    // MARK: - Idle connections

    private func watch(
        _ stream: PublicStream, on channel: String, from position: String
    ) throws {
        let isOpen = stream.opened != nil && stream.end == nil && stream.coding == nil
        let polls = WaitingPolls(self, on: channel, from: position, until: loop.now + watch)
        let keepAlives = stream.keepAlives
        var isOver = false
        let timer = loop.scheduleTask(in: watch) { isOver = true }
        defer { loop.cancel(timer) }
        try loop.turn(for: watch + .seconds(ReadRequest.longestWait) + Self.timeout) {
            polls.isDone && (isOver || !isOpen || stream.end != nil)
        }
        if isOpen {
            add(
                .idleStream(
                    stream, keepAlives: stream.keepAlives - keepAlives, watch: watch,
                    heartbeat: configuration.heartbeat))
        } else {
            add(.skipped("idle-stream", "an idle stream", because: "no stream is open"))
        }
        add(.idlePoll(longest: polls.longest, failure: polls.failure))
    }
}
