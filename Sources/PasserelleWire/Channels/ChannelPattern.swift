// SPDX-License-Identifier: MIT

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
