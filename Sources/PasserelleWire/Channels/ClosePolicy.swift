// SPDX-License-Identifier: MIT

/// What a client does after a connection has ended.
package enum CloseAction: Equatable, Sendable {
    /// Does not come back with the same credentials (4000–4099).
    case stop
    /// Comes back at once (4200–4299).
    case reconnectAtOnce
    /// Comes back after one second at the least (4100–4199).
    case backOff
    /// Comes back after a time that grows (all else, and no code at all).
    case exponential
}

/// Reads the ranges of Channels' close codes.
package enum ClosePolicy {
    /// The application is over its number of connections.
    package static let overQuota = 4004

    /// What to do after a close code; nil where the connection was lost without one.
    package static func action(code: UInt16?) -> CloseAction {
        switch code {
        case .some(4000...4099): .stop
        case .some(4100...4199): .backOff
        case .some(4200...4299): .reconnectAtOnce
        default: .exponential
        }
    }

    /// What to do after a `pusher:error` that came before the connection was established.
    package static func action(errorCode: Int?) -> CloseAction {
        action(code: errorCode.flatMap { UInt16(exactly: $0) })
    }
}
