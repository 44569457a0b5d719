// SPDX-License-Identifier: MIT

/// Several channel patterns: a name that matches one of them is covered.
package struct ChannelPatterns: Hashable, Sendable {
    /// The patterns, in the order in which they were written.
    package let list: [ChannelPattern]

    /// Takes patterns separated by commas, white space around each allowed.
    package init(_ text: String) throws(ChannelPatternError) {
        var list: [ChannelPattern] = []
        for part in text.split(separator: ",") {
            let pattern = part.filter { !$0.isWhitespace }
            if !pattern.isEmpty { list.append(try ChannelPattern(pattern)) }
        }
        guard !list.isEmpty else { throw .empty }
        self.list = list
    }

    /// Whether one of the patterns covers a channel name.
    package func matches(_ name: String) -> Bool {
        list.contains { $0.matches(name) }
    }
}
