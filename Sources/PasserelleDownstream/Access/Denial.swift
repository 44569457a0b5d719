// SPDX-License-Identifier: MIT

/// The reason why an authorization ends.
package enum Denial: Equatable, Sendable {
    /// The application refuses the reader: 401 or 403.
    case revoked(status: Int)
    /// The token has expired.
    case expired
    /// The auth route failed for longer than the grace period.
    case unavailable
    /// An operator revoked the user.
    case revokedByOperator

    /// The name of the event that reports it.
    static let event = "passerelle:denied"
    /// The data of that event.
    var json: String { #"{"reason":"\#(word)"}"# }

    /// The `reason` of `passerelle:denied`.
    var word: String {
        switch self {
        case .revoked, .revokedByOperator: "revoked"
        case .expired: "expired"
        case .unavailable: "unavailable"
        }
    }
}
