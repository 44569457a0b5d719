// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// Decides whose request it is that a proxy passes on: what `X-Forwarded-For` and `Forwarded`
/// (RFC 7239) say is believed of the proxies that are trusted, hop by hop from the nearest.
package struct TrustedProxies: Equatable, Sendable {
    /// Hops that are looked at.
    static let hopLimit = 32

    /// The networks they are in.
    package var ranges: [AddressRange] = []
    /// Whether whoever connects to a Unix listener is one.
    package var trustsUnix = false

    /// Nobody is trusted.
    package init() {}

    package var isEmpty: Bool { ranges.isEmpty && !trustsUnix }

    /// The client behind a peer: the nearest hop that is no trusted proxy.
    ///
    /// Where both fields stand and lead to different clients, somebody who is not trusted may have
    /// written one of them: then neither is believed, and the peer is the client.
    package func client(of peer: PeerAddress, saying fields: HTTPFields) -> PeerAddress {
        guard isTrusted(peer) else { return peer }
        let plain = Self.hops(inLists: fields.all("X-Forwarded-For"))
        let standard = fields.all("Forwarded").flatMap(Self.forwarded)
        let answers = [plain, standard].filter { !$0.isEmpty }.map { walk(peer, $0) }
        guard let first = answers.first, answers.allSatisfy({ $0 == first }) else { return peer }
        return first
    }

    /// Whether a peer is one.
    func isTrusted(_ peer: PeerAddress) -> Bool {
        peer.userID != nil ? trustsUnix : ranges.contains { $0.contains(peer) }
    }

    /// Goes from hop to hop, the nearest being the last that is said.
    private func walk(_ peer: PeerAddress, _ hops: [String?]) -> PeerAddress {
        var client = peer
        for hop in hops.suffix(Self.hopLimit).reversed() {
            guard isTrusted(client), let hop, let next = Self.address(hop) else { return client }
            client = next
        }
        return client
    }

    private static func hops(inLists lists: [String]) -> [String?] {
        // By bytes: a character can hold a comma and what was written before it.
        lists.flatMap {
            $0.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        }.map { trimmed(Substring($0)) }
    }

    /// The `for` of each hop of a `Forwarded` field; `nil` where a hop says none.
    ///
    /// A quote that is never closed swallows what the nearest proxy has written behind it: then no
    /// hop says anything.
    private static func forwarded(_ value: String) -> [String?] {
        guard let hops = split(value, at: UInt8(ascii: ",")) else { return [nil] }
        return hops.map { hop in
            for pair in split(hop, at: UInt8(ascii: ";")) ?? [] {
                let words = pair.split(separator: "=", maxSplits: 1)
                guard words.count == 2, trimmed(words[0]).lowercased() == "for" else { continue }
                let text = trimmed(words[1])
                let isQuoted = text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
                return isQuoted ? String(text.dropFirst().dropLast()) : text
            }
            return nil
        }
    }

    /// Splits a list, but not inside quotes (RFC 9110 §5.6.4); `nil` where one is not closed.
    private static func split(_ text: String, at separator: UInt8) -> [String]? {
        var parts: [[UInt8]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            if byte == separator, !isQuoted {
                parts.append([])
                continue
            }
            parts[parts.count - 1].append(byte)
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = isQuoted && !isEscaped && byte == UInt8(ascii: "\\")
        }
        return isQuoted ? nil : parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = text[...]
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return String(text)
    }

    /// An address as proxies write it: bare, in brackets, with or without a port.
    private static func address(_ text: String) -> PeerAddress? {
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
