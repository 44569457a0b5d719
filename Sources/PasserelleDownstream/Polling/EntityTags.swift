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
        fields.read("If-None-Match") { Self.read($0, into: &positions) }
        self.positions = positions
    }

    /// True where the client holds the answer for a position.
    func holds(_ position: Position) -> Bool { positions.contains(position) }

    /// Of several, the newest that a log has told, in this life or an earlier one.
    package func newest(told epochs: EpochLine, through newest: UInt64) -> Position? {
        guard positions.count > 1 else { return positions.first }
        let known = positions.filter { epochs.place(of: $0, newest: newest) == .known }
        return known.max { $0.sequence < $1.sequence } ?? positions.first
    }

    /// Behind what a poll begins: the newest tag, unless it asks for something newer.
    ///
    /// Whoever repeats one URL holds what the tag says; beginning where the URL does would tell that
    /// again and again, or, with `after=now`, never tell what came meanwhile.
    func start(orAsked asked: Start?, told epochs: EpochLine, through newest: UInt64) -> Start? {
        guard let tag = self.newest(told: epochs, through: newest) else { return asked }
        guard let asked else { return .after(tag) }
        guard epochs.place(of: tag, newest: newest) == .known else { return asked }
        if case .after(let position) = asked {
            let isNewer = position.sequence >= tag.sequence
            if isNewer || epochs.place(of: position, newest: newest) != .known { return asked }
        }
        return .after(tag)
    }

    /// Reads the tags of one field, between its commas.
    private static func read(_ list: Span<UInt8>, into positions: inout [Position]) {
        var start = 0
        for at in 0...list.count where at == list.count || list[at] == UInt8(ascii: ",") {
            if let position = position(list.extracting(start..<at)) { positions.append(position) }
            start = at + 1
        }
    }

    /// Reads one tag, `"…"` or `W/"…"`, with blanks around it.
    private static func position(_ tag: Span<UInt8>) -> Position? {
        var (start, end) = (0, tag.count)
        while start < end, isBlank(tag[start]) { start += 1 }
        while start < end, isBlank(tag[end - 1]) { end -= 1 }
        if end - start > 2, tag[start] == UInt8(ascii: "W"), tag[start + 1] == UInt8(ascii: "/") {
            start += 2
        }
        let quote = UInt8(ascii: "\"")
        guard end - start >= 2, tag[start] == quote, tag[end - 1] == quote else { return nil }
        return Position(tag.extracting(start + 1..<end - 1))
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
