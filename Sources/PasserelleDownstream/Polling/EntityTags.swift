// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// The positions in `If-None-Match`: the answers that a client holds (RFC 9110 §13.1.2).
///
/// Proxies that encode an answer rewrite its tag: they weaken it (`W/"7-1"`), add a suffix inside
/// or outside the quotes (`"7-1-gzip"`, `"7-1"-gzip`, `"7-1;br"`), or drop or encode the quotes. A
/// tag is therefore read as the position that it begins with. The answer always has the tag in the
/// gateway's own form: the proxy rewrites that one too, and suffixes do not accumulate.
package struct EntityTags: Equatable {
    /// The positions in the order of the field.
    package let positions: [Position]
    /// True if there are tags but none contains a position: the client holds an answer, but the
    /// gateway cannot determine which one.
    package let isUnknown: Bool

    /// Parses all `If-None-Match` fields; weak tags count as strong ones.
    package init(_ fields: HTTPFields) {
        var positions: [Position] = []
        var hasTag = false
        fields.read("If-None-Match") { list in
            // A comma inside a tag begins a new part, which contains no position.
            var start = 0
            for at in 0...list.count where at == list.count || list[at] == UInt8(ascii: ",") {
                let tag = HTTPSyntax.trimmed(list, start..<at)
                start = at + 1
                guard !tag.isEmpty else { continue }
                hasTag = true
                if let position = Self.position(list.extracting(tag)) { positions.append(position) }
            }
        }
        self.positions = positions
        isUnknown = hasTag && positions.isEmpty
    }

    /// True if the client holds the answer for a position.
    func holds(_ position: Position) -> Bool { positions.contains(position) }

    /// Returns the newest position that the log knows, by the place at which it continues.
    package func newest(delivered epochs: EpochHistory, through newest: UInt64) -> Position? {
        guard positions.count > 1 else { return positions.first }
        let known = positions.compactMap { position in
            epochs.resumption(at: position, newest: newest).map { (position, place: $0) }
        }
        return known.max { $0.place < $1.place }?.0 ?? positions.first
    }

    /// Returns the start of a poll: the newest tag, unless the request names a newer position.
    ///
    /// A client that repeats one URL holds the answer that the tag names. If the poll started as
    /// the URL requests, the same events would be sent again and again, or with `after=now`, events
    /// would be lost. Tags without a position mean an unknown one, unless the request names one.
    package func start(
        orRequested asked: Start?, delivered epochs: EpochHistory, through newest: UInt64
    ) -> Start? {
        guard let tag = self.newest(delivered: epochs, through: newest) else {
            guard isUnknown else { return asked }
            if case .after = asked { return asked }
            return .unknown
        }
        guard case .after(let position) = asked else { return .after(tag) }
        guard let held = epochs.resumption(at: tag, newest: newest),
            let wanted = epochs.resumption(at: position, newest: newest), wanted < held
        else { return asked }
        return .after(tag)
    }

    // MARK: - Reading

    /// Returns the position that a tag begins with, or `nil` if it does not begin with one.
    private static func position(_ tag: Span<UInt8>) -> Position? {
        var start = 0
        while start < tag.count {
            let mark = markLength(tag.extracting(start...))
            guard mark > 0 else { break }
            start += mark
        }
        var end = start
        while end < tag.count, isDigit(tag[end]) || isLetter(tag[end]) { end += 1 }
        guard end < tag.count, tag[end] == UInt8(ascii: "-") else { return nil }
        end += 1
        while end < tag.count, isDigit(tag[end]) { end += 1 }
        // If a letter follows, the tag is a word of another origin.
        if end < tag.count, isLetter(tag[end] | 0x20) { return nil }
        return Position(tag.extracting(start..<end))
    }

    /// Returns the length of the mark at the start of a text: the mark of a weak tag, or a quote as
    /// proxies write it (`"`, `'`, `\"`, `%22`, `&quot;`); 0 if there is no mark.
    private static func markLength(_ text: Span<UInt8>) -> Int {
        switch text[0] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): 1
        case UInt8(ascii: "W"), UInt8(ascii: "w"): begins(text, "/") ? 2 : 0
        case UInt8(ascii: "%"): begins(text, "22") ? 3 : 0
        case UInt8(ascii: "&"): begins(text, "quot;") ? 6 : 0
        default: 0
        }
    }

    /// True if a word follows the first byte of a text.
    private static func begins(_ text: Span<UInt8>, _ word: StaticString) -> Bool {
        guard text.count > word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount where text[index + 1] != word.utf8Start[index] {
            return false
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }
}
