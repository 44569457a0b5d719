// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// One client's WebSocket: whole messages in, whole messages out, in their order.
final class WebSocketConnection: LinkOwner {
    /// The largest message a client may send, in bytes.
    static let messageLimit = 102_400
    /// How many bytes may wait for a slow client before it is cut off.
    static let outputLimit = 1_048_576
    /// How many frames may wait for their delay to pass.
    static let backlogLimit = 10_000
    /// How long the client's half of a closing handshake is waited for.
    static let closeLimit = Duration.seconds(5)

    /// What a client's connection tells the server.
    enum Happening {
        /// A whole text message came.
        case text([UInt8])
        /// A binary message came; Channels has none.
        case binary
        /// A ping or a pong came.
        case alive
        /// Nothing more will come; told once.
        case ended
    }

    private enum Saying {
        case text([UInt8])
        case close(code: UInt16, reason: String)
    }

    /// The server's number for it.
    let id: Int
    /// Nothing is answered any more, not even a ping, and what is said is lost.
    var isMute = false
    private let link: Link
    private let loop: EventLoop
    private let tell: (Int, Happening) -> Void
    private var session = WebSocketSession(
        role: .server, messageBytes: WebSocketConnection.messageLimit)
    private var backlog: [Saying] = []
    private var closeTimer: TimerToken?
    private var hasEnded = false

    /// Takes over a link whose opening handshake has been answered.
    init(
        id: Int, link: Link, loop: EventLoop, tell: @escaping (Int, Happening) -> Void
    ) {
        self.id = id
        self.link = link
        self.loop = loop
        self.tell = tell
        link.outputLimit = Self.outputLimit
        link.owner = self
    }

    /// Reads messages.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        perform(session.received(bytes))
    }

    /// Tells that the connection is over.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        perform(session.lost())
        finish()
    }

    /// Takes in bytes that came together with the opening handshake.
    func received(_ bytes: [UInt8]) {
        if !bytes.isEmpty { perform(session.received(bytes.span)) }
    }

    /// Sends a text message after `delay`; messages never overtake one another.
    func say(_ text: [UInt8], after delay: Duration) {
        say(.text(text), after: delay)
    }

    /// Begins the closing handshake after `delay`.
    func close(code: UInt16, reason: String, after delay: Duration = .zero) {
        say(.close(code: code, reason: reason), after: delay)
    }

    /// Puts bytes on the link that need not be a frame.
    func spill(_ bytes: [UInt8]) {
        if link.isOpen { link.send(bytes) }
    }

    /// Ends the link with what was sent, but without a close frame.
    func drop() {
        link.finish()
    }

    /// Ends the link at once.
    func cut() {
        link.close()
        finish()
    }

    // MARK: Saying

    private func say(_ saying: Saying, after delay: Duration) {
        if delay == .zero, backlog.isEmpty { return say(saying) }
        guard backlog.count < Self.backlogLimit else { return cut() }
        backlog.append(saying)
        loop.after(delay) { [weak self] in
            guard let self, !self.backlog.isEmpty else { return }
            self.say(self.backlog.removeFirst())
        }
    }

    private func say(_ saying: Saying) {
        switch saying {
        case .text(let text): perform(session.send(text: text))
        case .close(let code, let reason):
            perform(session.close(code: code, reason: reason))
            guard closeTimer == nil, !hasEnded else { return }
            closeTimer = loop.after(Self.closeLimit) { [weak self] in
                guard let self else { return }
                self.perform(self.session.closeTimedOut())
                self.cut()
            }
        }
    }

    private func perform(_ actions: [WebSocketSession.Action]) {
        for action in actions {
            switch action {
            case .send(let bytes): if !isMute, link.isOpen { link.send(bytes) }
            case .deliver(.text(let text)): tell(id, .text(text))
            case .deliver(.binary): tell(id, .binary)
            case .deliver: tell(id, .alive)
            case .closed: finish()
            case .endLink: if !isMute { link.finish() }
            }
        }
    }

    /// Tells the end once; the link may still have something to flush.
    private func finish() {
        closeTimer.map(loop.cancel)
        closeTimer = nil
        guard !hasEnded else { return }
        hasEnded = true
        tell(id, .ended)
    }
}
