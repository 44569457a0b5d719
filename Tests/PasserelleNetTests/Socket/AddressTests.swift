// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleNet

struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.tcp(host: "127.0.0.1", port: 8_080)),
        ("localhost:0", .tcp(host: "localhost", port: 0)),
        ("[::1]:65535", .tcp(host: "::1", port: 65_535)),
        ("[::]:80", .tcp(host: "::", port: 80)),
        ("unix:/run/p.sock", .unix(path: "/run/p.sock")),
        ("unix:relative:with:colons", .unix(path: "relative:with:colons")),
    ])
    func `an address is parsed as it is printed`(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress.parse(text) == address)
        #expect("\(address)" == text)
    }

    @Test(arguments: [
        ("", ListenAddressError.noPort), ("8080", .noPort), (":80", .noHost), ("[]:80", .noHost),
        ("host:", .badPort), ("host:65536", .badPort), ("host:-1", .badPort),
        ("host:+80", .badPort), ("host:8o", .badPort), ("host:99999999999999999999", .badPort),
        ("::1:80", .bareIPv6), ("unix:", .emptyPath), ("host:٣", .badPort),
    ])
    func `an invalid address is refused`(text: String, error: ListenAddressError) {
        #expect(throws: error) { try ListenAddress.parse(text) }
        #expect(!"\(error)".isEmpty)
    }

    @Test func `a path may be as long as the kernel allows, but not longer`() throws {
        let longest = String(repeating: "p", count: 107)
        #expect(try ListenAddress.parse("unix:" + longest) == .unix(path: longest))
        #expect(throws: ListenAddressError.longPath(bytes: 108, limit: 107)) {
            try ListenAddress.parse("unix:" + longest + "p")
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("::ffff:127.0.0.1", true),
        ("localhost", true), ("LOCALHOST", true), ("app.localhost", true),
        ("0.0.0.0", false), ("::", false), ("192.0.2.1", false), ("::2", false),
        ("::ffff:192.0.2.1", false), ("notlocalhost", false), ("localhost.example", false),
        ("127.0.0.1.example", false), ("", false),
    ])
    func `loopback hosts are recognised`(host: String, isLoopback: Bool) {
        #expect(ListenAddress.isLoopbackHost(host) == isLoopback)
        #expect(ListenAddress.tcp(host: host, port: 1).isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1:80"), ("2001:db8::1", "[2001:db8::1]:80"),
        ("::ffff:192.0.2.1", "192.0.2.1:80"), ("::", "[::]:80"), ("0.0.0.0", "0.0.0.0:80"),
    ])
    func `a peer is printed in the usual form`(host: String, text: String) throws {
        #expect("\(try #require(PeerAddress(numericHost: host, port: 80)))" == text)
    }

    @Test func `a local process is printed as its numbers`() {
        let peer = PeerAddress(pid: 12, uid: 4_294_967_295, gid: 7)
        #expect(peer.form == .unix(pid: 12, uid: 4_294_967_295, gid: 7))
        #expect("\(peer)" == "pid 12 uid 4294967295")
        #expect(peer.isLoopback && peer.port == nil && peer.host == nil)
        #expect(peer != PeerAddress(pid: 12, uid: 4_294_967_295, gid: 8))
    }

    @Test func `names and other texts are not numeric addresses`() {
        for text in ["localhost", "", "1.2.3", "1.2.3.4.5", "[::1]", "::1%lo", "127.1", "1.2.3.4 "]
        {
            #expect(PeerAddress(numericHost: text, port: 0) == nil)
        }
    }
}
