// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Keeps one connection to Channels, again and again: the thin shell around `UpstreamSession`.
///
/// It opens links, parses, and does as the session says; what it is subscribed to, as whom, and
/// what becomes of what it hears is for others to say.
package final class UpstreamConnection {
    /// Signs the subscription to a channel under a socket id; `nil` where it is not to be sent.
    package typealias Signing = (_ channel: String, _ socketID: String) -> ClientMessage?

    /// Called before each attempt.
    package var attempted: (() -> Void)?
    /// Messages received so far.
    package private(set) var messages: UInt64 = 0
    /// Times that something came which is not of the protocol.
    package private(set) var garbled: UInt64 = 0

    private let loop: EventLoop
    private let server: ChannelsServer
    private let sign: Signing
    private let told: (UpstreamSession.Report) -> Void
    private var session: UpstreamSession
    private var link: UpstreamLink?
    private lazy var alarm = Alarm(loop) { [weak self] in
        guard let self else { return }
        perform(session.timePassed(now: loop.now))
    }

    /// Builds a connection that has not begun; `jitter` gives random numbers in 0..<1, and
    /// `outlastsQuota` is the session's.
    package init(
        loop: EventLoop, server: ChannelsServer, outlastsQuota: Bool = false,
        jitter: @escaping () -> Double = Random.fraction,
        sign: @escaping Signing, told: @escaping (UpstreamSession.Report) -> Void
    ) {
        self.loop = loop
        self.server = server
        self.sign = sign
        self.told = told
        session = UpstreamSession(outlastsQuota: outlastsQuota, jitter: jitter)
    }

    deinit {
        link?.close(code: 1001)
    }

    /// Connects, and goes on until `stop` or until Channels refuses for good.
    package func start() {
        perform(session.started(now: loop.now))
    }

    /// Says goodbye to Channels.
    package func stop() {
        perform(session.stopped())
    }

    /// Subscribes a channel, now or as soon as the connection stands.
    package func want(_ channel: String) {
        perform(session.wanted(channel, now: loop.now))
    }

    /// Wants a channel no longer.
    package func drop(_ channel: String) {
        perform(session.unwanted(channel, now: loop.now))
    }

    /// Sends a message; answers false where the connection does not stand.
    package func send(_ message: ClientMessage) -> Bool {
        guard session.socketID != nil, let link else { return false }
        link.send(message.encoded())
        return true
    }

    /// True when the connection stands and every wanted channel was answered.
    package var isSettled: Bool { session.isSettled }

    // MARK: - What the link tells

    private func happened(_ happening: UpstreamLink.Happening, on link: UpstreamLink) {
        guard link === self.link else { return }
        switch happening {
        case .heard: session.heard(now: loop.now)
        case .text(let text): received(text)
        case .garbled(let words): garbled(words)
        case .ended(let code, let words):
            self.link = nil
            perform(session.linkEnded(code: code, words: words, now: loop.now))
        }
    }

    private func received(_ text: [UInt8]) {
        messages += 1
        let message: ServerMessage
        do throws(ChannelsMessageError) {
            message = try ServerMessage.parse(text.span)
        } catch {
            return garbled("a text that is no Channels message")
        }
        perform(session.received(message, now: loop.now))
    }

    private func garbled(_ words: String) {
        garbled += 1
        perform(session.garbled(words, now: loop.now))
    }

    // MARK: - What the session wants

    private func perform(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .send(let message): link?.send(message.encoded())
            case .subscribe(let channel, let socketID):
                if let message = sign(channel, socketID) { link?.send(message.encoded()) }
            case .endLink(let code):
                link?.close(code: code)
                link = nil
            case .tell(let report): told(report)
            }
        }
        alarm.set(session.deadline)
    }

    private func connect() {
        attempted?()
        link?.close(code: 1001)
        link = UpstreamLink(loop: loop, server: server) { [weak self] link, happening in
            self?.happened(happening, on: link)
        }
    }
}
