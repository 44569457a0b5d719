// SPDX-License-Identifier: MIT

/// Why a text is no channel pattern.
package enum ChannelPatternError: Error, Equatable, Sendable {
    /// No pattern at all.
    case empty
    /// More than one `*`.
    case severalStars
    /// A character that channel names do not have.
    case badCharacter
    /// Longer than any channel name.
    case tooLong(limit: Int)
}

/// A channel name with at most one `*`, which stands for any run of characters, none included.
package struct ChannelPattern: Hashable, Sendable {
    /// The pattern as it was written.
    package let text: String

    /// Checks and takes a pattern.
    package init(_ text: String) throws(ChannelPatternError) {
        self.text = text
    }

    /// Whether the pattern covers a channel name.
    package func matches(_ name: String) -> Bool { false }

    /// What the `*` stands for in a name that matches; empty for a pattern without one.
    package func star(_ name: String) -> String? { nil }
}
