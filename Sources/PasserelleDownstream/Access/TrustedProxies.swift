// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Determines the client behind trusted proxies from `X-Forwarded-For` and `Forwarded` (RFC 7239),
/// hop by hop from the nearest.
package struct TrustedProxies: Equatable, Sendable {
    /// The maximum number of hops examined.
    static let hopLimit = 32
    /// The maximum size of a hop in bytes; an address in brackets and a port are less.
    static let hopBytes = 128

    /// The trusted networks.
    package var ranges: [AddressRange] = []
    /// True if peers of Unix listeners are trusted.
    package var trustsUnix = false

    /// Creates rules that trust no peer.
    package init() {}

    package var isEmpty: Bool { ranges.isEmpty && !trustsUnix }

    /// Returns the client behind a peer: the nearest hop that is not a trusted proxy.
    ///
    /// If both fields are present and name different clients, an untrusted client may have written
    /// one of them. Both are then ignored, and the peer is the client. The fields are read from
    /// their end, and only while proxies are trusted. This runs before the rate limit, and a client
    /// can send as many hops as fit into a head.
    package func client(of peer: PeerAddress, with fields: HTTPFields) -> PeerAddress {
        guard isTrusted(peer) else { return peer }
        let plain = walk(from: peer, fields, "X-Forwarded-For", Self.forwardedFor)
        let standard = walk(from: peer, fields, "Forwarded", Self.forwarded)
        guard let first = plain ?? standard else { return peer }
        return first == standard ?? first ? first : peer
    }

    /// Returns true if a peer is a trusted proxy.
    func isTrusted(_ peer: PeerAddress) -> Bool {
        peer.userID != nil ? trustsUnix : ranges.contains { $0.contains(peer) }
    }

    // MARK: - Hops

    /// Receives the next hop, or `nil` if it has no address; returns `false` at the last hop that
    /// counts.
    private typealias Step = (Span<UInt8>?) -> Bool

    /// Visits the hops in the fields of one name, starting with the nearest, which is the last;
    /// returns `nil` if there is no such field.
    private func walk(
        from peer: PeerAddress, _ fields: HTTPFields, _ name: String,
        _ read: (Span<UInt8>, Step) -> Bool
    ) -> PeerAddress? {
        guard fields.contains(name) else { return nil }
        var client = peer
        var hops = 0
        fields.readBackwards(name) { value in
            read(value) { hop in
                guard let hop, let next = Self.address(hop) else { return false }
                client = next
                hops += 1
                return hops < Self.hopLimit && isTrusted(client)
            }
        }
        return client
    }

    // MARK: - Parsing

    /// Parses a list of addresses from its end.
    private static func forwardedFor(_ list: Span<UInt8>, _ step: Step) -> Bool {
        var end = list.count
        while end >= 0 {
            var start = end
            while start > 0, list[start - 1] != UInt8(ascii: ",") {
                // Longer text cannot be an address.
                guard end - start < hopBytes else { return step(nil) }
                start -= 1
            }
            guard step(list.extracting(start..<end)) else { return false }
            end = start - 1
        }
        return true
    }

    /// Parses the `for` of each hop of a `Forwarded` field from its end.
    ///
    /// Commas in quotes do not separate hops, and quotes can be recognized only from the beginning
    /// of the field. One pass finds the separators and keeps the last ones only. An unclosed quote
    /// would hide the part that the nearest proxy appended; the field is then ignored.
    private static func forwarded(_ value: Span<UInt8>, _ step: Step) -> Bool {
        var commas: [Int] = []
        commas.reserveCapacity(2 * hopLimit)
        let isClosed = separators(in: value, UInt8(ascii: ",")) { comma in
            if commas.count == 2 * hopLimit { commas.removeFirst(hopLimit) }
            commas.append(comma)
        }
        guard isClosed else { return step(nil) }
        var end = value.count
        for comma in commas.reversed() {
            guard step(value.extracting(node(in: value, comma + 1..<end))) else { return false }
            end = comma
        }
        return step(value.extracting(node(in: value, 0..<end)))
    }

    /// Returns the range of the value of `for` in a hop, without quotes; empty if there is none.
    private static func node(in text: Span<UInt8>, _ hop: Range<Int>) -> Range<Int> {
        var start = hop.lowerBound
        var found: Range<Int>?
        _ = separators(in: text.extracting(hop), UInt8(ascii: ";")) { offset in
            let end = hop.lowerBound + offset
            if found == nil { found = value(ofForIn: text, start..<end) }
            start = end + 1
        }
        let rest = start..<hop.upperBound
        return found ?? value(ofForIn: text, rest) ?? hop.lowerBound..<hop.lowerBound
    }

    /// Returns the range of a pair's value if its name is `for`, else `nil`.
    private static func value(ofForIn text: Span<UInt8>, _ pair: Range<Int>) -> Range<Int>? {
        var equals = pair.lowerBound
        while equals < pair.upperBound, text[equals] != UInt8(ascii: "=") { equals += 1 }
        guard equals < pair.upperBound else { return nil }
        let name = HTTPSyntax.trimmed(text, pair.lowerBound..<equals)
        guard name.count == 3, text[name.lowerBound] | 0x20 == UInt8(ascii: "f"),
            text[name.lowerBound + 1] | 0x20 == UInt8(ascii: "o"),
            text[name.lowerBound + 2] | 0x20 == UInt8(ascii: "r")
        else { return nil }
        let value = HTTPSyntax.trimmed(text, equals + 1..<pair.upperBound)
        let quote = UInt8(ascii: "\"")
        let isQuoted =
            value.count >= 2 && text[value.lowerBound] == quote
            && text[value.upperBound - 1] == quote
        return isQuoted ? value.lowerBound + 1..<value.upperBound - 1 : value
    }

    /// Calls `take` with each separator outside quotes (RFC 9110 §5.6.4); returns `false` if a
    /// quote is not closed.
    private static func separators(
        in text: Span<UInt8>, _ separator: UInt8, _ take: (Int) -> Void
    ) -> Bool {
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            let byte = text[index]
            if byte == separator, !isQuoted {
                take(index)
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && !isEscaped && byte == UInt8(ascii: "\\")
        }
        return !isQuoted
    }

    /// Parses an address as proxies write it: bare or in brackets, with or without a port.
    private static func address(_ hop: Span<UInt8>) -> PeerAddress? {
        guard hop.count <= hopBytes else { return nil }
        let text = String(copying: hop.extracting(HTTPSyntax.trimmed(hop, hop.indices)))
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            return PeerAddress(
                numericHost: String(text[text.index(after: text.startIndex)..<end]), port: 0)
        }
        if let address = PeerAddress(numericHost: text, port: 0) { return address }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return PeerAddress(numericHost: String(parts[0]), port: 0)
    }
}
