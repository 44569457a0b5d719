// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The browser module's files, as the real binary serves them.
struct BrowserModuleTests {
    private static let names = [
        "passerelle.js", "passerelle-pusher.js", "passerelle-react.js", "passerelle.d.ts",
        "passerelle-pusher.d.ts", "passerelle-react.d.ts",
    ]

    /// A gateway that checks its readers and never reaches Channels.
    private func gateway(_ fixture: EndToEndFixture) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: 9,
            variables: [
                "PASSERELLE_AUTH": "token",
                "PASSERELLE_TOKEN_KEY": String(repeating: "k", count: 32),
            ])
    }

    @Test func `pages of any origin load the files without credentials while Channels is away`()
        throws
    {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        for name in Self.names {
            let page: HTTPFields = ["Origin": "https://app.example"]
            let answer = try gateway.get("/\(name)", fields: page)
            #expect(answer.status == 200, "\(name)")
            #expect(!answer.body.isEmpty, "\(name)")
            #expect(answer.fields.all("Access-Control-Allow-Origin") == ["*"], "\(name)")
            #expect(answer.fields.first("Access-Control-Allow-Credentials") == nil, "\(name)")
            #expect(answer.fields.first("Vary") == nil, "\(name)")
            let tag = try #require(answer.fields.first("ETag"))
            let held = try gateway.get("/\(name)", fields: ["If-None-Match": tag])
            #expect(held.status == 304 && held.body.isEmpty, "\(name)")
            let head = try fixture.request(gateway.http, "HEAD", "/\(name)")
            #expect(head.status == 200 && head.body.isEmpty, "\(name)")
            #expect(head.fields.first("Content-Length") == "\(answer.body.count)", "\(name)")
            #expect(head.fields.first("ETag") == tag, "\(name)")
        }
    }

    @Test func `the program's version is part of the long-lived names, and others lead to them`()
        throws
    {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        let printed = try fixture.run(PasserelleProcess.binary(), ["--version"]).output
        let version = printed.split(whereSeparator: \.isWhitespace).last ?? ""
        #expect(!version.isEmpty)
        for name in Self.names {
            let dot = try #require(name.firstIndex(of: "."))
            let current = "\(name[..<dot])-\(version)\(name[dot...])"
            let answer = try gateway.get("/\(current)")
            #expect(answer.status == 200, "\(current)")
            #expect(
                answer.fields.first("Cache-Control") == "public, max-age=31536000, immutable")
            let other = "\(name[..<dot])-9.9.9\(name[dot...])"
            let redirection = try gateway.get("/\(other)")
            #expect(redirection.status == 302, "\(other)")
            #expect(redirection.fields.first("Location") == current)
        }
    }

    @Test func `other methods are refused, and OPTIONS names the methods`() throws {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        for method in ["POST", "PUT", "DELETE"] {
            let answer = try fixture.request(gateway.http, method, "/passerelle.js")
            #expect(answer.status == 405)
            #expect(answer.fields.first("Allow") == "GET, HEAD")
        }
        let options = try fixture.request(gateway.http, "OPTIONS", "/passerelle.js")
        #expect(options.status == 204)
        #expect(options.fields.first("Allow") == "GET, HEAD")
        #expect(try gateway.get("/passerelle-vue.js").status == 404)
    }
}
