// SPDX-License-Identifier: MIT

/// Decides how fast client events go out: Channels takes ten a second a connection and drops what
/// is over, and a state that is only repeated need not go out at all.
package struct ClientEventPace {
    /// Events that a connection may send within a window.
    package static let limit = 10
    /// A little more than a second, since what leaves in one second may arrive in less.
    package static let window: Duration = .milliseconds(1100)
    /// How long a state counts as told.
    package static let repeatWindow: Duration = .seconds(1)
    /// States that are remembered before the old ones are looked for.
    static let rememberedStates = 1024
    /// Connections that are remembered before those that rest are forgotten.
    static let rememberedConnections = 128

    private struct State {
        let data: [UInt8]
        let at: Duration
    }

    private var sent: [DelegatePool.ID: [Duration]] = [:]
    private var states: [Attendee: State] = [:]

    package init() {}

    /// Says whether the same state of a user went out within the last second.
    package func isRepeated(_ data: [UInt8], by attendee: Attendee, now: Duration) -> Bool {
        guard let state = states[attendee] else { return false }
        return now - state.at < Self.repeatWindow && state.data == data
    }

    /// Takes one event's share of a connection, or answers after which delay there is one.
    package mutating func excess(on connection: DelegatePool.ID, now: Duration) -> Duration? {
        var times = sent[connection, default: []]
        times.removeAll { now - $0 >= Self.window }
        if times.count >= Self.limit, let first = times.first {
            sent[connection] = times
            return first + Self.window - now
        }
        times.append(now)
        sent[connection] = times
        if sent.count > Self.rememberedConnections {
            sent = sent.filter { now - ($0.value.last ?? .zero) < Self.window }
        }
        return nil
    }

    /// Notes that a user's state went out.
    package mutating func told(_ data: [UInt8], by attendee: Attendee, now: Duration) {
        if states.count >= Self.rememberedStates {
            states = states.filter { now - $0.value.at < Self.repeatWindow }
        }
        states[attendee] = State(data: data, at: now)
    }
}
