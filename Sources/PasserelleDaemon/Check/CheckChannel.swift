// SPDX-License-Identifier: MIT

import PasserelleWire

/// The channels that a check is on for a moment.
enum CheckChannel {
    /// What stands in the place of a pattern's star.
    private static let name = "passerelle-check"

    /// One that the patterns allow, a presence channel where one is: perhaps one that is in use.
    static func any(_ patterns: ChannelPatterns?) -> String? { first(texts(patterns)) }

    /// One that the patterns allow and that is nobody else's, since its name is the check's own.
    static func own(_ patterns: ChannelPatterns?) -> String? {
        // What is said on an encrypted channel has to be encrypted.
        first(texts(patterns).filter { $0.contains("*") && !$0.hasPrefix("private-encrypted-") })
    }

    private static func texts(_ patterns: ChannelPatterns?) -> [String] {
        patterns?.list.map(\.text) ?? []
    }

    private static func first(_ texts: [String]) -> String? {
        let order = ["presence-", "private-", ""]
        let text = order.lazy.compactMap { kind in texts.first { $0.hasPrefix(kind) } }.first
        return text.map { $0.replacing("*", with: name) }
    }
}
