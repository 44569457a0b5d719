// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// A client's WebSocket, which receives and sends complete messages in order.
final class WebSocketConnection: LinkOwner {
    /// The largest message a client may send, in bytes.
    static let messageLimit = 102_400
    /// The maximum number of bytes queued for a slow client before its connection is ended.
    static let outputLimit = 1_048_576
    /// The maximum number of delayed frames.
    static let backlogLimit = 10_000
    /// The time limit for the client's part of the closing handshake.
    static let closeLimit = Duration.seconds(5)

    /// An event of the connection.
    enum Event {
        /// A complete text message was received.
        case text([UInt8])
        /// A binary message was received, which Channels does not use.
        case binary
        /// A ping or a pong was received.
        case alive
        /// The connection ended; delivered once.
        case ended
    }

    private enum Outgoing {
        case text([UInt8])
        case close(code: UInt16, reason: String)
    }

    /// The server's number for the connection.
    let id: Int
    /// True if the client gets no answers, not even to pings; all output is dropped.
    var isUnresponsive = false
    private let link: Link
    private let loop: EventLoop
    private let onEvent: (Int, Event) -> Void
    private var session = WebSocketSession(
        role: .server, messageBytes: WebSocketConnection.messageLimit)
    private var backlog: [Outgoing] = []
    private var closeTimer: TimerToken?
    private var hasEnded = false

    /// Takes over a link after the opening handshake.
    init(
        id: Int, link: Link, loop: EventLoop, onEvent: @escaping (Int, Event) -> Void
    ) {
        self.id = id
        self.link = link
        self.loop = loop
        self.onEvent = onEvent
        link.outputLimit = Self.outputLimit
        link.owner = self
    }

    /// Parses messages.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        perform(session.received(bytes))
    }

    /// Handles the end of the connection.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        perform(session.lost())
        finish()
    }

    /// Parses bytes that were received together with the opening handshake.
    func received(_ bytes: [UInt8]) {
        if !bytes.isEmpty { perform(session.received(bytes.span)) }
    }

    /// Sends a text message after `delay`; the order of messages is preserved.
    func send(_ text: [UInt8], after delay: Duration) {
        enqueue(.text(text), after: delay)
    }

    /// Starts the closing handshake after `delay`.
    func close(code: UInt16, reason: String, after delay: Duration = .zero) {
        enqueue(.close(code: code, reason: reason), after: delay)
    }

    /// Sends raw bytes, which need not be a valid frame.
    func sendRaw(_ bytes: [UInt8]) {
        if link.isOpen { link.send(bytes) }
    }

    /// Ends the link without a close frame once its output is sent.
    func drop() {
        link.finish()
    }

    /// Ends the link immediately.
    func cut() {
        link.close()
        finish()
    }

    // MARK: Sending

    private func enqueue(_ outgoing: Outgoing, after delay: Duration) {
        if delay == .zero, backlog.isEmpty { return write(outgoing) }
        guard backlog.count < Self.backlogLimit else { return cut() }
        backlog.append(outgoing)
        loop.scheduleTask(in: delay) { [weak self] in
            guard let self, !self.backlog.isEmpty else { return }
            self.write(self.backlog.removeFirst())
        }
    }

    private func write(_ outgoing: Outgoing) {
        switch outgoing {
        case .text(let text): perform(session.send(text: text))
        case .close(let code, let reason):
            perform(session.close(code: code, reason: reason))
            guard closeTimer == nil, !hasEnded else { return }
            closeTimer = loop.scheduleTask(in: Self.closeLimit) { [weak self] in
                guard let self else { return }
                self.perform(self.session.closeTimedOut())
                self.cut()
            }
        }
    }

    private func perform(_ actions: [WebSocketSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): if !isUnresponsive, link.isOpen { link.send(bytes) }
            case .deliver(.text(let text)): onEvent(id, .text(text))
            case .deliver(.binary): onEvent(id, .binary)
            case .deliver: onEvent(id, .alive)
            case .closed: finish()
            case .endLink: if !isUnresponsive { link.finish() }
            }
        }
    }

    /// Reports the end once; the link may still have output to flush.
    private func finish() {
        closeTimer.map(loop.cancel)
        closeTimer = nil
        guard !hasEnded else { return }
        hasEnded = true
        onEvent(id, .ended)
    }
}
