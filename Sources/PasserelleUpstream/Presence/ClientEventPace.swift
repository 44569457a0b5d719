// SPDX-License-Identifier: MIT

/// Decides how fast client events go out: Channels takes ten a second a connection and drops what
/// is over, and a state that is only repeated need not go out at all.
///
/// The ten are the connection's, and not a user's, because Channels counts them so: whoever sends
/// the eleventh loses it, and nobody is told. So the users of one connection share its ten, in equal
/// parts: of `k` users who ask within `sharing`, none has more than `max(1, limit / k)` a window. One
/// who asks alone has all ten. One who asks without end therefore has one of ten at the most as soon
/// as nine others want to speak, and who asks seldom waits no longer than one window for their first.
package struct ClientEventPace {
    /// Events that a connection may send within a window.
    package static let limit = 10
    /// A little more than a second, since what leaves in one second may arrive in less.
    package static let window: Duration = .milliseconds(1100)
    /// How long one who asked has a part of the connection: longer than they may be told to wait in
    /// whole seconds, so that their part is still theirs when they come back.
    package static let sharing: Duration = .seconds(3)
    /// How long a state counts as told.
    package static let repeatWindow: Duration = .seconds(1)
    /// States that are remembered before the old ones are looked for.
    static let rememberedStates = 1024
    /// Connections that are remembered before those that rest are forgotten.
    static let rememberedConnections = 128
    /// Users of a connection who are counted: from `limit` on, more of them change nothing.
    static let countedUsers = 2 * limit

    private struct State {
        let data: [UInt8]
        let at: Duration
        let connection: DelegatePool.ID
    }

    /// What went out on a connection within a window, and who asked to send.
    private struct Load {
        var sent: [(at: Duration, userID: String)] = []
        var asked: [String: Duration] = [:]

        mutating func passed(to now: Duration) {
            sent.removeAll { now - $0.at >= ClientEventPace.window }
        }

        /// Counts a user among those who share the connection; answers what their part is.
        mutating func part(of userID: String, now: Duration) -> Int {
            asked[userID] = now
            if asked.count > 1 {
                asked = asked.filter { now - $0.value < ClientEventPace.sharing }
            }
            let part = max(1, ClientEventPace.limit / asked.count)
            if asked.count > ClientEventPace.countedUsers,
                let oldest = asked.min(by: { $0.value < $1.value })
            {
                asked[oldest.key] = nil
            }
            return part
        }
    }

    private var loads: [DelegatePool.ID: Load] = [:]
    private var states: [Attendee: State] = [:]

    package init() {}

    /// Says whether the same state of a user went out within the last second.
    package func isRepeated(_ data: [UInt8], by attendee: Attendee, now: Duration) -> Bool {
        guard let state = states[attendee] else { return false }
        return now - state.at < Self.repeatWindow && state.data == data
    }

    /// Takes one event's share of a connection, or answers after which delay the user has one.
    package mutating func excess(
        on connection: DelegatePool.ID, by userID: String, now: Duration
    ) -> Duration? {
        var load = loads[connection, default: Load()]
        load.passed(to: now)
        let part = load.part(of: userID, now: now)
        let own = load.sent.filter { $0.userID == userID }
        // Each bound is met once as many have left the window as are too many.
        let full = [(load.sent.map(\.at), Self.limit), (own.map(\.at), part)]
        let free = full.compactMap { times, bound in
            times.count < bound ? nil : times[times.count - bound] + Self.window
        }.max()
        if free == nil { load.sent.append((now, userID)) }
        loads[connection] = load
        if loads.count > Self.rememberedConnections {
            loads = loads.filter { now - ($0.value.asked.values.max() ?? .zero) < Self.sharing }
        }
        return free.map { $0 - now }
    }

    /// Notes that a user's state goes out on a connection.
    package mutating func told(
        _ data: [UInt8], by attendee: Attendee, on connection: DelegatePool.ID, now: Duration
    ) {
        if states.count >= Self.rememberedStates {
            states = states.filter { now - $0.value.at < Self.repeatWindow }
        }
        states[attendee] = State(data: data, at: now, connection: connection)
    }

    /// Notes that a user's last state did not go out after all.
    package mutating func notTold(by attendee: Attendee) {
        states[attendee] = nil
    }

    /// Notes that a connection is gone: what went out on it last may never have arrived, so that its
    /// repetition says something.
    package mutating func lost(_ connection: DelegatePool.ID) {
        states = states.filter { $0.value.connection != connection }
    }
}
