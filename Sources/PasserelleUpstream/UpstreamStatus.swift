// SPDX-License-Identifier: MIT

package import PasserelleHub

/// How the connection to Channels is, for status answers, metrics and readiness.
package struct UpstreamStatus: Equatable {
    /// The connection's state in one word.
    package enum State: String, Equatable, Sendable {
        case connecting, connected, waiting, refused
    }

    /// What it does now.
    package internal(set) var state = State.connecting
    /// Since when it is so, UTC; `nil` before the first attempt.
    package internal(set) var since: WallTime?
    /// When the connection was lost; `nil` while it stands, and before there was one.
    package internal(set) var lost: WallTime?
    /// Connection attempts so far.
    package internal(set) var attempts: UInt64 = 0
    /// Connections that stood.
    package internal(set) var connections: UInt64 = 0
    /// Messages received.
    package internal(set) var messages: UInt64 = 0
    /// Times that something came which is not of the protocol.
    package internal(set) var garbled: UInt64 = 0
    /// When the last event came.
    package internal(set) var lastEvent: WallTime?

    /// True once an attempt has succeeded or failed: then the gateway may call itself ready.
    package private(set) var wasTried = false

    /// What is so before the first attempt.
    package init() {}

    /// Notes that a connection is being made.
    mutating func attempted(at now: Moment) {
        attempts += 1
        become(.connecting, now)
    }

    /// Notes what the session reports.
    mutating func take(_ report: UpstreamSession.Report, at now: Moment) {
        switch report {
        case .established:
            connections += 1
            wasTried = true
            become(.connected, now)
        case .event: lastEvent = now.wall
        case .waits:
            wasTried = true
            become(.waiting, now)
        case .refusedForGood:
            wasTried = true
            become(.refused, now)
        case .lost, .subscribed, .refused, .memberAdded, .memberRemoved, .error: break
        }
    }

    private mutating func become(_ state: State, _ now: Moment) {
        guard self.state != state || since == nil else { return }
        if self.state == .connected { lost = now.wall }
        if state == .connected { lost = nil }
        self.state = state
        since = now.wall
    }
}
