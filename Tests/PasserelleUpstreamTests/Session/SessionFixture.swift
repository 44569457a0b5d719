// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire

/// A session with short helpers; times are whole seconds by default.
struct SessionFixture {
    var session: UpstreamSession
    var now: Duration = .zero

    init(jitter: Double = 0) { session = UpstreamSession { jitter } }

    /// Creates a session established at second 0, with these channels subscribed.
    init(live channels: String..., jitter: Double = 0) {
        self.init(jitter: jitter)
        _ = session.started(now: now)
        for channel in channels { _ = session.wanted(channel, now: now) }
        _ = establish()
        for channel in channels { _ = succeed(channel) }
    }

    mutating func start() -> [UpstreamSession.Action] { session.started(now: now) }

    mutating func establish(
        _ socketID: String = "1.1", activity: Int? = 120
    ) -> [UpstreamSession.Action] {
        receive(.connectionEstablished(socketID: socketID, activityTimeout: activity))
    }

    mutating func receive(_ message: ServerMessage) -> [UpstreamSession.Action] {
        session.received(message, now: now)
    }

    mutating func succeed(_ channel: String) -> [UpstreamSession.Action] {
        receive(.subscriptionSucceeded(channel: channel, members: nil))
    }

    mutating func err(_ code: Int?, _ words: String = "no") -> [UpstreamSession.Action] {
        receive(.error(code: code, message: words))
    }

    mutating func want(_ channel: String) -> [UpstreamSession.Action] {
        session.wanted(channel, now: now)
    }

    mutating func drop(_ channel: String) -> [UpstreamSession.Action] {
        session.unwanted(channel, now: now)
    }

    mutating func closed(_ code: UInt16?, _ words: String = "bye") -> [UpstreamSession.Action] {
        session.linkEnded(code: code, words: words, now: now)
    }

    /// Advances the time to this second.
    mutating func at(_ seconds: Double) -> [UpstreamSession.Action] {
        now = .seconds(seconds)
        return session.timePassed(now: now)
    }

    /// Returns the delay that the last action announces.
    static func delay(_ actions: [UpstreamSession.Action]) -> Duration? {
        if case .deliver(.waits(let delay, _)) = actions.last { delay } else { nil }
    }
}
