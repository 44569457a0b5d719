// SPDX-License-Identifier: MIT

/// The reason why a text is not a channel name.
package enum ChannelNameError: Error, Equatable, Sendable {
    /// The text is empty.
    case empty
    /// The text is longer than `limit` characters.
    case tooLong(limit: Int)
    /// The text has a character that channel names cannot have.
    case badCharacter
}

/// A valid channel name: 1 to 164 letters, digits and `_-=@,.;`.
package struct ChannelName: Hashable, Sendable {
    /// The access rule that a name's prefix implies.
    package enum Kind: Equatable, Sendable {
        /// Any connection may subscribe.
        case `public`
        /// A subscription needs a signature.
        case `private`
        /// A subscription needs a signature, and the events are encrypted.
        case encrypted
        /// A subscription needs a signature, and the channel has a list of members.
        case presence
        /// `#server-to-user-ID`: only the signed-in user may subscribe.
        case serverToUser
    }

    /// The maximum length of a name in characters, prefix included.
    package static let maximumLength = 164
    /// The prefix before the user's id in a channel that carries events to one signed-in user.
    package static let serverToUserPrefix = "#server-to-user-"

    /// The name as it is sent.
    package let text: String

    /// Validates a name; accepts `#server-to-user-ID` only if `allowsServerToUser` is true.
    package init(_ text: String, allowsServerToUser: Bool = false) throws(ChannelNameError) {
        guard !text.isEmpty else { throw .empty }
        guard text.utf8.count <= Self.maximumLength else {
            throw .tooLong(limit: Self.maximumLength)
        }
        var checked = text.utf8[...]
        if allowsServerToUser, text.utf8.starts(with: Self.serverToUserPrefix.utf8) {
            checked = checked.dropFirst(Self.serverToUserPrefix.utf8.count)
            guard !checked.isEmpty else { throw .badCharacter }
        }
        guard checked.allSatisfy(Self.isCharacter) else { throw .badCharacter }
        self.text = text
    }

    /// The access rule that the prefix implies.
    package var kind: Kind {
        if starts(with: "presence-") { return .presence }
        if starts(with: "private-encrypted-") { return .encrypted }
        if starts(with: "private-") { return .private }
        if starts(with: Self.serverToUserPrefix) { return .serverToUser }
        return .public
    }

    /// True if the channel replays its last event to a new subscriber.
    package var isCache: Bool {
        switch kind {
        case .public: starts(with: "cache-")
        case .private: starts(with: "private-cache-")
        case .encrypted: starts(with: "private-encrypted-cache-")
        case .presence: starts(with: "presence-cache-")
        case .serverToUser: false
        }
    }

    /// True if a name may contain the byte.
    static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: "."),
            UInt8(ascii: ";"):
            true
        default: false
        }
    }

    private func starts(with prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }
}

/// The reason why a text is not a channel pattern.
package enum ChannelPatternError: Error, Equatable, Sendable {
    /// The text is empty.
    case empty
    /// The text has more than one `*`.
    case severalStars
    /// The text has a character that channel names cannot have.
    case badCharacter
    /// The text is longer than any channel name can be.
    case tooLong(limit: Int)
}
