// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

struct TrustedProxiesTests {
    private func client(
        _ peer: String, _ fields: HTTPFields, trusted: [String] = ["10.0.0.0/8", "::1"]
    ) throws -> String {
        var proxies = TrustedProxies()
        proxies.ranges = try trusted.map { try #require(AddressRange($0)) }
        let peer = try #require(PeerAddress(numericHost: peer, port: 7))
        return try #require(proxies.client(of: peer, with: fields).host)
    }

    @Test(
        arguments: [
            ("192.0.2.1", ["X-Forwarded-For": "1.2.3.4"], "192.0.2.1"),
            ("10.0.0.1", [:], "10.0.0.1"),
            ("10.0.0.1", ["X-Forwarded-For": "1.2.3.4"], "1.2.3.4"),
            ("::1", ["X-Forwarded-For": "2001:db8::7"], "2001:db8::7"),
            // The peer of the outermost trusted proxy is the client, whatever it claims.
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9, 1.2.3.4, 10.3.3.3"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9", "x-forwarded-for": "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "1.2.3.4:5678"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "[2001:db8::7]:80"], "2001:db8::7"),
            // An invalid hop ends the walk at the hop before it.
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
            // Input from an untrusted client cannot hide the part that the proxy appended.
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\", for=1.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\"\\\", for=1.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\"\\\"\", for=1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\", for=\"[2001:db8::7]\""], "10.0.0.1"
            ),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9;x=\u{600}, for=1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["X-Forwarded-For": "9.9.9.9\u{600}, 1.2.3.4"], "1.2.3.4"),
            // Equal results count; if the results differ, neither does.
            ("10.0.0.1", ["Forwarded": "for=1.2.3.4", "X-Forwarded-For": "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", ["Forwarded": "for=9.9.9.9", "X-Forwarded-For": "1.2.3.4"], "10.0.0.1"),
        ] as [(String, HTTPFields, String)])
    func `the client is the nearest hop that is not trusted`(
        peer: String, fields: HTTPFields, client: String
    ) throws {
        #expect(try self.client(peer, fields) == client)
    }

    @Test func `without trust no field is believed, and a chain is limited`() throws {
        #expect(try client("10.0.0.1", ["X-Forwarded-For": "1.2.3.4"], trusted: []) == "10.0.0.1")
        let long = "1.2.3.4" + String(repeating: ", 10.0.0.2", count: 40)
        #expect(try client("10.0.0.1", ["X-Forwarded-For": long]) == "10.0.0.2")
    }

    @Test(arguments: [(31, "1.2.3.4"), (32, "10.0.0.2"), (33, "10.0.0.2")])
    func `the number of hops is limited, on one line or on many`(trusted: Int, host: String) throws
    {
        for hop in ["10.0.0.2", "for=10.0.0.2", "for=\"10.0.0.2:9\";by=x"] {
            let first = hop.replacing("10.0.0.2", with: "1.2.3.4")
            let hops = [first] + Array(repeating: hop, count: trusted)
            let name = hop == "10.0.0.2" ? "X-Forwarded-For" : "Forwarded"
            #expect(try client("10.0.0.1", [name: hops.joined(separator: ", ")]) == host)
            var lines = HTTPFields()
            for hop in hops { lines.add(name, hop) }
            #expect(try client("10.0.0.1", lines) == host)
        }
    }

    @Test(arguments: [(-1, "1.2.3.4"), (0, "1.2.3.4"), (1, "10.0.0.1")])
    func `the size of a hop is limited`(more: Int, host: String) throws {
        let count = TrustedProxies.hopBytes - "1.2.3.4".utf8.count + more
        let hop = String(repeating: " ", count: count) + "1.2.3.4"
        #expect(try client("10.0.0.1", ["X-Forwarded-For": "9.9.9.9,\(hop)"]) == host)
    }

    /// A head may consist of commas; the cost depends on the number of examined bytes, not on their
    /// total.
    @Test func `hops before the examined ones cost almost no time`() throws {
        func cost(_ fields: HTTPFields) throws -> Duration {
            var least: Duration = .seconds(3_600)
            for _ in 0..<5 {
                let start = ContinuousClock.now
                for _ in 0..<50 {
                    let host = try client("10.0.0.1", fields)
                    guard host == "1.2.3.4" else { throw TestFailure("\(host)") }
                }
                least = min(least, ContinuousClock.now - start)
            }
            return least
        }
        let few = try cost(["X-Forwarded-For": ",1.2.3.4"])
        let many = try cost(["X-Forwarded-For": String(repeating: ",", count: 15_000) + "1.2.3.4"])
        #expect(many < few * 5, "\(many) and \(few)")
        // Quotes can be recognized only from the front: one pass over the bytes, without splitting
        // hops.
        let one = try cost(["Forwarded": "for=1.2.3.4;x=" + String(repeating: "x", count: 15_000)])
        let hops = String(repeating: "for=9.9.9.9,", count: 1_250) + "for=1.2.3.4"
        let all = try cost(["Forwarded": hops])
        #expect(all < one * 5, "\(all) and \(one)")
    }

    @Test func `a Unix socket's peer is trusted if configured`() throws {
        var proxies = TrustedProxies()
        let peer = PeerAddress(pid: 1, uid: 2, gid: 3)
        #expect(proxies.isEmpty)
        #expect(proxies.client(of: peer, with: ["X-Forwarded-For": "1.2.3.4"]) == peer)
        proxies.trustsUnix = true
        #expect(proxies.client(of: peer, with: ["X-Forwarded-For": "1.2.3.4"]).host == "1.2.3.4")
        #expect(proxies.client(of: peer, with: [:]) == peer)
    }
}
