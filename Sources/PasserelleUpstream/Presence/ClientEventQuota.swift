// SPDX-License-Identifier: MIT

import PasserelleHub

/// Limits the rate of client events, such as typing.
///
/// Channels accepts ten a second per connection and drops the rest. A repeated state need not be
/// sent at all.
///
/// Channels counts per connection, not per user, and drops an excess event silently. So the users
/// of one connection share its ten in equal parts: if `k` users send within `sharing`, each may
/// send at most `max(1, limit / k)` events a window. A single user has all ten. If nine others
/// also want to send, a user that sends continuously is limited to one of ten, and a user that
/// sends rarely waits at most one window for its first event.
package struct ClientEventQuota {
    /// The number of events that a connection may send within a window.
    package static let limit = 10
    /// Slightly more than a second: events sent within one second may arrive within less.
    package static let window: Duration = .milliseconds(1100)
    /// The period in which a user keeps a share after a request.
    ///
    /// It is longer than the longest `Retry-After` in whole seconds, so that the share still exists
    /// when the user retries.
    package static let sharing: Duration = .seconds(3)
    /// The period in which an equal state counts as a repetition.
    package static let repeatWindow: Duration = .seconds(1)
    /// The number of states retained before expired ones are removed.
    static let rememberedStates = 1024
    /// The number of connections retained before idle ones are removed.
    static let rememberedConnections = 128
    /// The number of users counted per connection; beyond `limit`, the share does not change.
    static let countedUsers = 2 * limit

    private struct State {
        let data: [UInt8]
        let at: Duration
        let connection: DelegatePool.ID
    }

    /// The events sent on a connection within a window, and the users that requested to send.
    private struct Load {
        var sent: [(at: Duration, userID: String)] = []
        var asked: [ByteKey: Duration] = [:]

        mutating func passed(to now: Duration) {
            sent.removeAll { now - $0.at >= ClientEventQuota.window }
        }

        /// Counts a user as sharing the connection; returns the user's share.
        mutating func part(of userID: String, now: Duration) -> Int {
            asked[ByteKey(userID)] = now
            if asked.count > 1 {
                asked = asked.filter { now - $0.value < ClientEventQuota.sharing }
            }
            let part = max(1, ClientEventQuota.limit / asked.count)
            if asked.count > ClientEventQuota.countedUsers,
                let oldest = asked.min(by: { $0.value < $1.value })
            {
                asked[oldest.key] = nil
            }
            return part
        }
    }

    private var loads: [DelegatePool.ID: Load] = [:]
    private var states: [ChannelUser: State] = [:]

    /// Returns true if the user sent the same state within `repeatWindow`.
    package func isRepeated(_ data: [UInt8], by user: ChannelUser, now: Duration) -> Bool {
        guard let state = states[user] else { return false }
        return now - state.at < Self.repeatWindow && state.data == data
    }

    /// Takes one event from the user's share of a connection; returns `nil` on success, otherwise
    /// the delay until the share allows another event.
    package mutating func acquire(
        on connection: DelegatePool.ID, by userID: String, now: Duration
    ) -> Duration? {
        var load = loads[connection, default: Load()]
        load.passed(to: now)
        let part = load.part(of: userID, now: now)
        let own = load.sent.filter { $0.userID.hasSameBytes(as: userID) }
        // Each bound is met again once the events in excess of it have left the window.
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

    /// Records that a user's state is sent on a connection.
    package mutating func recordState(
        _ data: [UInt8], by user: ChannelUser, on connection: DelegatePool.ID, now: Duration
    ) {
        if states.count >= Self.rememberedStates {
            states = states.filter { now - $0.value.at < Self.repeatWindow }
        }
        states[user] = State(data: data, at: now, connection: connection)
    }

    /// Records that a user's last state was not sent after all.
    package mutating func forgetState(by user: ChannelUser) {
        states[user] = nil
    }

    /// Records the loss of a connection: its last events may be lost, so a repetition must be sent.
    package mutating func lost(_ connection: DelegatePool.ID) {
        states = states.filter { $0.value.connection != connection }
    }
}
