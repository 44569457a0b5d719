// SPDX-License-Identifier: MIT

/// Several channel patterns: a name that matches one of them is covered.
package struct ChannelPatterns: Hashable, Sendable {
    /// The patterns, in the order in which they were written.
    package let list: [ChannelPattern]

    /// Takes patterns separated by commas, white space around each allowed.
    package init(_ text: String) throws(ChannelPatternError) {
        list = []
    }

    /// Whether one of the patterns covers a channel name.
    package func matches(_ name: String) -> Bool { false }
}
