// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Keeps the connection to Channels alive and hands every event, and every hole, to the hub.
///
/// The thin shell around `UpstreamSession`: it opens links, signs, parses, and does as it is told.
package final class Upstream {
    /// Which events take which others back.
    package var retractions: [Retraction] = []
    /// Called when Channels refuses for good, with a clause that says what to change.
    package var refusedForGood: ((_ code: Int, _ message: String) -> Void)?
    /// Called with what is worth a log line.
    package var noted: ((Note) -> Void)?
    /// How the connection is.
    package private(set) var status = UpstreamStatus()

    private let loop: EventLoop
    private let hub: Hub
    private let server: ChannelsServer
    private let signer: Signer
    private var session: UpstreamSession
    private var link: UpstreamLink?
    private var timer: TimerToken?
    private var timerDeadline: Duration?

    /// Builds an upstream that has not begun; `jitter` gives random numbers in 0..<1.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer,
        jitter: @escaping () -> Double = { Double(Random.uint32()) / 4_294_967_296 }
    ) {
        self.loop = loop
        self.hub = hub
        self.server = server
        signer = Signer(key: server.key, secret: server.secret)
        session = UpstreamSession(jitter: jitter)
    }

    deinit {
        link?.close(code: 1001)
        if let timer { loop.cancel(timer) }
    }

    /// Connects, and goes on until `stop` or until Channels refuses for good.
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
        status.messages += 1
        let message: ServerMessage
        do throws(ChannelsMessageError) {
            message = try ServerMessage.parse(text.span)
        } catch {
            return garbled("a text that is no Channels message")
        }
        perform(session.received(message, now: loop.now))
    }

    private func garbled(_ words: String) {
        status.garbled += 1
        perform(session.garbled(words, now: loop.now))
    }

    // MARK: - What the session wants

    private func perform(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            switch action {
            case .connect: connect()
            case .send(let message): link?.send(message.encoded())
            case .subscribe(let channel, let socketID):
                let message = signer.subscription(
                    channel: channel, socketID: socketID, memberID: server.memberID)
                link?.send(message.encoded())
            case .endLink(let code):
                link?.close(code: code)
                link = nil
            case .tell(let report): tell(report)
            }
        }
        arm()
    }

    private func connect() {
        status.attempted(at: moment)
        link?.close(code: 1001)
        link = UpstreamLink(loop: loop, server: server) { [weak self] link, happening in
            self?.happened(happening, on: link)
        }
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
        let now = moment
        status.take(report, at: now)
        switch report {
        case .event(let channel, let name, let data, let userID):
            let keys = Retraction.keys(event: name, data: data, rules: retractions)
            hub.heard(
                channel, event: name, data: data, userID: userID, key: keys.own,
                retracts: keys.retracts, at: now)
        case .memberAdded(let channel, let member):
            hub.memberAdded(channel, Member(member), at: now)
        case .memberRemoved(let channel, let userID):
            hub.memberRemoved(channel, userID: userID, at: now)
        case .subscribed(let channel, let members):
            hub.subscribed(channel, members: members?.map(Member.init), at: now)
            noted?(.subscribed(channel))
        case .refused(let channel, let status, let message):
            hub.refused(channel, status: status, message: message, at: now)
            noted?(.refused(channel, status: status, message: message))
        case .lost: hub.lost(at: now)
        case .established: noted?(.established)
        case .waits(let delay, let cause): noted?(.waits(delay, because: cause))
        case .error(let code, let message): noted?(.error(code: code, message: message))
        case .refusedForGood(let code, let message):
            refusedForGood?(code, RefusalWords.words(code: code, server: message))
        }
    }
}

extension Upstream {
    /// What is worth a log line.
    package enum Note {
        /// The connection stands.
        case established
        /// A channel is heard.
        case subscribed(String)
        /// A channel is refused, and tried again later.
        case refused(String, status: Int, message: String)
        /// The connection is lost or did not come about; the next attempt comes after this delay.
        case waits(Duration, because: UpstreamSession.Cause)
        /// Channels says that something is wrong which ends nothing.
        case error(code: Int?, message: String)
    }
}

extension Member {
    fileprivate init(_ member: ChannelMember) {
        self.init(userID: member.userID, userInfo: member.userInfo)
    }
}
