// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

/// Temporary refusals for an EventSource: a stream that sets the retry delay.
struct RefusalStreamTests {
    private static let accept = "Accept: text/event-stream\r\n"

    /// Checks a response and returns the events in it.
    private func check(
        _ response: HTTPResponse, _ reason: String, after seconds: ClosedRange<Int>,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(response.status == 200, sourceLocation: sourceLocation)
        #expect(
            response.fields.first("Content-Type") == "text/event-stream; charset=utf-8",
            sourceLocation: sourceLocation)
        #expect(
            response.fields.hasToken("Cache-Control", "no-transform"),
            sourceLocation: sourceLocation)
        #expect(response.fields.hasToken("Vary", "Accept"), sourceLocation: sourceLocation)
        var parser = EventStreamParser(limit: 1_024)
        parser.append(response.body.span)
        let message = try #require(try parser.next(), sourceLocation: sourceLocation)
        #expect(message.event == "passerelle:unavailable", sourceLocation: sourceLocation)
        #expect(member(message.data, "reason") == reason, sourceLocation: sourceLocation)
        let retry = try #require(member(message.data, "retry_ms").flatMap { Int($0) })
        let longest = seconds.upperBound * 1_000 + Refusal.retrySpread
        #expect(
            (seconds.lowerBound * 1_000..<longest).contains(retry), sourceLocation: sourceLocation)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix("retry: \(retry)\n\n"), sourceLocation: sourceLocation)
        // Without an id the client keeps its position.
        #expect(!text.contains("\nid"), sourceLocation: sourceLocation)
        #expect(try parser.next() == nil, sourceLocation: sourceLocation)
    }

    @Test func `a limit is reported in a stream, and the connection is kept alive`() throws {
        let fixture = try DownstreamFixture { configuration, _ in configuration.limits.streams = 1 }
        let open = try fixture.stream("channel=c")
        _ = try open.messages()
        let client = try fixture.http()
        for accept in ["text/event-stream", "TEXT/Event-Stream;q=0.5", "a/b , text/event-stream"] {
            let refused = try client.get("/events?channel=c", "Accept: \(accept)\r\n")
            try check(refused, "too-many-streams", after: 5...14)
        }
        for fields in [
            "", "Accept: */*\r\n", "Accept: text/*\r\n", "Accept: text/event-stream;q=0\r\n",
            "Accept: text/event-streams\r\n", Self.accept + "Passerelle-Refusals: status\r\n",
        ] {
            let plain = try client.get("/events?channel=c", fields)
            #expect(plain.status == 503 && plain.fields.contains("Retry-After"), "\(fields)")
        }
        #expect(fixture.downstream.refusalCounts[.streams] == 9)
        #expect(
            fixture.refused.count == 9 && fixture.refused.allSatisfy { $0.hasPrefix("503 too-") })
        open.close()
        try fixture.settle()
        let stream = try fixture.stream("channel=c", fields: Self.accept)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
    }

    @Test func `a permanent refusal is a status, and polls get statuses only`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.heldChannels = 1
        }
        let open = try fixture.stream("channel=c")
        _ = try open.messages()
        let client = try fixture.http()
        for (target, status) in [
            ("/events?channel=f", 403), ("/events", 400), ("/eventsx?channel=c", 404),
            ("/events/?channel=c", 404), ("/poll?channel=d", 503),
        ] {
            #expect(try client.get(target, Self.accept).status == status, "\(target)")
        }
        try check(
            try client.get("/events?channel=d", Self.accept), "too-many-channels", after: 5...14)
        let head = try client.request(
            "HEAD /events?channel=d HTTP/1.1\r\nHost: h\r\n\(Self.accept)\r\n", isHEAD: true)
        #expect(head.status == 200)
        open.close()
    }

    @Test func `refusals for rate, auth route and shutdown are streams too`() throws {
        let busy = try DownstreamFixture { configuration, _ in
            configuration.limits.requestBurst = 1
            configuration.limits.requestRate = 1
            configuration.origins.origins = ["https://app.example"]
        }
        let client = try client(busy, from: "192.0.2.1")
        #expect(try client.get("/healthz").status == 200)
        let origin = "Origin: https://app.example\r\n"
        let refused = try client.get("/events?channel=c", Self.accept + origin)
        try check(refused, "rate-limited", after: 1...1)
        #expect(refused.fields.first("Access-Control-Allow-Origin") == "https://app.example")
        let asking = try DownstreamFixture { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.asksRoute = true
        }
        let reader = try asking.http()
        let get = "GET /events?channel=presence-a HTTP/1.1\r\nHost: h\r\n\(Self.accept)\r\n"
        reader.send(get)
        try asking.settle()
        try #require(asking.routeCalls.last).answer(.failed("down"))
        try check(try reader.response(), "auth-unavailable", after: 1...10)
        reader.send(get.replacing("-a", with: "-b"))
        try asking.settle()
        asking.downstream.drain()
        try check(try reader.response(), "shutting-down", after: 1...1)
    }

    // MARK: - Connections over the limit

    private func client(_ fixture: DownstreamFixture, from host: String) throws -> Client {
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = try #require(PeerAddress(numericHost: host, port: 9))
        fixture.downstream.http.accepted(pair.link)
        return Client(pair, fixture)
    }

    private func full() throws -> (DownstreamFixture, Client) {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.connections = 1
            configuration.origins.origins = ["https://app.example"]
        }
        return (fixture, try fixture.http())
    }

    @Test func `a connection over the limit is refused in the form that fits its request`() throws {
        let (fixture, first) = try full()
        let stream = try client(fixture, from: "192.0.2.1")
        let origin = "Origin: https://app.example\r\n"
        let refused = try stream.get("/events?channel=c", Self.accept + origin)
        try check(refused, "too-many-connections", after: 5...14)
        #expect(refused.fields.first("Access-Control-Allow-Origin") == "https://app.example")
        #expect(refused.fields.hasToken("Connection", "close"))
        #expect(try stream.read().isEnded)
        for text in [
            "GET /poll?channel=c HTTP/1.1\r\nHost: h\r\n\r\n", "no request\r\n\r\n",
            "POST /poll HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
        ] {
            let other = try client(fixture, from: "192.0.2.1")
            #expect(try other.request(text).status == 503, "\(text)")
            #expect(try other.read().isEnded)
        }
        #expect(fixture.downstream.refusalCounts[.connections] == 4)
        #expect(fixture.downstream.http.connectionCount == 1)
        #expect(fixture.downstream.http.refusedWaiting.isEmpty)
        first.pair.close()
        try fixture.settle()
        #expect(try client(fixture, from: "192.0.2.1").get("/healthz").status == 200)
    }

    @Test func `a connection over the limit without a request is refused after a second`() throws {
        let (fixture, first) = try full()
        let silent = try client(fixture, from: "192.0.2.1")
        #expect(try silent.responses().isEmpty)
        var answers: [HTTPResponse] = []
        let began = fixture.loop.now
        try run(
            fixture.loop,
            until: {
                answers += try silent.responses()
                return !answers.isEmpty
            })
        #expect(answers[0].status == 503 && fixture.loop.now - began >= .milliseconds(900))
        let waiting = try client(fixture, from: "192.0.2.1")
        try fixture.settle()
        fixture.downstream.drain()
        #expect(try waiting.response().status == 503)
        first.pair.close()
    }

    @Test(arguments: [15, 16, 17])
    func `refused connections that wait are limited, and the oldest makes room`(
        count: Int
    ) throws {
        let (fixture, first) = try full()
        let clients = try (0..<count).map { _ in try client(fixture, from: "192.0.2.1") }
        let limit = HTTPService.refusedConnections
        #expect(limit == 16)
        #expect(fixture.downstream.http.refusedWaiting.count == min(count, limit))
        let oldest = try clients[0].responses()
        #expect(oldest.map(\.status) == (count > limit ? [503] : []))
        let newest = try #require(clients.last)
        let refused = try newest.get("/events?channel=c", Self.accept)
        try check(refused, "too-many-connections", after: 5...14)
        #expect(fixture.downstream.http.refusedWaiting.count == min(count, limit) - 1)
        first.pair.close()
    }

    @Test func `a refusal for lack of descriptors has the request's form too`() throws {
        let fixture = try DownstreamFixture()
        let reason = Refusal.unavailable("too-many-connections", "No.", retryAfter: 10)
        func refusal(_ text: String) -> String {
            let answer = fixture.downstream.http.refusal(to: Array(text.utf8).span, reason)
            return String(decoding: answer, as: UTF8.self)
        }
        let get = "GET /events?channel=c HTTP/1.1\r\nHost: h\r\n\(Self.accept)\r\n"
        #expect(refusal(get).hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"))
        #expect(refusal(get).contains("\nevent: passerelle:unavailable\n"))
        for text in ["", get.replacing("events", with: "poll"), String(get.dropLast(2)), "\u{0}"] {
            #expect(refusal(text).hasPrefix("HTTP/1.1 503 "), "\(text)")
        }
    }
}
