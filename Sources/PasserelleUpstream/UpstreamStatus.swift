// SPDX-License-Identifier: MIT

package import PasserelleHub

/// How the connection to Channels is, for status answers, metrics and readiness.
package struct UpstreamStatus: Equatable {
    /// The connection's state in one word.
    package enum State: String, Equatable, Sendable {
        case connecting, connected, waiting, refused
    }

    package internal(set) var state = State.connecting
    /// Since when it is so, UTC; `nil` before anything happened.
    package internal(set) var since: WallTime?
    /// Connection attempts so far.
    package internal(set) var attempts: UInt64 = 0
    /// Connections that stood.
    package internal(set) var connections: UInt64 = 0
    /// Messages received.
    package internal(set) var messages: UInt64 = 0
    /// Messages that were none.
    package internal(set) var garbled: UInt64 = 0
    /// When the last event came.
    package internal(set) var lastEvent: WallTime?

    package init() {}

    /// True once an attempt has succeeded or failed: then the gateway may call itself ready.
    package var wasTried: Bool { since != nil }

    mutating func take(_ report: UpstreamSession.Report, at now: Moment) {
        switch report {
        case .established:
            connections += 1
            become(.connected, now)
        case .event: lastEvent = now.wall
        case .lost: become(.connecting, now)
        case .waits: become(.waiting, now)
        case .refusedForGood: become(.refused, now)
        case .subscribed, .refused, .memberAdded, .memberRemoved, .error: break
        }
    }

    private mutating func become(_ state: State, _ now: Moment) {
        guard self.state != state || since == nil else { return }
        self.state = state
        since = now.wall
    }
}
