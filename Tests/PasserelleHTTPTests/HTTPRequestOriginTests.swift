// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleWire
import Testing

struct HTTPRequestOriginTests {
    private func request(_ host: String?, _ origin: String? = nil) -> HTTPRequest {
        var fields: HTTPFields = [:]
        if let host { fields.add("Host", host) }
        if let origin { fields.add("Origin", origin) }
        return HTTPRequest(method: "GET", target: "/", fields: fields)
    }

    @Test(
        arguments: [
            ("localhost", "localhost", true), ("A.LocalHost:8080", "a.localhost", true),
            ("127.0.0.1:1", "127.0.0.1", true), ("203.0.113.9", "203.0.113.9", true),
            ("[::1]:1", "::1", true), ("[2001:db8::1]", "2001:db8::1", true),
            ("example.test:80", "example.test", false),
            ("10.example.test", "10.example.test", false),
            ("1.2.3.4.5", "1.2.3.4.5", false), ("[x", "x", false), ("", "", false),
            (nil, nil, false),
        ] as [(String?, String?, Bool)])
    func `the host is known without its port, and addresses from names`(
        host: String?, name: String?, isOwn: Bool
    ) {
        #expect(request(host).hostName == name)
        #expect(request(host).isForLoopbackNameOrAddress == isOwn)
    }

    @Test(
        arguments: [
            ("h:1", nil, false), ("h:1", "http://h:1", false), ("H", "https://h", false),
            ("h", "HTTP://H", false), ("h", "http://h:1", true), ("h", "null", true),
            ("h", "", true), ("h", "app://h", true), (nil, "http://h", true), (nil, nil, false),
        ] as [(String?, String?, Bool)])
    func `a page is of another origin unless its origin is the host`(
        host: String?, origin: String?, isCross: Bool
    ) {
        #expect(request(host, origin).isCrossOrigin == isCross)
    }
}
