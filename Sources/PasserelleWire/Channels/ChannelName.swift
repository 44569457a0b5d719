// SPDX-License-Identifier: MIT

/// Why a text is no channel name.
package enum ChannelNameError: Error, Equatable, Sendable {
    /// No character at all.
    case empty
    /// Longer than `limit` characters.
    case tooLong(limit: Int)
    /// A character that channel names do not have.
    case badCharacter
}

/// A channel's name, checked: letters, digits and `_-=@,.;`, at most 164 of them.
package struct ChannelName: Hashable, Sendable {
    /// What a name's prefix says about who may subscribe.
    package enum Kind: Equatable, Sendable {
        /// Anyone may.
        case `public`
        /// Only with a signature.
        case `private`
        /// With a signature, and the events are ciphertext.
        case encrypted
        /// With a signature, and its members are known.
        case presence
        /// `#server-to-user-ID`: the signed-in user alone.
        case serverToUser
    }

    /// The most characters a name has, prefix included.
    package static let maximumLength = 164
    /// What stands before the user's id in a channel that carries events to one signed-in user.
    package static let serverToUserPrefix = "#server-to-user-"

    /// The name as it goes over the wire.
    package let text: String

    /// Checks a name; `#server-to-user-ID` passes only where the caller wants it.
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

    /// What the prefix says about who may subscribe.
    package var kind: Kind {
        if starts(with: "presence-") { return .presence }
        if starts(with: "private-encrypted-") { return .encrypted }
        if starts(with: "private-") { return .private }
        if starts(with: Self.serverToUserPrefix) { return .serverToUser }
        return .public
    }

    /// Whether the channel replays its last event to a new subscriber.
    package var isCache: Bool {
        switch kind {
        case .public: starts(with: "cache-")
        case .private: starts(with: "private-cache-")
        case .encrypted: starts(with: "private-encrypted-cache-")
        case .presence: starts(with: "presence-cache-")
        case .serverToUser: false
        }
    }

    /// Whether a byte may stand in a name.
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
