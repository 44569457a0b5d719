// SPDX-License-Identifier: MIT

/// The rules for event names.
package enum EventName {
    /// The maximum length of a name in characters.
    package static let maximumLength = 200

    /// Returns true if a name is not empty, not too long, and has no control characters.
    package static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.count <= maximumLength
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Returns true if a name is reserved: it starts with `pusher`, as in Channels' REST API.
    package static func isReserved(_ name: String) -> Bool {
        name.utf8.starts(with: "pusher".utf8)
    }

    /// Returns true if a name is a client event's: it starts with `client-`.
    package static func isClientEvent(_ name: String) -> Bool {
        name.utf8.starts(with: "client-".utf8)
    }
}
