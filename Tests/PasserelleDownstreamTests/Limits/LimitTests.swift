// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleDownstream
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleNet

/// The refusals of clients over a limit, each tested at the last allowed value.
struct LimitTests {
    /// Returns a fixture that trusts 10.0.0.0/8 and peers of its Unix socket as proxies.
    private func fixture(
        trustsUnix: Bool = false, clock: ManualClock? = nil,
        _ change: (inout ClientLimits) -> Void
    ) throws -> DownstreamFixture {
        try DownstreamFixture(clock: clock?.clock ?? .system) { configuration, _ in
            change(&configuration.limits)
            configuration.proxies.ranges = ["10.0.0.0/8", "127.0.0.9"].compactMap(AddressRange.init)
            configuration.proxies.trustsUnix = trustsUnix
            configuration.acceptsClaims = true
        }
    }

    /// Clients that stay connected until the test ends.
    private final class OpenClients {
        var all: [Client] = []
    }

    private let openClients = OpenClients()

    /// Returns a client that connects from an address.
    private func client(_ fixture: DownstreamFixture, from host: String) throws -> Client {
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = try #require(PeerAddress(numericHost: host, port: 9))
        fixture.downstream.http.accepted(pair.link)
        let client = Client(pair, fixture)
        openClients.all.append(client)
        return client
    }

    private func check(
        _ response: HTTPResponse, _ status: Int, _ word: String, _ message: String,
        after: ClosedRange<Int>? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let body = #"{"error":"\#(word)","message":"\#(message)"}"# + "\n"
        #expect(response.status == status, sourceLocation: sourceLocation)
        #expect(
            String(decoding: response.body, as: UTF8.self) == body, sourceLocation: sourceLocation)
        let seconds = response.fields.first("Retry-After").flatMap { Int($0) }
        #expect(
            seconds.map { after?.contains($0) == true } ?? (after == nil),
            sourceLocation: sourceLocation)
    }

    private func stream(_ client: Client, _ query: String, _ fields: String = "") throws -> Int {
        openClients.all.append(client)
        client.send("GET /events?\(query) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
        let head = try client.text()
        return Int(head.dropFirst(9).prefix(3)) ?? 0
    }

    @Test func `connections are limited in total, including streams`() throws {
        let fixture = try fixture { $0.connections = 3 }
        let first = try client(fixture, from: "192.0.2.1")
        #expect(try stream(first, "channel=c") == 200)
        let second = try client(fixture, from: "192.0.2.2")
        #expect(try second.get("/healthz").status == 200)
        let third = try fixture.http()
        #expect(try third.get("/healthz").status == 200)
        let fourth = try client(fixture, from: "192.0.2.3")
        check(
            try fourth.get("/healthz"), 503, "too-many-connections",
            "Too many connections; retry later.", after: 5...14)
        #expect(try fourth.read().isEnded)
        #expect(fixture.downstream.refusalCounts[.connections] == 1)
        #expect(fixture.limits == ["connections 192.0.2.3"])
        #expect(fixture.refused == ["503 too-many-connections 192.0.2.3"])
        first.pair.close()
        try fixture.settle()
        #expect(try client(fixture, from: "192.0.2.3").get("/healthz").status == 200)
        check(
            try client(fixture, from: "192.0.2.4").get("/healthz"), 503, "too-many-connections",
            "Too many connections; retry later.", after: 5...14)
        #expect(fixture.downstream.refusalCounts[.connections] == 2 && fixture.limits.count == 1)
        second.pair.close()
        third.pair.close()
        try fixture.settle()
        #expect(fixture.downstream.http.connectionCount == 1)
    }

    @Test func `connections are limited per address, except from loopback and proxies`() throws {
        let fixture = try fixture { $0.addressConnections = 2 }
        let kept = try ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"].map {
            try client(fixture, from: $0)
        }
        for host in ["192.0.2.1", "2001:db8::ffff:1"] {
            check(
                try client(fixture, from: host).get("/healthz"), 429, "too-many-connections",
                "Too many connections from your address; retry later.", after: 5...14)
        }
        let free = ["192.0.2.2", "2001:db8:0:1::1", "127.0.0.1", "::1", "10.1.1.1", "127.0.0.9"]
        for host in free + free.suffix(4) + free.suffix(4) {
            #expect(try client(fixture, from: host).get("/healthz").status == 200, "\(host)")
        }
        for _ in 0..<5 { #expect(try fixture.http().get("/healthz").status == 200) }
        #expect(fixture.downstream.refusalCounts[.addressConnections] == 2)
        for client in kept { #expect(try client.get("/healthz").status == 200) }
    }

    @Test func `streams are limited in total, and one more is allowed when one has ended`() throws {
        let fixture = try fixture { $0.streams = 2 }
        let first = try fixture.http()
        #expect(try stream(first, "channel=c") == 200)
        #expect(try stream(try fixture.http(), "channel=c") == 200)
        let third = try fixture.http()
        check(
            try third.get("/events?channel=c"), 503, "too-many-streams",
            "Too many event streams; retry later.", after: 5...14)
        #expect(try third.get("/poll?channel=c").status == 200)
        first.pair.close()
        try fixture.settle()
        #expect(try stream(third, "channel=c") == 200)
        #expect(fixture.downstream.refusalCounts[.streams] == 1)
    }

    @Test func `streams are limited per address, which a trusted proxy may name`() throws {
        let fixture = try fixture { $0.addressStreams = 2 }
        let proxied = "X-Forwarded-For: 192.0.2.7\r\n"
        #expect(try stream(try client(fixture, from: "192.0.2.7"), "channel=c") == 200)
        #expect(try stream(try client(fixture, from: "10.0.0.1"), "channel=c", proxied) == 200)
        for host in ["192.0.2.7", "10.0.0.2", "127.0.0.9"] {
            check(
                try client(fixture, from: host).get("/events?channel=c", proxied), 429,
                "too-many-streams", "Too many event streams to your address; retry later.",
                after: 5...14)
        }
        // An untrusted client's field is ignored, and a proxy that names no client counts itself.
        for _ in 0..<4 {
            #expect(try stream(try client(fixture, from: "127.0.0.1"), "channel=c", proxied) == 200)
        }
        for status in [200, 200, 429] {
            #expect(try stream(try client(fixture, from: "127.0.0.9"), "channel=c") == status)
        }
        #expect(fixture.downstream.refusalCounts[.addressStreams] == 4)
        #expect(fixture.limits == ["streams_per_address 192.0.2.7"])
    }

    @Test func `streams are limited per user, from any address`() throws {
        let fixture = try fixture { $0.userStreams = 2 }
        let first = try fixture.http()
        #expect(try stream(first, "channel=c&user=anne") == 200)
        #expect(try stream(try client(fixture, from: "192.0.2.1"), "channel=d&user=anne") == 200)
        let third = try fixture.http()
        check(
            try third.get("/events?channel=c&user=anne"), 429, "too-many-streams",
            "Too many event streams for this user; retry later.", after: 5...14)
        #expect(try stream(try fixture.http(), "channel=c&user=bob") == 200)
        #expect(try stream(try fixture.http(), "channel=c") == 200)
        first.pair.close()
        try fixture.settle()
        #expect(try stream(third, "channel=c&user=anne") == 200)
        #expect(fixture.downstream.refusalCounts[.userStreams] == 1)
    }

    @Test func `the request rate is limited per address, also through a proxy`() throws {
        let fixture = try fixture(trustsUnix: true) {
            $0.requestRate = 1
            $0.requestBurst = 3
        }
        let (one, other) = (
            try client(fixture, from: "192.0.2.1"), try client(fixture, from: "10.0.0.1")
        )
        let proxied = "X-Forwarded-For: 192.0.2.1\r\n"
        #expect(try one.get("/healthz").status == 200)
        #expect(try other.get("/healthz", proxied).status == 200)
        #expect(try fixture.http().get("/healthz", proxied).status == 200)
        let message = "Too many requests from your address; retry later."
        check(try one.get("/poll?channel=c"), 429, "rate-limited", message, after: 1...1)
        check(try other.get("/nowhere", proxied), 429, "rate-limited", message, after: 1...1)
        #expect(try other.get("/healthz", "X-Forwarded-For: 192.0.2.2\r\n").status == 200)
        for _ in 0..<9 {
            #expect(try client(fixture, from: "127.0.0.1").get("/healthz").status == 200)
        }
        // A client behind a proxy that does not name it shares the proxy's rate.
        #expect(
            try (0..<4).map { _ in try fixture.http().get("/healthz").status } == [
                200, 200, 200, 429,
            ])
        #expect(fixture.downstream.refusalCounts[.requestRate] == 3)
    }

    @Test func `a page of an allowed origin can read that it is rate limited`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.requestBurst = 1
            configuration.limits.requestRate = 1
            configuration.origins.origins = ["https://app.example"]
        }
        let client = try client(fixture, from: "192.0.2.1")
        let origin = "Origin: https://app.example\r\n"
        #expect(try client.get("/poll?channel=c", origin).status == 200)
        let refused = try client.get("/poll?channel=c", origin)
        #expect(refused.status == 429)
        #expect(refused.fields.first("Access-Control-Allow-Origin") == "https://app.example")
    }

    @Test(arguments: [(-1, 200), (0, 200), (1, 431)])
    func `the size of a head is limited`(more: Int, status: Int) throws {
        let fixture = try fixture { $0.request.headBytes = 2_000 }
        let start = "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Pad: "
        let pad = String(repeating: "x", count: 2_000 - start.utf8.count - 4 + more)
        let client = try fixture.http()
        let response = try client.request(start + pad + "\r\n\r\n")
        #expect(response.status == status)
        #expect(fixture.downstream.refusalCounts[.headerBytes] == (status == 431 ? 1 : 0))
        #expect(try client.read().isEnded == (status == 431))
        if status == 431 { #expect(member(response.body, "error") == "head-too-large") }
    }

    @Test(arguments: [(-1, 202), (0, 202), (1, 413)])
    func `the size of a body is limited`(more: Int, status: Int) throws {
        let fixture = try fixture { $0.request.bodyBytes = 1_500 }
        let start = #"{"event":"client-typing","data":{"x":""#
        let body =
            start + String(repeating: "y", count: 1_500 - start.utf8.count - 3 + more) + "\"}}"
        let client = try fixture.http()
        let response = try client.request(
            "POST /channels/presence-c/events?user=u HTTP/1.1\r\nHost: h\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(response.status == status)
        #expect(fixture.downstream.refusalCounts[.bodyBytes] == (status == 413 ? 1 : 0))
        if status == 413 { #expect(member(response.body, "error") == "too-large") }
    }

    @Test(arguments: [(2, 200), (3, 200), (4, 400)])
    func `the channels of a stream or a poll are limited`(count: Int, status: Int) throws {
        let fixture = try fixture { $0.channels = 3 }
        let query = (0..<count).map { "channel=presence-\($0)" }.joined(separator: "&")
        let response = try fixture.http().get("/poll?\(query)")
        #expect(response.status == status)
        #expect(try stream(try fixture.http(), query) == status)
        guard status == 400 else { return }
        check(response, 400, "bad-channel", "A request names at most 3 channels.")
        #expect(fixture.downstream.refusalCounts[.channels] == 2)
    }

    /// There is room for two more channels; channels that are held already take none.
    @Test(arguments: [(1, 200), (2, 200), (3, 503)])
    func `the number of held channels is limited`(count: Int, status: Int) throws {
        let query = (0..<count).map { "channel=presence-\($0)" }.joined(separator: "&")
        for isStream in [false, true] {
            let fixture = try fixture { $0.heldChannels = 3 }
            _ = try fixture.stream("channel=c")
            if isStream {
                #expect(try stream(try fixture.http(), query) == status)
            } else {
                let response = try fixture.http().get("/poll?\(query)")
                #expect(response.status == status)
                if status == 503 {
                    check(
                        response, 503, "too-many-channels",
                        "The gateway holds too many channels; retry later.",
                        after: 5...14)
                }
            }
            #expect(fixture.downstream.refusalCounts[.heldChannels] == (status == 503 ? 1 : 0))
            #expect(fixture.hub.channels.count == (status == 503 ? 1 : 1 + count))
            #expect(try fixture.http().get("/poll?channel=c").status == 200)
        }
    }

    @Test func `the limit on held channels applies to the Unix socket too`() throws {
        let fixture = try fixture { $0.heldChannels = 1 }
        let client = try fixture.line()
        client.send("SUBSCRIBE c\nSUBSCRIBE d\nMEMBERS d\nHISTORY c\n")
        let lines = try client.lines()
        let refusal =
            "ERR rate-limited The gateway holds too many channels; retry later."
        #expect(lines.count == 4 && lines[1] == refusal && lines[2] == refusal)
        #expect(lines.first?.hasPrefix("OK SUBSCRIBE c") == true)
        #expect(lines.last?.hasPrefix("OK HISTORY c") == true)
        #expect(fixture.limits == ["held_channels local"])
    }

    @Test func `connections to the Unix socket are limited`() throws {
        let fixture = try fixture { $0.lineConnections = 2 }
        let clients = try (0..<2).map { _ in try fixture.line() }
        for client in clients {
            client.send("PING\n")
            #expect(try client.lines() == ["OK PING"])
        }
        let third = try fixture.line()
        #expect(
            try third.lines()
                == [
                    "ERR rate-limited The socket has too many connections; retry later."
                ])
        clients[0].pair.close()
        try fixture.settle()
        let fourth = try fixture.line()
        fourth.send("PING\n")
        #expect(try fourth.lines() == ["OK PING"])
        #expect(fixture.downstream.refusalCounts[.lineConnections] == 1)
        #expect(fixture.limits == ["ipc_connections local"])
    }

    @Test func `a head and a body have separate timeouts`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock) {
            $0.headerTime = .seconds(3)
            $0.bodyTime = .seconds(6)
            $0.idleTime = .seconds(60)
        }
        let slow = "The request did not arrive in time."
        let post = "POST /channels/c/events HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n"
        for (text, limit, time) in [
            (post, Limit.headerTime, Duration.seconds(3)),
            (post + "\r\n123", .bodyTime, .seconds(6)),
        ] {
            let client = try fixture.http()
            client.send(text)
            try fixture.settle()
            try clock.pass(time - .milliseconds(1), turning: fixture.loop)
            #expect(fixture.downstream.refusalCounts[limit] == 0)
            try clock.pass(.milliseconds(1), turning: fixture.loop)
            #expect(fixture.downstream.refusalCounts[limit] == 1)
            check(try client.response(), 408, "request-timeout", slow)
        }
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `slowly dripping requests time out, and so does the first head`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock) { $0.headerTime = .seconds(2) }
        let client = try fixture.http()
        for _ in 0..<19 {
            client.send("G")
            try clock.pass(.milliseconds(100), turning: fixture.loop)
            #expect(client.pair.receive() == [])
        }
        client.send("G")
        try clock.pass(.milliseconds(100), turning: fixture.loop)
        #expect(try client.text().hasPrefix("HTTP/1.1 408 "))
        #expect(fixture.downstream.refusalCounts[.headerTime] == 1)
    }

    @Test func `an idle connection is counted when it times out`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock) { $0.idleTime = .seconds(2) }
        let resting = try fixture.http()
        #expect(try resting.get("/healthz").status == 200)
        try clock.pass(.milliseconds(1_999), turning: fixture.loop)
        #expect(resting.pair.receive() == [])
        try clock.pass(.milliseconds(1), turning: fixture.loop)
        #expect(resting.pair.receive() == nil)
        #expect(fixture.downstream.refusalCounts[.idleTime] == 1)
        #expect(fixture.refused == [] && fixture.limits == [])
    }
}
