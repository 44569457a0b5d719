// SPDX-License-Identifier: MIT

/// The ranges of Channels' close codes.
package enum ClosePolicy {
    /// The application is over its connection quota.
    package static let overQuota = 4004

    /// Returns the action for a close code; `nil` means that the connection was lost without one.
    package static func action(code: UInt16?) -> CloseAction {
        switch code {
        case .some(4000...4099): .stop
        case .some(4100...4199): .backOff
        case .some(4200...4299): .reconnectAtOnce
        default: .exponential
        }
    }

    /// Returns the action for a `pusher:error` received before the connection was established.
    package static func action(errorCode: Int?) -> CloseAction {
        action(code: errorCode.flatMap { UInt16(exactly: $0) })
    }
}
