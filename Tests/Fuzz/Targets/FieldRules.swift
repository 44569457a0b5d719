// SPDX-License-Identifier: MIT
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleWire

/// Invariants of the fields that give a request's client address, origin, host and credentials.
enum FieldRules {
    private static let nearest = "203.0.113.9"
    private static let peer = PeerAddress(numericHost: "10.0.0.1", port: 7)

    /// Checks one field, selected by the first byte: the rest is an untrusted value, beside the
    /// values that a proxy or a browser adds.
    static func values(_ bytes: [UInt8]) {
        // A parsed request never contains such a value.
        guard let first = bytes.first, !bytes.contains(where: { $0 == 13 || $0 == 10 || $0 == 0 })
        else { return }
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        switch first % 6 {
        case 0: forwarded(text)
        case 1: origin(text)
        case 2: host(text)
        case 3: cookie(text)
        case 4: tags(text)
        default: type(text)
        }
    }

    /// Checks that values in front of the nearest proxy's own are ignored.
    private static func forwarded(_ text: String) {
        guard let peer, let range = AddressRange("10.0.0.0/8") else {
            return hold("there is a proxy", false)
        }
        let client = PeerAddress(numericHost: nearest, port: 0)
        var proxies = TrustedProxies()
        hold(
            "no proxy is trusted", proxies.client(of: peer, with: ["Forwarded": text]) == peer)
        proxies.ranges = [range]
        let plain = HTTPFields(dictionaryLiteral: ("X-Forwarded-For", text + ", " + nearest))
        hold("the nearest hop counts", proxies.client(of: peer, with: plain) == client)
        let standard = HTTPFields(dictionaryLiteral: ("Forwarded", text + ", for=" + nearest))
        let answer = proxies.client(of: peer, with: standard)
        hold("the nearest hop counts, or none", answer == client || answer == peer)
        let lines = HTTPFields(
            dictionaryLiteral: ("Forwarded", text), ("Forwarded", "for=" + nearest))
        hold("a line of its own counts", proxies.client(of: peer, with: lines) == client)
        _ = proxies.client(of: peer, with: ["X-Forwarded-For": text, "Forwarded": text])
    }

    /// Checks that only the gateway's own origin and the listed one are accepted.
    private static func origin(_ text: String) {
        var rules = OriginRules()
        rules.origins = ["https://app.example"]
        var request = HTTPRequest(
            method: "GET", target: "/poll", fields: ["Host": "gateway.example"])
        request.fields.set("Origin", text)
        let own = ["http://gateway.example", "https://gateway.example"]
        do throws(Refusal) {
            let origin = try rules.crossOrigin(of: request)
            let isListed = origin.map { rules.origins.contains($0.lowercased()) }
            hold("an origin is listed", isListed ?? own.contains(text.lowercased()))
        } catch {
            hold("a refusal has its status", error.status == 403)
        }
    }

    /// Checks that only listed hosts and loopback hosts are accepted.
    private static func host(_ text: String) {
        var rules = OriginRules()
        rules.hosts = .listed(["gateway.example"])
        let request = HTTPRequest(method: "GET", target: "/poll", fields: ["Host": text])
        guard (try? rules.checkHost(of: request)) != nil else { return }
        let name = text.lowercased()
        let isOurs = ["gateway.example", "localhost", ".localhost", "127.", "[::1]"].contains {
            name.contains($0)
        }
        // The IPv6 loopback address has many spellings.
        hold("a host is ours", isOurs || name.hasPrefix("["))
    }

    /// Checks that the first cookie of the gateway's name wins, and that a value ends at `;`.
    private static func cookie(_ text: String) {
        let request = HTTPRequest(
            method: "GET", target: "/poll", fields: ["Cookie": "passerelle=abc; " + text])
        let first = try? BearerTokenLocation.find(in: request, acceptsQuery: false)
        hold("the first cookie counts", first == "abc")
        for name in ["Cookie", "Authorization"] {
            let request = HTTPRequest(
                method: "GET", target: "/poll", fields: HTTPFields(dictionaryLiteral: (name, text)))
            guard
                let token = try? BearerTokenLocation.find(in: request, acceptsQuery: true)
            else { continue }
            hold("a token stands in its field", text.utf8.count >= token.utf8.count)
            if name == "Cookie" { hold("a cookie ends", !token.utf8.contains(0x3B)) }
        }
        let target = "/poll?access_token=" + HTTPTarget.encode(text)
        let query = HTTPRequest(method: "GET", target: target, fields: [:])
        let found = try? BearerTokenLocation.find(in: query, acceptsQuery: true)
        hold("a token survives a query", found == text)
        let refused = try? BearerTokenLocation.find(in: query, acceptsQuery: false)
        hold("a query is refused", refused == nil)
    }

    /// Checks that a position is found beside any other value.
    private static func tags(_ text: String) {
        let fields = HTTPFields(
            dictionaryLiteral: ("If-None-Match", "\"k3v9-7\""), ("If-None-Match", text))
        let tags = EntityTags(fields)
        guard let position = Position("k3v9-7") else { return hold("a position is one", false) }
        hold("a tag is found", tags.positions.first == position)
        hold(
            "a position has its text",
            tags.positions.dropFirst().allSatisfy {
                text.contains($0.text)
            })
    }

    /// Checks that no type that a page can send without a preflight is accepted as JSON.
    private static func type(_ text: String) {
        let request = HTTPRequest(
            method: "POST", target: "/",
            fields: HTTPFields(dictionaryLiteral: ("Content-Type", text)))
        guard request.fields.hasContentType("application/json") else { return }
        hold("JSON has its type", text.lowercased().utf8.starts(with: "application/json".utf8))
    }
}
