// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Maintains one connection to Channels and reconnects it: executes the actions of
/// `UpstreamSession`.
///
/// It opens links and parses messages. Its owner chooses the channels, signs the subscriptions and
/// handles the reports.
package final class UpstreamConnection {
    /// Signs the subscription to a channel with a socket id; returns `nil` to skip it.
    package typealias Signing = (_ channel: String, _ socketID: String) -> ClientMessage?

    /// The state of the connection, and the counts of what it received.
    private(set) var status = UpstreamStatus()

    private let loop: EventLoop
    private let server: ChannelsServer
    private let sign: Signing
    private let onReport: (UpstreamSession.Report) -> Void
    private var session: UpstreamSession
    private var link: UpstreamWebSocket?
    private lazy var alarm = Alarm(loop) { [weak self] in
        guard let self else { return }
        perform(session.timePassed(now: loop.now))
    }

    /// Creates a connection that is not started.
    ///
    /// `jitter` returns random numbers in 0..<1. See `UpstreamSession` for `retriesOverQuota` and
    /// `stagger`.
    package init(
        loop: EventLoop, server: ChannelsServer, retriesOverQuota: Bool = false,
        stagger: Duration = .zero, jitter: @escaping () -> Double = Random.fraction,
        sign: @escaping Signing, onReport: @escaping (UpstreamSession.Report) -> Void
    ) {
        self.loop = loop
        self.server = server
        self.sign = sign
        self.onReport = onReport
        session = UpstreamSession(
            retriesOverQuota: retriesOverQuota, stagger: stagger, jitter: jitter)
    }

    deinit {
        link?.close(code: 1001)
    }

    /// Connects, and reconnects until `stop` is called or Channels refuses permanently.
    package func start() {
        perform(session.started(now: loop.now))
    }

    /// Closes the connection.
    package func stop() {
        perform(session.stopped())
    }

    /// Subscribes to a channel, now or when the connection is established.
    package func want(_ channel: String) {
        perform(session.wanted(channel, now: loop.now))
    }

    /// Unsubscribes from a channel.
    package func drop(_ channel: String) {
        perform(session.unwanted(channel, now: loop.now))
    }

    /// Retries a refused channel at once.
    package func retry(_ channel: String) {
        perform(session.retry(channel, now: loop.now))
    }

    /// Sends a message; returns false if the connection is not established.
    package func send(_ message: ClientMessage) -> Bool {
        guard session.socketID != nil, let link else { return false }
        link.send(message.encoded())
        if case .clientEvent = message { session.sentClientEvent(now: loop.now) }
        return true
    }

    /// Sends a ping; its pong is reported.
    package func ping() {
        perform(session.ping(now: loop.now))
    }

    /// Ends the connection for a reason of its owner, and reconnects.
    package func replace(because cause: UpstreamSession.Cause) {
        perform(session.replaced(because: cause, now: loop.now))
    }

    /// True if the connection is established and every wanted channel was answered.
    package var isSettled: Bool { session.isSettled }

    // MARK: - Events of the link

    private func handle(_ event: UpstreamWebSocket.Event, on link: UpstreamWebSocket) {
        guard link === self.link else { return }
        switch event {
        case .activity: session.receivedBytes(now: loop.now)
        case .text(let text): received(text)
        case .binary: receivedEmptyFrame()
        case .invalidData(let words): receivedInvalidData(words)
        case .ended(let code, let words):
            self.link = nil
            perform(session.linkEnded(code: code, words: words, now: loop.now))
        }
    }

    private func received(_ text: [UInt8]) {
        let message: ServerMessage
        do throws(ChannelsMessageError) {
            message = try ServerMessage.parse(text.span)
        } catch {
            return error.isWithoutMessage ? receivedEmptyFrame() : receivedInvalidData("\(error)")
        }
        status.messages += 1
        if case .ignored = message { status.ignored += 1 }
        perform(session.received(message, now: loop.now))
    }

    private func receivedEmptyFrame() {
        status.emptyFrames += 1
        let actions = session.receivedEmptyFrame(now: loop.now)
        if !actions.isEmpty { status.invalidMessages += 1 }
        perform(actions)
    }

    private func receivedInvalidData(_ words: String) {
        status.invalidMessages += 1
        perform(session.receivedInvalidData(words, now: loop.now))
    }

    // MARK: - Actions of the session

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
            case .deliver(let report):
                status.take(report, at: loop.moment)
                onReport(report)
            }
        }
        alarm.set(session.deadline)
    }

    private func connect() {
        status.attempted(at: loop.moment)
        link?.close(code: 1001)
        link = UpstreamWebSocket(loop: loop, server: server) { [weak self] link, event in
            self?.handle(event, on: link)
        }
    }
}

/// Counts the frames on one connection that hold no message, and limits them.
///
/// Some servers and proxies send empty texts, `null` or a byte order mark as a keep-alive. They
/// carry no data, so a few are ignored. A flood of them does not come from a Channels server.
package struct EmptyFrames: Sendable {
    /// The number of frames without a message that are ignored within `window`.
    package static let limit = 120
    /// The period over which frames are counted.
    package static let window: Duration = .seconds(60)

    private var began: Duration?
    private var count = 0

    /// Counts one frame; returns false if the limit is exceeded.
    package mutating func admits(now: Duration) -> Bool {
        if began.map({ now - $0 >= Self.window }) ?? true {
            began = now
            count = 0
        }
        count += 1
        return count <= Self.limit
    }
}
