// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleWire
import Testing

struct TrustedProxiesTests {
    private func client(
        _ peer: String, _ fields: HTTPFields, trusted: [String] = ["10.0.0.0/8", "::1"]
    ) throws -> String {
        var proxies = TrustedProxies()
        proxies.ranges = try trusted.map { try #require(AddressRange($0)) }
        let peer = try #require(PeerAddress(numericHost: peer, port: 7))
        return try #require(proxies.client(of: peer, saying: fields).host)
    }

    @Test(
        arguments: [
            ("192.0.2.1", ["X-Forwarded-For": "1.2.3.4"], "192.0.2.1"),
            ("10.0.0.1", [:], "10.0.0.1"),
            ("10.0.0.1", ["X-Forwarded-For": "1.2.3.4"], "1.2.3.4"),
            ("::1", ["X-Forwarded-For": "2001:db8::7"], "2001:db8::7"),
            // Whoever came to the outermost trusted proxy is the client, whatever they claim.
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9, 1.2.3.4, 10.3.3.3"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9", "x-forwarded-for": "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "[2001:db8::7]:80"], "2001:db8::7"),
            // What cannot be read ends the walk at the hop before it.
            ("10.0.0.1", ["X-Forwarded-For": "1.2.3.4, unknown, 10.2.2.2"], "10.2.2.2"),
            ("10.0.0.1", ["X-Forwarded-For": "evil"], "10.0.0.1"),
            ("10.0.0.1", ["X-Forwarded-For": ""], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.1", ["Forwarded": "proto=https; For=\"[2001:db8::7]:80\";by=x"],
                "2001:db8::7"
            ),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9, for=\"1.2.3.4:5\" , for=10.1.1.1"], "1.2.3.4"),
            ("10.0.0.1", ["Forwarded": "for=_hidden"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "by=10.1.1.1"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=\"1.2.3.4, for=9.9.9.9"], "10.0.0.1"),
            // Nothing that a stranger writes hides what the proxy has written behind it.
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\", for=1.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\"\\\", for=1.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\"\\\"\", for=1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\", for=\"[2001:db8::7]\""], "10.0.0.1"
            ),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\u{600}, for=1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9\u{600}, 1.2.3.4"], "1.2.3.4"),
            // Two words that agree are one; of two that do not, neither is.
            ("10.0.0.1", ["Forwarded": "for=1.2.3.4", "X-Forwarded-For": "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9", "X-Forwarded-For": "1.2.3.4"], "10.0.0.1"),
        ] as [(String, HTTPFields, String)])
    func `the client is the nearest hop that is not trusted`(
        peer: String, fields: HTTPFields, client: String
    ) throws {
        #expect(try self.client(peer, fields) == client)
    }

    @Test func `without trust nothing is believed, and a chain has an end`() throws {
        #expect(try client("10.0.0.1", ["X-Forwarded-For": "1.2.3.4"], trusted: []) == "10.0.0.1")
        let long = "1.2.3.4" + String(repeating: ", 10.0.0.2", count: 40)
        #expect(try client("10.0.0.1", ["X-Forwarded-For": long]) == "10.0.0.2")
    }

    @Test func `a Unix socket's peer is trusted where that is said`() throws {
        var proxies = TrustedProxies()
        let peer = PeerAddress(pid: 1, uid: 2, gid: 3)
        #expect(proxies.isEmpty)
        #expect(proxies.client(of: peer, saying: ["X-Forwarded-For": "1.2.3.4"]) == peer)
        proxies.trustsUnix = true
        #expect(proxies.client(of: peer, saying: ["X-Forwarded-For": "1.2.3.4"]).host == "1.2.3.4")
        #expect(proxies.client(of: peer, saying: [:]) == peer)
    }
}
