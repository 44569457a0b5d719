// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// Polls behind proxies that rewrite the tag of an answer, and the `Vary` field of answers.
struct RewrittenTagTests {
    private static let forms = [
        // nginx, Cloudflare and other compressing proxies weaken it.
        #"W/"TAG""#, #"w/"TAG""#,
        // Suffixes of Apache's mod_deflate and mod_brotli, Caddy, Jetty, IIS, monitoring agents.
        #""TAG-gzip""#, #""TAG-br""#, #""TAG-zstd""#, #""TAG--gzip""#, #"W/"TAG-gzip""#,
        #""TAG-gzip-gzip""#, #""TAG;gzip""#, #""TAG:0""#, #""TAG:dtagent10281""#, #""TAG/br""#,
        #""TAG.gz""#, #""TAG_gzip""#, #""TAG+gzip""#, #""TAG,gzip""#, #""TAG gzip""#,
        // A suffix outside the quotes, and missing, doubled or encoded quotes.
        #""TAG"-gzip"#, #""TAG"#, #"TAG""#, "TAG", "TAG-gzip", "W/TAG", #"""TAG"""#, "'TAG'",
        #"\"TAG\""#, "%22TAG%22", "&quot;TAG&quot;",
        // Together with tags of other answers.
        #""abc", "TAG-gzip""#, #"*, "TAG-br""#, #""9-9-gzip",W/"TAG-gzip""#,
    ]

    @Test(arguments: forms)
    func `a tag rewritten by a proxy continues at the end of its answer`(form: String) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        var tag = try client.get("/poll?channel=c").fields.first("ETag") ?? ""
        func field() -> String {
            let position = tag.replacing("\"", with: "")
            return "If-None-Match: \(form.replacing("TAG", with: position))\r\n"
        }
        for query in ["", "&after=now", "&last=1", "&after=\(fixture.hub.position.text)"] {
            let same = try client.get("/poll?channel=c\(query)", field())
            #expect(same.status == 304 && same.fields.first("ETag") == tag, "\(query)")
            fixture.publish("c", "one\(query)")
            fixture.publish("c", "two\(query)")
            let news = try client.get("/poll?channel=c\(query)", field())
            #expect(column(news.body, "event") == ["one\(query)", "two\(query)"])
            tag = news.fields.first("ETag") ?? ""
        }
        #expect(try client.request(head(field()), isHEAD: true).status == 304)
    }

    private func head(_ field: String) -> String {
        "HEAD /poll?channel=c HTTP/1.1\r\nHost: h\r\n\(field)\r\n"
    }

    @Test(arguments: [
        "*", #""abc""#, "W/abc", #""""#, #""gzip-7-1""#, #""7-1x""#, #""7_1""#, #""A7-1""#, #""7""#,
        #""7-99999999999999999999999""#, "\"\u{e9}\"", #""2d-5f1-1a2b""#,
    ])
    func `a tag without a position causes a gap, for any start in the URL`(tag: String) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let start = try client.get("/poll?channel=presence-a").fields.first("ETag") ?? ""
        fixture.publish("presence-a", "one")
        let field = "If-None-Match: \(tag)\r\n"
        for query in ["", "&after=now", "&after=earliest", "&last=1", "&last=0", "&wait=50"] {
            let gap = try client.get("/poll?channel=presence-a\(query)", field)
            #expect(column(gap.body, "event") == ["passerelle:gap", "one"], "\(query)")
            #expect(member(gap.body, "members") != nil)
        }
        let after = start.replacing("\"", with: "")
        let asked = try client.get("/poll?channel=presence-a&after=\(after)", field)
        #expect(column(asked.body, "event") == ["one"])
        let full = try client.get("/poll?channel=presence-a", field)
        let headed = try client.request(
            head(field).replacing("=c", with: "=presence-a"), isHEAD: true)
        #expect(headed.fields.first("Content-Length") == "\(full.body.count)")
    }

    @Test func `a position of an unknown epoch causes a gap, even with after=now`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        _ = try client.get("/poll?channel=c")
        fixture.publish("c", "one")
        for tag in ["9-9", "9-9-gzip"] {
            for query in ["", "&after=now", "&last=0"] {
                let gap = try client.get(
                    "/poll?channel=c\(query)", "If-None-Match: \"\(tag)\"\r\n")
                #expect(column(gap.body, "event") == ["passerelle:gap", "one"], "\(tag) \(query)")
            }
        }
    }

    // MARK: - Vary

    private func fields(
        _ access: AccessConfiguration?, _ target: String, _ fields: String = ""
    ) throws -> HTTPFields {
        let fixture = try DownstreamFixture { configuration, _ in configuration.access = access }
        return try fixture.http().request(
            "HEAD \(target) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", isHEAD: true
        ).fields
    }

    @Test func `answers for one reader are private and vary by its credentials`() throws {
        var both = AccessConfiguration()
        both.asksRoute = true
        both.tokenKeys = [try SignatureKey(secret: Array(repeating: 0x61, count: 32))]
        var route = both
        route.tokenKeys = []
        route.routeFields = ["X-Session", "origin"]
        let stream = ", Accept, Last-Event-ID, Passerelle-Refusals"
        for (access, vary) in [
            (nil, "Origin"), (both, "Origin, Authorization, Cookie, X-CSRF-Token"),
            (route, "Origin, X-Session"),
        ] as [(AccessConfiguration?, String)] {
            for target in ["/poll?channel=c", "/channels/c/members", "/poll?channel="] {
                let answer = try fields(access, target)
                #expect(answer.all("Vary") == [vary], "\(target)")
                if target.contains("=c") || target.contains("members") {
                    #expect(
                        answer.first("Cache-Control") == "private, no-cache, no-transform")
                }
            }
            let head = try fields(access, "/events?channel=c")
            #expect(head.all("Vary") == [vary + stream])
            #expect(head.hasToken("Cache-Control", "no-transform"))
        }
        #expect(try fields(both, "/healthz").contains("Vary") == false)
    }

    @Test func `a 304 has the same fields as its 200`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.origins.origins = ["https://app.example"]
        }
        let client = try fixture.http()
        for origin in ["", "Origin: https://app.example\r\n"] {
            let full = try client.get("/poll?channel=c", origin)
            let tag = "If-None-Match: \(full.fields.first("ETag") ?? "")\r\n"
            let same = try client.get("/poll?channel=c", tag + origin)
            #expect(same.status == 304)
            for name in ["ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"] {
                #expect(same.fields.all(name) == full.fields.all(name), "\(name)")
            }
        }
    }
}
