// SPDX-License-Identifier: MIT

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
