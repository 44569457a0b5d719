// SPDX-License-Identifier: MIT

/// Names the close codes that this end sends or reports itself (RFC 6455 §7.4.1).
package enum WebSocketCloseCode {
    /// The purpose is fulfilled.
    package static let normal: UInt16 = 1000
    /// The end goes away: a server stops, a page is left.
    package static let goingAway: UInt16 = 1001
    /// A close frame came without a code; never on the wire.
    package static let noneGiven: UInt16 = 1005
    /// The link ended without a close frame; never on the wire.
    package static let lost: UInt16 = 1006

    /// Tells whether the code may stand in a close frame: assigned, registered or private.
    package static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
