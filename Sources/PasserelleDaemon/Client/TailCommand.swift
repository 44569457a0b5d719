// SPDX-License-Identifier: MIT

import PasserelleWire

/// `passerelle tail`: prints events as they come, through lost connections.
package struct TailCommand {
    /// Whether events are printed for people instead of as they came.
    package var isPretty = false
    /// Whether the connection's end is the end.
    package var isOnce = false
    /// How long to wait before connecting again: the first time, and twice as long each time after.
    package var firstDelay: Duration = .milliseconds(250)
    /// The longest wait before connecting again.
    package var longestDelay: Duration = .seconds(5)

    private var session: TailSession
    /// The wait before the next connection.
    private var delay: Duration = .zero
    /// When to ask again for the channels that were refused for now.
    private var retryTime: ContinuousClock.Instant?
    private var lastComplaint: String?
    /// Whether a connection was lost and none has answered since.
    private var isAway = false
    private let path: String
    private let streams: ClientStreams

    /// The command on a session with the gateway whose socket is at `path`.
    package init(_ session: TailSession, path: String, streams: ClientStreams) {
        self.session = session
        self.path = path
        self.streams = streams
    }

    /// Runs to the end, and gives the process's exit code: 0 when nobody reads its output any more,
    /// 1 where the gateway refuses, 69 where there is none at the beginning.
    package mutating func run() -> Int32 {
        delay = firstDelay
        var isFirst = true
        while true {
            do throws(GatewayUnreachable) {
                let connection = try GatewayConnection(path: path)
                if let code = try follow(connection) { return code }
                if isOnce { throw .ended(path: path) }
                isAway = true
                complainOnce(
                    "lost the gateway at \(QuotedText.word(path, limit: 200)); trying again")
            } catch {
                guard !isFirst, !isOnce, error.isPassing else {
                    streams.complain(error.message)
                    return GatewayUnreachable.exitCode
                }
            }
            isFirst = false
            if wait(delay) == .unread { return 0 }
            delay = min(delay * 2, longestDelay)
        }
    }

    /// Prints what comes over one connection; gives an exit code, or nil to connect again.
    private mutating func follow(
        _ connection: GatewayConnection
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

    /// Does what the session decided; gives an exit code where that is the end.
    private mutating func perform(
        _ actions: [TailSession.Action], _ connection: GatewayConnection
    ) -> Int32? {
        for action in actions {
            switch action {
            case .send(let command): connection.send(command)
            case .print(let event): guard show(event) else { return 0 }
            case .complain(let text): complainOnce(text)
            case .retryLater: retryTime = .now + longestDelay
            case .end(let code): return code
            }
        }
        return nil
    }

    /// What is said again and again is told once, until a subscription goes well.
    private mutating func complainOnce(_ text: String) {
        guard text != lastComplaint else { return }
        lastComplaint = text
        streams.complain(text)
    }

    private mutating func note(_ reply: LineReply) {
        guard case .ok(verb: "SUBSCRIBE", _, _) = reply else { return }
        if isAway { streams.complain("the gateway is back") }
        isAway = false
        lastComplaint = nil
        delay = firstDelay
    }

    private func wait(_ delay: Duration) -> Readiness {
        Readiness.wait(reading: nil, watching: streams.watched, within: delay)
    }

    private func show(_ event: [UInt8]) -> Bool {
        isPretty ? streams.line(EventText.pretty(event)) : streams.output(event + [0x0A])
    }
}

extension GatewayUnreachable {
    /// Says whether trying again may help; what is no gateway will not become one.
    fileprivate var isPassing: Bool {
        if case .garbled = self { false } else { true }
    }
}
