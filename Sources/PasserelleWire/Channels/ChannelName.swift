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
        self.text = text
    }

    /// What the prefix says about who may subscribe.
    package var kind: Kind { .public }

    /// Whether the channel replays its last event to a new subscriber.
    package var isCache: Bool { false }
}
