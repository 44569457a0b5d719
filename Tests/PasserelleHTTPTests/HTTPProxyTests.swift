// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleHTTP
import Testing

struct HTTPProxyTests {
    @Test(
        arguments: [
            ("http://proxy.example:3128", "proxy.example", 3128, nil),
            ("http://proxy.example:3128/", "proxy.example", 3128, nil),
            ("HTTP://proxy.example", "proxy.example", 80, nil),
            ("proxy.example:8080", "proxy.example", 8080, nil),
            ("proxy.example", "proxy.example", 80, nil),
            ("http://[::1]:3128", "::1", 3128, nil), ("[::1]", "::1", 80, nil),
            ("http://ana:pass@10.0.0.1:1", "10.0.0.1", 1, "Basic YW5hOnBhc3M="),
            ("http://ana:@p:1", "p", 1, "Basic YW5hOg=="),
            ("ana:p%40s%3As%2f@p:1", "p", 1, "Basic YW5hOnBAczpzLw=="),
            ("http://ana:p/s@p:1", "p", 1, "Basic YW5hOnAvcw=="),
        ] as [(String, String, Int, String?)])
    func `a proxy is parsed from the usual forms`(
        text: String, host: String, port: Int, authorization: String?
    ) throws {
        let proxy = HTTPProxy(
            address: .tcp(host: host, port: port), authorization: authorization)
        #expect(try HTTPProxy(text) == proxy)
    }

    @Test(arguments: [
        "", "http://", "http://:80", "http://p:0", "http://p:65536", "http://p:x", "http://p:",
        "http://a b:1", "http://p/path", "http://ana@p:1", "http://a:b%0d@p:1", "http://a:%zz@p:1",
        "http://a:%ff@p:1", "unix:/run/p", "::1", "http://p:1?x",
    ])
    func `a text that names no proxy is rejected`(text: String) {
        #expect(throws: HTTPProxy.Problem.malformed) { try HTTPProxy(text) }
    }

    @Test(arguments: ["https://p:1", "socks5://p:1", "://p"])
    func `a proxy with an unsupported scheme is rejected as such`(text: String) {
        #expect(throws: HTTPProxy.Problem.scheme) { try HTTPProxy(text) }
    }

    @Test(
        arguments: [
            ("", "a.example", false), ("*", "a.example", true), ("a.example", "a.example", true),
            ("A.Example", "a.eXample", true), (".example", "a.example", true),
            ("example", "a.example", true), ("*.example", "a.example", true),
            ("ample", "a.example", false), ("x, a.example ,y", "a.example", true),
            ("a.example:443", "a.example", true), ("a.example:80", "a.example", false),
            ("10.0.0.7", "10.0.0.7", true), ("10.0.0.7", "10.0.0.70", false), ("::1", "::1", true),
            ("[::1]:443", "::1", true), ("[::1]:80", "::1", false), (",", "a", false),
        ])
    func `hosts in NO_PROXY and their subdomains are reached directly`(
        text: String, host: String, covers: Bool
    ) {
        #expect(ProxyBypass(text).covers(host: host, port: 443) == covers)
    }
}
