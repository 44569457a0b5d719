// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// The parsed request that a connection keeps between two polls.
struct ParsedPollTests {
    private func question(_ target: String) throws -> ParsedPoll {
        let configuration = DownstreamConfiguration(channels: try ChannelPatterns("*"))
        return try ParsedPoll(HTTPRequest(method: "GET", target: target), configuration)
    }

    @Test func `only the same target is the same question`() throws {
        let question = try question("/poll?channel=c&last=3")
        #expect(question.asked.channels == ["c"] && question.asked.last == 3)
        for (target, isSame) in [
            ("/poll?channel=c&last=3", true), ("/poll?channel=c&last=30", false),
            ("/poll?channel=c&last=", false), ("/poll?last=3&channel=c", false), ("*", false),
        ] {
            let request = HTTPRequest(method: "GET", target: target)
            #expect(question.isAsked(by: request) == isSame, "\(target)")
        }
    }

    @Test(arguments: ["access_token=x", "access%5Ftoken=x", "access_token="])
    func `a token in the target is not kept`(item: String) throws {
        #expect(!(try question("/poll?channel=c&\(item)")).mayBeKept)
    }

    @Test(arguments: [-1, 0, 1])
    func `a long target is not kept`(excess: Int) throws {
        let start = "/poll?channel=c&x="
        let rest = ParsedPoll.keptBytes + excess - start.utf8.count
        let question = try question(start + String(repeating: "x", count: rest))
        #expect(question.mayBeKept == (excess <= 0))
    }

    @Test func `each poll of a connection is answered for its own target`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        for channel in ["c", "d"] { _ = try client.get("/poll?channel=\(channel)") }
        let tag = "If-None-Match: \"\(fixture.hub.position.text)\"\r\n"
        for _ in 0..<2 {
            #expect(try client.get("/poll?channel=c", tag).status == 304)
            #expect(try client.get("/poll?channel=d", tag).status == 304)
            #expect(try client.get("/poll?channel=c&last=x", tag).status == 400)
            #expect(try client.get("/healthz", tag).status == 200)
        }
        fixture.publish("d", "news")
        #expect(try client.get("/poll?channel=c", tag).status == 304)
        #expect(column(try client.get("/poll?channel=d", tag).body, "event") == ["news"])
        #expect(try client.get("/poll?channel=c&after=earliest", tag).status == 304)
        #expect(try client.get("/poll?channel=c", tag).status == 304)
    }

    @Test func `a forbidden method or origin is refused for a repeated poll too`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=c").status == 200)
        #expect(try client.get("/poll?channel=c", "Origin: https://evil.example\r\n").status == 403)
        let other = "POST /poll?channel=c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
        #expect(try client.request(other).status == 405)
    }

    @Test(arguments: ["1.1", "1.0"])
    func `a 304 keeps the connection open only if the client requests it`(version: String) throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.http().get("/poll?channel=c")
        let position = fixture.hub.position.text
        for field in ["Connection: close\r\n", "Connection: keep-alive\r\n", ""] {
            let client = try fixture.http()
            _ = try client.get("/poll?channel=c")
            let answer = try client.request(
                "GET /poll?channel=c HTTP/\(version)\r\nHost: h\r\n\(field)"
                    + "If-None-Match: \"\(position)\"\r\n\r\n")
            #expect(answer.status == 304 && answer.fields.first("ETag") == "\"\(position)\"")
            let closes = field.contains("close") || version == "1.0" && field.isEmpty
            #expect(answer.fields.hasToken("connection", "close") == closes)
            #expect(
                answer.fields.hasToken("connection", "keep-alive")
                    == (version == "1.0" && field.contains("keep-alive")))
        }
    }
}
