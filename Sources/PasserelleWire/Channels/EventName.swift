// SPDX-License-Identifier: MIT

/// The rules for an event's name.
package enum EventName {
    /// The most characters a name has.
    package static let maximumLength = 200

    /// Whether a name is neither empty, nor too long, nor has control characters.
    package static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.count <= maximumLength
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Whether a name is Channels' own: anything that starts with `pusher`, as its REST API has it.
    package static func isReserved(_ name: String) -> Bool {
        name.utf8.starts(with: "pusher".utf8)
    }

    /// Whether a name belongs to a client event: it starts with `client-`.
    package static func isClientEvent(_ name: String) -> Bool {
        name.utf8.starts(with: "client-".utf8)
    }
}
