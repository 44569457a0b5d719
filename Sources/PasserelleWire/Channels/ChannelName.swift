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

/// A channel name with at most one `*`, which matches any number of characters, including zero.
package struct ChannelPattern: Hashable, Sendable {
    /// The pattern as it was written.
    package let text: String
    private let head: [UInt8]
    /// The part after the `*`; `nil` if the pattern has none.
    private let tail: [UInt8]?

    /// Parses a pattern.
    package init(_ text: String) throws(ChannelPatternError) {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard !text.isEmpty else { throw .empty }
        guard parts.count <= 2 else { throw .severalStars }
        guard parts.allSatisfy({ $0.allSatisfy(ChannelName.isCharacter) }) else {
            throw .badCharacter
        }
        head = Array(parts[0])
        tail = parts.count == 2 ? Array(parts[1]) : nil
        guard head.count + (tail?.count ?? 0) <= ChannelName.maximumLength else {
            throw .tooLong(limit: ChannelName.maximumLength)
        }
        self.text = text
    }

    /// Returns true if the pattern matches a channel name.
    package func matches(_ name: String) -> Bool { middle(of: name.utf8) != nil }

    /// Returns the text that the `*` matched, empty if there is no `*`; `nil` without a match.
    package func star(_ name: String) -> String? {
        middle(of: name.utf8).flatMap { String($0) }
    }

    private func middle(of name: String.UTF8View) -> Substring.UTF8View? {
        guard let tail else {
            return name.elementsEqual(head) ? name[name.endIndex...] : nil
        }
        guard name.count >= head.count + tail.count, name.starts(with: head),
            name.suffix(tail.count).elementsEqual(tail)
        else { return nil }
        let middle = name.dropFirst(head.count).dropLast(tail.count)
        return middle.allSatisfy(ChannelName.isCharacter) ? middle : nil
    }
}

/// A list of channel patterns, which matches a name if one of them does.
package struct ChannelPatterns: Hashable, Sendable {
    /// The patterns in the order in which they were written.
    package let list: [ChannelPattern]

    /// Parses patterns separated by commas; white space around each is allowed.
    package init(_ text: String) throws(ChannelPatternError) {
        var list: [ChannelPattern] = []
        for part in text.split(separator: ",") {
            let pattern = part.filter { !$0.isWhitespace }
            if !pattern.isEmpty { list.append(try ChannelPattern(pattern)) }
        }
        guard !list.isEmpty else { throw .empty }
        self.list = list
    }

    /// Returns true if one of the patterns matches a channel name.
    package func matches(_ name: String) -> Bool {
        list.contains { $0.matches(name) }
    }
}
