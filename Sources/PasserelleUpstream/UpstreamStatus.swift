// SPDX-License-Identifier: MIT

package import PasserelleHub

/// The state of the connection to Channels, for status answers, metrics and readiness.
package struct UpstreamStatus {
    /// The connection's state in one word.
    package enum State: String, Equatable, Sendable {
        case connecting, connected, waiting, refused
    }

    /// The current state.
    package internal(set) var state = State.connecting
    /// The time (UTC) at which the current state began; `nil` before the first attempt.
    package internal(set) var since: WallTime?
    /// The time at which the connection was lost; `nil` if connected or never connected.
    package internal(set) var lost: WallTime?
    /// Why the last connection or attempt ended, in one clause of at most `causeBytes` bytes; `nil`
    /// if connected or never tried.
    package internal(set) var cause: String?
    /// Connection attempts so far.
    package internal(set) var attempts: UInt64 = 0
    /// Connections that completed the handshake.
    package internal(set) var connections: UInt64 = 0
    /// Those of them that were not the first of their connection.
    package internal(set) var reconnects: UInt64 = 0
    /// Messages received.
    package internal(set) var messages: UInt64 = 0
    /// Protocol violations received.
    package internal(set) var invalidMessages: UInt64 = 0
    /// Frames without a message; they were ignored.
    package internal(set) var emptyFrames: UInt64 = 0
    /// Protocol messages that are unknown or lack a field; they were ignored.
    package internal(set) var ignored: UInt64 = 0
    /// The time of the most recent event.
    package internal(set) var lastEvent: WallTime?

    /// True once an attempt has succeeded or failed; the gateway then reports itself as ready.
    package private(set) var wasTried = false

    /// The number of connections that are established.
    package internal(set) var established = 0
    /// True if two connections receive every channel, so that the loss of either is no gap.
    package internal(set) var isRedundant = false
    /// Messages that only one of two established connections received.
    package internal(set) var missingCopies: UInt64 = 0
    /// The state of the second connection, and why it ended or was not established; `nil` if there
    /// is none.
    package internal(set) var second: (state: State, cause: String?)?

    /// Creates the status before the first attempt.
    package init() {}

    /// Creates the status of all connections.
    ///
    /// The state is that of one that is established, otherwise of one that is not refused; counts
    /// are sums.
    init(_ all: [UpstreamStatus]) {
        guard
            let best = all.first(where: { $0.state == .connected })
                ?? all.first(where: { $0.state != .refused }) ?? all.first
        else { return }
        self = best
        established = all.count { $0.state == .connected }
        wasTried = all.contains(where: \.wasTried)
        attempts = all.reduce(0) { $0 + $1.attempts }
        connections = all.reduce(0) { $0 + $1.connections }
        reconnects = all.reduce(0) { $0 + $1.reconnects }
        messages = all.reduce(0) { $0 + $1.messages }
        invalidMessages = all.reduce(0) { $0 + $1.invalidMessages }
        emptyFrames = all.reduce(0) { $0 + $1.emptyFrames }
        ignored = all.reduce(0) { $0 + $1.ignored }
        lastEvent = all.compactMap(\.lastEvent).max()
        if all.count > 1, let last = all.last { second = (last.state, last.cause) }
    }

    /// The longest cause, in bytes; the text of a server has at most 300.
    static let causeBytes = 400

    /// Returns the beginning of a text that fits into `causeBytes`, without half a character.
    static func clause(_ text: String) -> String {
        var cut = text
        while cut.utf8.count > causeBytes { cut.removeLast() }
        return cut
    }

    /// Records the start of a connection attempt.
    mutating func attempted(at now: Moment) {
        attempts += 1
        become(.connecting, now)
    }

    /// Records a report of the session.
    mutating func take(_ report: UpstreamSession.Report, at now: Moment) {
        switch report {
        case .established:
            if connections > 0 { reconnects += 1 }
            connections += 1
            wasTried = true
            cause = nil
            become(.connected, now)
        case .event: lastEvent = now.wall
        case .waits(_, let reason):
            wasTried = true
            cause = Self.clause(reason.description)
            become(.waiting, now)
        case .rejectedPermanently(let code, let message):
            wasTried = true
            cause = Self.clause(UpstreamSession.Cause.code(code, message).description)
            become(.refused, now)
        case .lost, .pong, .subscribed, .refused, .memberAdded, .memberRemoved, .error,
            .clientEventRefused:
            break
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
