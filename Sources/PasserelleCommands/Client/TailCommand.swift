// SPDX-License-Identifier: MIT

import PasserelleLog
package import PasserelleNet
package import PasserelleWire

/// `passerelle tail`: prints events as they arrive, and reconnects if the connection is lost.
package struct TailCommand {
    /// True to print events as text for people instead of JSON.
    package var isPretty = false
    /// True to end when the connection ends.
    package var isOnce = false
    /// The delay before the next connection.
    package var backoff = Backoff(first: .milliseconds(250), longest: .seconds(5))

    private var session: TailSession
    /// The number of consecutive connections that ended without a subscription.
    private var failures = 0
    /// When to retry the channels that were refused temporarily.
    private var retryTime: ContinuousClock.Instant?
    private var lastReportedError: String?
    /// True if a connection was lost and no gateway has answered since.
    private var isAway = false
    private let path: String
    private let streams: ClientStreams

    /// Creates the command for a session with the gateway with the socket at `path`.
    package init(_ session: TailSession, path: String, streams: ClientStreams) {
        self.session = session
        self.path = path
        self.streams = streams
    }

    /// Runs to the end; returns the process's exit code: 0 if the output has no reader any more, 1
    /// if the gateway refuses, 69 if there is no gateway at the start.
    package mutating func run() -> Int32 {
        var isFirst = true
        while true {
            do throws(GatewayUnreachable) {
                let connection = try LineProtocolClient(path: path)
                if let code = try follow(connection) { return code }
                if isOnce { throw .ended(path: path) }
                isAway = true
                reportOnce(
                    "lost the gateway at \(QuotedText.word(path, limit: 200)); reconnecting")
            } catch {
                guard !isFirst, !isOnce, error.isTransient else {
                    streams.report(error.message)
                    return GatewayUnreachable.exitCode
                }
            }
            isFirst = false
            failures += 1
            if wait(backoff.delay(failures: failures)) == .unread { return 0 }
        }
    }

    /// Prints the events of one connection; returns an exit code, or `nil` to reconnect.
    private mutating func follow(
        _ connection: LineProtocolClient
    ) throws(GatewayUnreachable) -> Int32? {
        var actions = session.connected()
        retryTime = nil
        while true {
            if let code = perform(actions, connection) { return code }
            let rest = retryTime.map { max(.zero, $0 - .now) }
            switch connection.next(within: rest, watching: streams.watched) {
            case .reply(let reply):
                note(reply)
                actions = session.received(reply)
            case .timedOut:
                retryTime = nil
                actions = session.retried()
            case .unread: return 0
            case .ended: return nil
            case .garbled: throw .garbled(path: path)
            }
        }
    }

    /// Performs the session's actions; returns an exit code if one of them ends the command.
    private mutating func perform(
        _ actions: [TailSession.Action], _ connection: LineProtocolClient
    ) -> Int32? {
        for action in actions {
            switch action {
            case .send(let command): connection.send(command)
            case .print(let event): guard show(event) else { return 0 }
            case .report(let text): reportOnce(text)
            case .retryLater: retryTime = .now + backoff.longest
            case .end(let code): return code
            }
        }
        return nil
    }

    /// Reports a repeated problem once, until a subscription succeeds.
    private mutating func reportOnce(_ text: String) {
        guard text != lastReportedError else { return }
        lastReportedError = text
        streams.report(text)
    }

    private mutating func note(_ reply: LineReply) {
        guard case .ok(verb: "SUBSCRIBE", _, _) = reply else { return }
        if isAway { streams.report("reconnected to the gateway") }
        isAway = false
        lastReportedError = nil
        failures = 0
    }

    private func wait(_ delay: Duration) -> Readiness {
        Readiness.wait(reading: nil, watching: streams.watched, within: delay)
    }

    private func show(_ event: [UInt8]) -> Bool {
        isPretty ? streams.line(EventText.pretty(event)) : streams.output(event + [0x0A])
    }
}

extension GatewayUnreachable {
    /// True if a retry may help; a server that is not a gateway will not become one.
    fileprivate var isTransient: Bool {
        if case .garbled = self { false } else { true }
    }
}

/// Decides which commands `tail` sends to the gateway and which events it prints.
///
/// It keeps a position for each channel, so that it resumes after a lost connection: no event is
/// repeated, and none is missed without a gap.
package struct TailSession: Sendable {
    /// An action for the caller.
    package enum Action: Equatable, Sendable {
        /// Send this command.
        case send(LineCommand)
        /// Print this event.
        case print([UInt8])
        /// Report this problem.
        case report(String)
        /// Call `retried` after a while.
        case retryLater
        /// End with this exit code.
        case end(Int32)
    }

    private struct Channel {
        var name: String
        /// The position to resume after; `nil` until it is known.
        var position: String?
    }

    private var channels: [Channel] = []
    private let after: String?
    private let last: Int?
    /// The channels without an answer to their subscription; answers arrive in any order.
    private var unanswered: [String] = []
    /// The number of temporary refusals among them; a refusal does not name its channel.
    private var refusals = 0

    /// Creates a session on `channels` that starts after `after`, or with the `last` events of
    /// each.
    package init(channels names: [String], after: String?, last: Int?) {
        for name in names where !channels.contains(where: { $0.name == name }) {
            channels.append(Channel(name: name, position: nil))
        }
        self.after = after
        self.last = last
    }

    /// Handles a new connection.
    package mutating func connected() -> [Action] {
        unanswered = channels.map(\.name)
        return subscriptions()
    }

    /// Retries the subscriptions that were refused temporarily.
    package mutating func retried() -> [Action] { subscriptions() }

    /// Subscribes to each channel without an answer.
    private mutating func subscriptions() -> [Action] {
        refusals = 0
        return channels.filter { unanswered.contains($0.name) }.map { channel in
            .send(
                .subscribe(
                    channel: channel.name, after: channel.position ?? after,
                    last: channel.position == nil ? last : nil))
        }
    }

    /// Handles a line from the gateway.
    package mutating func received(_ reply: LineReply) -> [Action] {
        switch reply {
        case .event(let event):
            note(event)
            return [.print(event)]
        case .ok(verb: "SUBSCRIBE", let words, let json):
            unanswered.removeAll { $0 == words.first }
            if let name = words.first, let json { attached(name, json) }
            return retryIfAllAreRefused()
        case .ok: return []
        case .error(let code, let message): return refused(code, message)
        }
    }

    /// If no past events were requested, the position of the subscription is the first one;
    /// otherwise the first event sets it, so that an interrupted replay is requested again.
    private mutating func attached(_ name: String, _ json: [UInt8]) {
        guard after == nil || after == "now",
            let index = channels.firstIndex(where: { $0.name == name }),
            channels[index].position == nil,
            let position = JSONObject(json)?.text("position")
        else { return }
        channels[index].position = position
    }

    private mutating func note(_ event: [UInt8]) {
        guard let event = JSONObject(event), let name = event.text("channel"),
            let position = event.text("id"),
            let index = channels.firstIndex(where: { $0.name == name })
        else { return }
        channels[index].position = position
    }

    /// A refusal does not name its channel: it belongs to one of the unanswered subscriptions.
    private mutating func refused(_ code: String, _ message: String) -> [Action] {
        let code = QuotedText.escaped(code, limit: 40)
        let text = "\(code): \(QuotedText.escaped(message, limit: 500))"
        guard !unanswered.isEmpty else { return [.report(text)] }
        let names = QuotedText.escaped(unanswered.joined(separator: " or "), limit: 200)
        let report = Action.report("\(names): \(text)")
        if ["bad-command", "bad-channel", "forbidden", "too-large"].contains(code) {
            return [report, .end(1)]
        }
        refusals += 1
        return [report] + retryIfAllAreRefused()
    }

    private func retryIfAllAreRefused() -> [Action] {
        refusals > 0 && refusals >= unanswered.count ? [.retryLater] : []
    }
}
