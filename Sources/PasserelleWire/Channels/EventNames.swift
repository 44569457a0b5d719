// SPDX-License-Identifier: MIT

/// The event names that a reader asks for, in the order of the request and without duplicates.
package struct EventNames: Equatable, Sendable {
    /// The maximum number of names.
    package static let limit = 32

    /// The reason why a name cannot be added.
    package enum Fault: Error, Equatable, Sendable {
        /// The name is empty, longer than `EventName.maximumLength`, or has control characters.
        case badName
        /// There are `limit` other names.
        case tooMany
    }

    package private(set) var list: [String] = []

    /// Creates an empty list.
    package init() {}

    /// Creates a list of names.
    package init(_ names: [String]) throws(Fault) {
        for name in names { try add(name) }
    }

    package var isEmpty: Bool { list.isEmpty }

    /// Adds a name; a name that is in the list already has no effect.
    package mutating func add(_ name: String) throws(Fault) {
        guard EventName.isValid(name) else { throw .badName }
        guard !list.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { return }
        guard list.count < Self.limit else { throw .tooMany }
        list.append(name)
    }
}

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
