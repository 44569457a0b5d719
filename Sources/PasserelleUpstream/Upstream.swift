// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Keeps the connection to Channels alive and hands every event, and every hole, to the hub.
///
/// This is the observer: what all readers are told is what this one connection hears.
package final class Upstream {
    /// Which events take which others back.
    package var retractions: [Retraction] = []
    /// Called when Channels refuses for good, with a clause that says what to change.
    package var refusedForGood: ((_ code: Int, _ message: String) -> Void)?
    /// Called when the connection is not let back since the application has too many.
    package var needsRoom: (() -> Void)?
    /// Called with what is worth a log line.
    package var noted: ((Note) -> Void)?
    /// Hears every event, where absent users are told of messages.
    package var notices: Notices?
    /// How the connection is.
    package var status: UpstreamStatus {
        var status = outward
        status.messages = connection?.messages ?? 0
        status.garbled = connection?.garbled ?? 0
        return status
    }

    private let loop: EventLoop
    private let hub: Hub
    private let memberID: String
    /// Client events of the gateway's that Channels says were too many (4301).
    package private(set) var excess: UInt64 = 0
    private var outward = UpstreamStatus()
    private var errorPace = NotePace<Int?>()
    private var connection: UpstreamConnection?

    /// Builds an upstream that has not begun; `jitter` gives random numbers in 0..<1.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer,
        jitter: @escaping () -> Double = Random.fraction
    ) {
        self.loop = loop
        self.hub = hub
        memberID = server.memberID
        let signer = Signer(key: server.key, secret: server.secret)
        let connection = UpstreamConnection(
            loop: loop, server: server, outlastsQuota: true, jitter: jitter,
            sign: { channel, socketID in
                signer.subscription(
                    channel: channel, socketID: socketID, memberID: server.memberID)
            },
            told: { [weak self] in self?.tell($0) })
        connection.attempted = { [weak self] in
            guard let self else { return }
            self.outward.attempted(at: self.moment)
        }
        self.connection = connection
    }

    /// Connects, and goes on until `stop` or until Channels refuses for good.
    package func start() {
        connection?.start()
    }

    /// Takes over what the hub wants to hear; call it at the end of a turn.
    package func settle() {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): connection?.want(channel)
            case .unsubscribe(let channel): connection?.drop(channel)
            }
        }
    }

    /// Says goodbye to Channels.
    package func stop() {
        connection?.stop()
    }

    /// True when the connection stands and every wanted channel was answered.
    package var isSettled: Bool { connection?.isSettled ?? false }

    /// Sends a client event as the gateway itself; answers false where the channel is not heard now.
    ///
    /// Channels does not say it to us again.
    package func send(clientEvent name: String, data: [UInt8], on channel: String) -> Bool {
        guard hub.channel(channel)?.isLive ?? false else { return false }
        let message = ClientMessage.clientEvent(channel: channel, name: name, data: data)
        return connection?.send(message) ?? false
    }

    private var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

    private func tell(_ report: UpstreamSession.Report) {
        let now = moment
        outward.take(report, at: now)
        let event = hub.take(report, retractions: retractions, memberID: memberID, at: now)
        switch report {
        case .event:
            if let event, let notices { notices.heard(event, at: now) }
        case .subscribed(let channel, _): noted?(.subscribed(channel))
        case .refused(let channel, let status, let message):
            noted?(.refused(channel, status: status, message: message))
        case .established: noted?(.established)
        case .waits(let delay, let cause):
            noted?(.waits(delay, because: cause))
            if case .code(ClosePolicy.overQuota, _) = cause { needsRoom?() }
        case .error(let code, let message):
            if code == 4301 { excess += 1 }
            guard let others = errorPace.passes(code, now: now.steady) else { return }
            noted?(.error(code: code, message: message, count: others + 1))
        case .refusedForGood(let code, let message):
            refusedForGood?(code, RefusalWords.words(code: code, server: message))
        case .memberAdded, .memberRemoved, .lost: break
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
        /// An error that ends nothing, and how many there were of its code since the last note.
        case error(code: Int?, message: String, count: UInt64)
    }
}
