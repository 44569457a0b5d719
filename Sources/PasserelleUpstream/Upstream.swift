// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Keeps the connection to Channels alive and hands every event, and every hole, to the hub.
///
/// The thin shell around `UpstreamSession`: it opens links, signs, parses, and does as it is told.
package final class Upstream: LinkOwner {
    /// The largest message that Channels may send, in bytes: presence lists come in one message.
    package static let messageBytes = 4 * 1_048_576

    /// Which events take which others back.
    package var retractions: [Retraction] = []
    /// Called when Channels refuses for good, with one sentence.
    package var refusedForGood: ((_ code: Int, _ message: String) -> Void)?
    /// Called with what is worth a log line.
    package var noted: ((Note) -> Void)?
    package private(set) var status = UpstreamStatus()

    private let loop: EventLoop
    private let hub: Hub
    private let server: ChannelsServer
    private let signer: Signer
    private var session: UpstreamSession
    private var link: Link?
    private var upgrade: Upgrade?
    private var webSocket: WebSocketSession?
    private var timer: TimerToken?
    private var timerDeadline: Duration?

    /// The opening handshake that is under way.
    private struct Upgrade {
        let accept: String
        var parser = HTTPResponseParser()
    }

    package init(loop: EventLoop, hub: Hub, server: ChannelsServer) {
        self.loop = loop
        self.hub = hub
        self.server = server
        signer = Signer(key: server.key, secret: server.secret)
        session = UpstreamSession { Double(Random.uint32()) / 4_294_967_296 }
    }

    /// Connects, and goes on for as long as the process lives.
    package func start() {
        perform(session.started(now: loop.now))
    }

    /// Takes over what the hub wants to hear; call it at the end of a turn.
    package func settle() {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): perform(session.wanted(channel, now: loop.now))
            case .unsubscribe(let channel): perform(session.unwanted(channel, now: loop.now))
            }
        }
    }

    /// Says goodbye to Channels.
    package func stop() {
        perform(session.stopped())
    }

    /// True when the connection stands and every wanted channel was answered.
    package var isSettled: Bool { session.isSettled }

    // MARK: - The link

    package func linkOpened(_ link: Link) {
        let key = Base64.encode(Random.bytes(16))
        let accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        upgrade = Upgrade(accept: accept)
        let target =
            "/app/\(HTTPTarget.encode(server.key))?protocol=7&client=passerelle&version=1.0.0"
        let request = WebSocketHandshake.request(
            host: server.webSocketHost, target: target, key: key)
        link.send(HTTPWriter.request(request))
    }

    package func link(_ link: Link, received bytes: Span<UInt8>) {
        if webSocket == nil { return receivedAnswer(bytes) }
        session.heard(now: loop.now)
        act(webSocket?.received(bytes) ?? [], on: link)
    }

    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        guard link === self.link else { return }
        act(webSocket?.lost() ?? [], on: link)
        guard link === self.link else { return }
        endedWithoutCode("\(end)")
    }

    private func endedWithoutCode(_ words: String) {
        forgetLink()
        perform(session.linkEnded(code: nil, words: words, now: loop.now))
    }

    private func forgetLink() {
        link?.close()
        link = nil
        upgrade = nil
        webSocket = nil
    }

    private func receivedAnswer(_ bytes: Span<UInt8>) {
        guard var pending = upgrade else { return }
        pending.parser.append(bytes)
        do {
            guard let response = try pending.parser.next() else {
                upgrade = pending
                return
            }
            try WebSocketHandshake.checkResponse(response, accept: pending.accept)
        } catch {
            return endedWithoutCode("the server does not speak WebSocket here: \(error)")
        }
        upgrade = nil
        webSocket = WebSocketSession(
            role: .client, messageBytes: Self.messageBytes, maskSource: Random.uint32)
        let rest = pending.parser.takeRemainder()
        if let link, !rest.isEmpty { act(webSocket?.received(rest.span) ?? [], on: link) }
    }

    private func act(_ actions: [WebSocketSession.Action], on link: Link) {
        for action in actions {
            guard link === self.link else { return }
            switch action {
            case .send(let bytes): link.send(bytes)
            case .deliver(.text(let text)): received(text)
            case .deliver(.binary): garbled()
            case .deliver(.ping), .deliver(.pong), .deliver(.close): break
            case .closed(let code, let reason):
                let given = code == 1005 || code == 1006 ? nil : code
                // The close frame's answer goes out before the link does.
                link.finish()
                self.link = nil
                forgetLink()
                let words = given == nil ? "closed without a code" : reason
                perform(session.linkEnded(code: given, words: words, now: loop.now))
            case .endLink: link.finish()
            }
        }
    }

    // MARK: - The session

    private func received(_ text: [UInt8]) {
        status.messages += 1
        guard let message = try? ServerMessage.parse(text.span) else { return garbled() }
        perform(session.received(message, now: loop.now))
    }

    private func garbled() {
        status.garbled += 1
        perform(session.garbled(now: loop.now))
    }

    private func perform(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            switch action {
            case .connect:
                status.attempts += 1
                forgetLink()
                link = Dial.connect(
                    loop: loop, to: server.webSocket, tls: server.tls,
                    timeout: UpstreamSession.handshakeTimeout, owner: self)
                link?.outputLimit = 16 * 1_048_576
            case .send(let message): send(message)
            case .subscribe(let channel, let socketID):
                send(
                    signer.subscription(
                        channel: channel, socketID: socketID, memberID: server.memberID))
            case .endLink(let code): endLink(code: code)
            case .tell(let report): tell(report)
            }
        }
        arm()
    }

    private func send(_ message: ClientMessage) {
        guard let link, webSocket != nil else { return }
        act(webSocket?.send(text: message.encoded()) ?? [], on: link)
    }

    private func endLink(code: UInt16) {
        guard let link else { return }
        for case .send(let bytes) in webSocket?.close(code: code) ?? [] { link.send(bytes) }
        link.finish()
        self.link = nil
        forgetLink()
    }

    private func arm() {
        let deadline = session.deadline
        // A later deadline needs no new timer: the old one looks again when it fires.
        if let timerDeadline, let deadline, deadline >= timerDeadline { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        timerDeadline = deadline
        guard let deadline else { return }
        timer = loop.after(max(.zero, deadline - loop.now)) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.timerDeadline = nil
            self.perform(self.session.timePassed(now: self.loop.now))
        }
    }

    private var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    private func tell(_ report: UpstreamSession.Report) {
        status.take(report, at: moment)
        switch report {
        case .event(let channel, let name, let data, let userID):
            let keys = Retraction.keys(event: name, data: data, rules: retractions)
            hub.heard(
                channel, event: name, data: data, userID: userID, key: keys.own,
                retracts: keys.retracts, at: moment)
        case .memberAdded(let channel, let member):
            hub.memberAdded(channel, Member(member), at: moment)
        case .memberRemoved(let channel, let userID):
            hub.memberRemoved(channel, userID: userID, at: moment)
        case .subscribed(let channel, let members):
            hub.subscribed(channel, members: members?.map(Member.init), at: moment)
            noted?(.subscribed(channel))
        case .refused(let channel, let status, let message):
            hub.refused(channel, status: status, message: message, at: moment)
            noted?(.refused(channel, status: status, message: message))
        case .lost: hub.lost(at: moment)
        case .established: noted?(.established)
        case .waits(let delay, let cause): noted?(.waits(delay, because: cause))
        case .error(let code, let message): noted?(.error(code: code, message: message))
        case .refusedForGood(let code, let message): refusedForGood?(code, message)
        }
    }
}

extension Upstream {
    /// What is worth a log line.
    package enum Note {
        case established
        case subscribed(String)
        case refused(String, status: Int, message: String)
        case waits(Duration, because: UpstreamSession.Cause)
        case error(code: Int?, message: String)
    }
}

extension Member {
    fileprivate init(_ member: ChannelMember) {
        self.init(userID: member.userID, userInfo: member.userInfo)
    }
}
