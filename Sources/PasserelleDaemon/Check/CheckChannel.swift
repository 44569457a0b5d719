// SPDX-License-Identifier: MIT

package import PasserelleWire

/// The channels that a check subscribes to.
package enum CheckChannel {
    /// The text that replaces a pattern's star.
    private static let name = "passerelle-check"

    /// Returns a channel that the patterns allow, preferably a presence channel; it may be in use.
    package static func any(_ patterns: ChannelPatterns?) -> String? { first(texts(patterns)) }

    /// Returns a channel that the patterns allow and that only checks use, because of its name.
    package static func own(_ patterns: ChannelPatterns?) -> String? {
        // Messages on an encrypted channel must be encrypted.
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
