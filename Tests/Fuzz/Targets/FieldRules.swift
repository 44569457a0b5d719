// SPDX-License-Identifier: MIT
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleWire

/// What holds for the fields of a request that say who asks, for what and from where.
enum FieldRules {
    private static let nearest = "203.0.113.9"
    private static let peer = PeerAddress(numericHost: "10.0.0.1", port: 7)

    /// The first byte says which field it is: a value is a stranger's, whatever a proxy or the
    /// browser puts behind or beside it.
    static func values(_ bytes: [UInt8]) {
        // What is no such value never comes out of a request.
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

    /// What a stranger has written in front of the nearest proxy's own word is not believed.
    private static func forwarded(_ text: String) {
        guard let peer, let range = AddressRange("10.0.0.0/8") else {
            return hold("there is a proxy", false)
        }
        let client = PeerAddress(numericHost: nearest, port: 0)
        var proxies = TrustedProxies()
        hold(
            "nobody is believed", proxies.client(of: peer, saying: ["Forwarded": text]) == peer)
        proxies.ranges = [range]
        let plain = HTTPFields(dictionaryLiteral: ("X-Forwarded-For", text + ", " + nearest))
        hold("the nearest hop counts", proxies.client(of: peer, saying: plain) == client)
        let standard = HTTPFields(dictionaryLiteral: ("Forwarded", text + ", for=" + nearest))
        let answer = proxies.client(of: peer, saying: standard)
        hold("the nearest hop counts, or none", answer == client || answer == peer)
        let lines = HTTPFields(
            dictionaryLiteral: ("Forwarded", text), ("Forwarded", "for=" + nearest))
        hold("a line of its own counts", proxies.client(of: peer, saying: lines) == client)
        _ = proxies.client(of: peer, saying: ["X-Forwarded-For": text, "Forwarded": text])
    }

    /// Only the gateway's own origin and the listed one are let in.
    private static func origin(_ text: String) {
        var rules = OriginRules()
        rules.origins = ["https://app.example"]
        var request = HTTPRequest(
            method: "GET", target: "/poll", fields: ["Host": "gateway.example"])
        request.fields.set("Origin", text)
        let own = ["http://gateway.example", "https://gateway.example"]
        do throws(Refusal) {
            let origin = try rules.crossOrigin(of: request)
            let isListed = origin.map { rules.origins.contains($0) }
            hold("an origin is listed", isListed ?? own.contains(text.lowercased()))
        } catch {
            hold("a refusal has its status", error.status == 403)
        }
    }

    /// Only listed hosts and those of the loopback are answered.
    private static func host(_ text: String) {
        var rules = OriginRules()
        rules.hosts = .listed(["gateway.example"])
        let request = HTTPRequest(method: "GET", target: "/poll", fields: ["Host": text])
        guard (try? rules.checkHost(of: request)) != nil else { return }
        let name = text.lowercased()
        let isOurs = ["gateway.example", "localhost", ".localhost", "127.", "[::1]"].contains {
            name.contains($0)
        }
        // IPv6 has many ways to write the loopback's address.
        hold("a host is ours", isOurs || name.hasPrefix("["))
    }

    /// Our cookie is found in front of a stranger's, and none holds another one.
    private static func cookie(_ text: String) {
        let request = HTTPRequest(
            method: "GET", target: "/poll", fields: ["Cookie": "passerelle=abc; " + text])
        hold("the first cookie counts", (try? ShownToken.find(in: request)) == "abc")
        for name in ["Cookie", "Authorization"] {
            let request = HTTPRequest(
                method: "GET", target: "/poll", fields: HTTPFields(dictionaryLiteral: (name, text)))
            guard let token = try? ShownToken.find(in: request) else { continue }
            hold("a token stands in its field", text.utf8.count >= token.utf8.count)
            if name == "Cookie" { hold("a cookie ends", !token.utf8.contains(0x3B)) }
        }
        let target = "/poll?access_token=" + HTTPTarget.encode(text)
        let query = HTTPRequest(method: "GET", target: target, fields: [:])
        hold("a token survives a query", (try? ShownToken.find(in: query)) == text)
    }

    /// A position is known whatever stands beside it.
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

    /// Nothing that a page may send without asking is taken for JSON.
    private static func type(_ text: String) {
        let request = HTTPRequest(
            method: "POST", target: "/",
            fields: HTTPFields(dictionaryLiteral: ("Content-Type", text)))
        guard request.isJSON else { return }
        hold("JSON is called so", text.lowercased().utf8.starts(with: "application/json".utf8))
    }
}
