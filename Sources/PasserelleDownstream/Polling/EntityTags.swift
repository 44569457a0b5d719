// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// The positions in `If-None-Match`: those that a client holds answers for (RFC 9110 §13.1.2).
package struct EntityTags: Equatable {
    /// In the order in which they stand.
    package let positions: [Position]

    /// Reads every such field; weak tags count as strong ones.
    ///
    /// What is somebody else's tag, or none at all, is passed over; `*` too, so that it makes a
    /// first poll: a client that says it has heard nothing.
    package init(_ fields: HTTPFields) {
        var positions: [Position] = []
        for list in fields.all("If-None-Match") {
            for tag in list.utf8.split(separator: UInt8(ascii: ",")) {
                if let position = Self.position(tag) { positions.append(position) }
            }
        }
        self.positions = positions
    }

    /// True where the client holds the answer for a position.
    func holds(_ position: Position) -> Bool { positions.contains(position) }

    /// Of several, the newest that we can know.
    func newest(known newest: Position) -> Position? {
        let known = positions.filter {
            $0.epoch == newest.epoch && $0.sequence <= newest.sequence
        }
        return known.max { $0.sequence < $1.sequence } ?? positions.first
    }

    /// Reads one tag, `"…"` or `W/"…"`, with blanks around it.
    private static func position(_ tag: Substring.UTF8View) -> Position? {
        var text = tag.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        if text.starts(with: "W/".utf8) { text = text.dropFirst(2) }
        let quote = UInt8(ascii: "\"")
        guard text.count >= 2, text.first == quote, text.last == quote else { return nil }
        return Position(text.dropFirst().dropLast().span)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
