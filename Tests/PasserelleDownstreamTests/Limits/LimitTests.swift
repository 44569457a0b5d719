// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleDownstream
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleNet

/// What clients are told who take more than they may, each at the last one that is good.
struct LimitTests {
    /// A scene that trusts 10.0.0.0/8 and its Unix socket's peers to say who asks.
    private func scene(
        trustsUnix: Bool = false, _ change: (inout ClientLimits) -> Void
    ) throws -> Scene {
        try Scene { configuration, _ in
            change(&configuration.limits)
            configuration.proxies.ranges = ["10.0.0.0/8", "127.0.0.9"].compactMap(AddressRange.init)
            configuration.proxies.trustsUnix = trustsUnix
            configuration.believesClaims = true
        }
    }

    /// Those who are to stay connected until the test ends.
    private final class Guests {
        var all: [Client] = []
    }

    private let guests = Guests()

    /// A client that comes from an address.
    private func client(_ scene: Scene, from host: String) throws -> Client {
        let pair = try SocketPair(loop: scene.loop)
        pair.link.peer = try #require(PeerAddress(numericHost: host, port: 9))
        scene.downstream.http.accepted(pair.link)
        let client = Client(pair, scene)
        guests.all.append(client)
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
        guests.all.append(client)
        client.send("GET /events?\(query) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
        let head = try client.text()
        return Int(head.dropFirst(9).prefix(3)) ?? 0
    }

    @Test func `connections in all, streams among them`() throws {
        let scene = try scene { $0.connections = 3 }
        let first = try client(scene, from: "192.0.2.1")
        #expect(try stream(first, "channel=c") == 200)
        let second = try client(scene, from: "192.0.2.2")
        #expect(try second.get("/healthz").status == 200)
        let third = try scene.http()
        #expect(try third.get("/healthz").status == 200)
        let fourth = try client(scene, from: "192.0.2.3")
        check(
            try fourth.response(), 503, "too-many-connections",
            "There are as many connections as there may be; come back.", after: 5...14)
        #expect(try fourth.read().isEnded)
        #expect(scene.downstream.refusalCounts[.connections] == 1)
        #expect(scene.limits == ["connections 192.0.2.3"])
        #expect(scene.refused == ["503 too-many-connections 192.0.2.3"])
        first.pair.close()
        try scene.settle()
        #expect(try client(scene, from: "192.0.2.3").get("/healthz").status == 200)
        check(
            try client(scene, from: "192.0.2.4").response(), 503, "too-many-connections",
            "There are as many connections as there may be; come back.", after: 5...14)
        #expect(scene.downstream.refusalCounts[.connections] == 2 && scene.limits.count == 1)
        second.pair.close()
        third.pair.close()
        try scene.settle()
        #expect(scene.downstream.http.connectionCount == 1)
    }

    @Test func `connections from an address, but not from here nor from a proxy`() throws {
        let scene = try scene { $0.addressConnections = 2 }
        let kept = try ["192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"].map {
            try client(scene, from: $0)
        }
        for host in ["192.0.2.1", "2001:db8::ffff:1"] {
            check(
                try client(scene, from: host).response(), 429, "too-many-connections",
                "Your address has as many connections as it may have; come back.", after: 5...14)
        }
        let free = ["192.0.2.2", "2001:db8:0:1::1", "127.0.0.1", "::1", "10.1.1.1", "127.0.0.9"]
        for host in free + free.suffix(4) + free.suffix(4) {
            #expect(try client(scene, from: host).get("/healthz").status == 200, "\(host)")
        }
        for _ in 0..<5 { #expect(try scene.http().get("/healthz").status == 200) }
        #expect(scene.downstream.refusalCounts[.addressConnections] == 2)
        for client in kept { #expect(try client.get("/healthz").status == 200) }
    }

    @Test func `streams in all, and one more when one has ended`() throws {
        let scene = try scene { $0.streams = 2 }
        let first = try scene.http()
        #expect(try stream(first, "channel=c") == 200)
        #expect(try stream(try scene.http(), "channel=c") == 200)
        let third = try scene.http()
        check(
            try third.get("/events?channel=c"), 503, "too-many-streams",
            "There are as many streams as there may be; come back.", after: 5...14)
        #expect(try third.get("/poll?channel=c").status == 200)
        first.pair.close()
        try scene.settle()
        #expect(try stream(third, "channel=c") == 200)
        #expect(scene.downstream.refusalCounts[.streams] == 1)
    }

    @Test func `streams to an address, which a trusted proxy names`() throws {
        let scene = try scene { $0.addressStreams = 2 }
        let proxied = "X-Forwarded-For: 192.0.2.7\r\n"
        #expect(try stream(try client(scene, from: "192.0.2.7"), "channel=c") == 200)
        #expect(try stream(try client(scene, from: "10.0.0.1"), "channel=c", proxied) == 200)
        for host in ["192.0.2.7", "10.0.0.2", "127.0.0.9"] {
            check(
                try client(scene, from: host).get("/events?channel=c", proxied), 429,
                "too-many-streams", "Your address has as many streams as it may have; come back.",
                after: 5...14)
        }
        // One that nobody trusts says what it likes, and a proxy that names nobody is meant itself.
        for _ in 0..<4 {
            #expect(try stream(try client(scene, from: "127.0.0.1"), "channel=c", proxied) == 200)
        }
        for status in [200, 200, 429] {
            #expect(try stream(try client(scene, from: "127.0.0.9"), "channel=c") == status)
        }
        #expect(scene.downstream.refusalCounts[.addressStreams] == 4)
        #expect(scene.limits == ["streams_per_address 192.0.2.7"])
    }

    @Test func `streams to a user, wherever they are`() throws {
        let scene = try scene { $0.userStreams = 2 }
        let first = try scene.http()
        #expect(try stream(first, "channel=c&user=anne") == 200)
        #expect(try stream(try client(scene, from: "192.0.2.1"), "channel=d&user=anne") == 200)
        let third = try scene.http()
        check(
            try third.get("/events?channel=c&user=anne"), 429, "too-many-streams",
            "This user has as many streams as they may have; come back.", after: 5...14)
        #expect(try stream(try scene.http(), "channel=c&user=bob") == 200)
        #expect(try stream(try scene.http(), "channel=c") == 200)
        first.pair.close()
        try scene.settle()
        #expect(try stream(third, "channel=c&user=anne") == 200)
        #expect(scene.downstream.refusalCounts[.userStreams] == 1)
    }

    @Test func `requests a second from an address, or through a proxy for one`() throws {
        let scene = try scene(trustsUnix: true) {
            $0.requestRate = 1
            $0.requestBurst = 3
        }
        let (one, other) = (
            try client(scene, from: "192.0.2.1"), try client(scene, from: "10.0.0.1")
        )
        let proxied = "X-Forwarded-For: 192.0.2.1\r\n"
        #expect(try one.get("/healthz").status == 200)
        #expect(try other.get("/healthz", proxied).status == 200)
        #expect(try scene.http().get("/healthz", proxied).status == 200)
        let message = "Your address asks too often; come back."
        check(try one.get("/poll?channel=c"), 429, "rate-limited", message, after: 1...1)
        check(try other.get("/nowhere", proxied), 429, "rate-limited", message, after: 1...1)
        #expect(try other.get("/healthz", "X-Forwarded-For: 192.0.2.2\r\n").status == 200)
        for _ in 0..<9 {
            #expect(try client(scene, from: "127.0.0.1").get("/healthz").status == 200)
        }
        // Whoever has a proxy that names nobody ask for them shares what the proxy may.
        #expect(
            try (0..<4).map { _ in try scene.http().get("/healthz").status } == [
                200, 200, 200, 429,
            ])
        #expect(scene.downstream.refusalCounts[.requestRate] == 3)
    }

    @Test func `a page elsewhere hears that it asks too often`() throws {
        let scene = try Scene { configuration, _ in
            configuration.limits.requestBurst = 1
            configuration.limits.requestRate = 1
            configuration.origins.origins = ["https://app.example"]
        }
        let client = try client(scene, from: "192.0.2.1")
        let origin = "Origin: https://app.example\r\n"
        #expect(try client.get("/poll?channel=c", origin).status == 200)
        let refused = try client.get("/poll?channel=c", origin)
        #expect(refused.status == 429)
        #expect(refused.fields.first("Access-Control-Allow-Origin") == "https://app.example")
    }

    @Test(arguments: [(-1, 200), (0, 200), (1, 431)])
    func `a head has so many bytes`(more: Int, status: Int) throws {
        let scene = try scene { $0.request.headBytes = 2_000 }
        let start = "GET /healthz HTTP/1.1\r\nHost: h\r\nX-Pad: "
        let pad = String(repeating: "x", count: 2_000 - start.utf8.count - 4 + more)
        let client = try scene.http()
        let response = try client.request(start + pad + "\r\n\r\n")
        #expect(response.status == status)
        #expect(scene.downstream.refusalCounts[.headerBytes] == (status == 431 ? 1 : 0))
        #expect(try client.read().isEnded == (status == 431))
        if status == 431 { #expect(member(response.body, "error") == "head-too-large") }
    }

    @Test(arguments: [(-1, 202), (0, 202), (1, 413)])
    func `a body has so many bytes`(more: Int, status: Int) throws {
        let scene = try scene { $0.request.bodyBytes = 1_500 }
        let start = #"{"event":"client-typing","data":{"x":""#
        let body =
            start + String(repeating: "y", count: 1_500 - start.utf8.count - 3 + more) + "\"}}"
        let client = try scene.http()
        let response = try client.request(
            "POST /channels/presence-c/events?user=u HTTP/1.1\r\nHost: h\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(response.status == status)
        #expect(scene.downstream.refusalCounts[.bodyBytes] == (status == 413 ? 1 : 0))
        if status == 413 { #expect(member(response.body, "error") == "too-large") }
    }

    @Test(arguments: [(2, 200), (3, 200), (4, 400)])
    func `a stream or a poll names so many channels`(count: Int, status: Int) throws {
        let scene = try scene { $0.channels = 3 }
        let query = (0..<count).map { "channel=presence-\($0)" }.joined(separator: "&")
        let response = try scene.http().get("/poll?\(query)")
        #expect(response.status == status)
        #expect(try stream(try scene.http(), query) == status)
        guard status == 400 else { return }
        check(response, 400, "bad-channel", "A request names at most 3 channels.")
        #expect(scene.downstream.refusalCounts[.channels] == 2)
    }

    /// The room that is left is for two more channels: those that are held already take none.
    @Test(arguments: [(1, 200), (2, 200), (3, 503)])
    func `so many channels are held at once`(count: Int, status: Int) throws {
        let query = (0..<count).map { "channel=presence-\($0)" }.joined(separator: "&")
        for isStream in [false, true] {
            let scene = try scene { $0.heldChannels = 3 }
            _ = try scene.stream("channel=c")
            if isStream {
                #expect(try stream(try scene.http(), query) == status)
            } else {
                let response = try scene.http().get("/poll?\(query)")
                #expect(response.status == status)
                if status == 503 {
                    check(
                        response, 503, "too-many-channels",
                        "The gateway holds as many channels as it may; come back.",
                        after: 5...14)
                }
            }
            #expect(scene.downstream.refusalCounts[.heldChannels] == (status == 503 ? 1 : 0))
            #expect(scene.hub.channels.count == (status == 503 ? 1 : 1 + count))
            #expect(try scene.http().get("/poll?channel=c").status == 200)
        }
    }

    @Test func `the Unix socket holds no more channels either`() throws {
        let scene = try scene { $0.heldChannels = 1 }
        let client = try scene.line()
        client.send("SUBSCRIBE c\nSUBSCRIBE d\nMEMBERS d\nHISTORY c\n")
        let lines = try client.lines()
        let refusal =
            "ERR rate-limited The gateway holds as many channels as it may; come back."
        #expect(lines.count == 4 && lines[1] == refusal && lines[2] == refusal)
        #expect(lines.first?.hasPrefix("OK SUBSCRIBE c") == true)
        #expect(lines.last?.hasPrefix("OK HISTORY c") == true)
        #expect(scene.limits == ["held_channels local"])
    }

    @Test func `connections to the Unix socket`() throws {
        let scene = try scene { $0.lineConnections = 2 }
        let clients = try (0..<2).map { _ in try scene.line() }
        for client in clients {
            client.send("PING\n")
            #expect(try client.lines() == ["OK PING"])
        }
        let third = try scene.line()
        #expect(
            try third.lines()
                == [
                    "ERR rate-limited The socket has as many connections as it may have; come back."
                ])
        clients[0].pair.close()
        try scene.settle()
        let fourth = try scene.line()
        fourth.send("PING\n")
        #expect(try fourth.lines() == ["OK PING"])
        #expect(scene.downstream.refusalCounts[.lineConnections] == 1)
        #expect(scene.limits == ["ipc_connections local"])
    }

    @Test func `a head and a body have times of their own`() throws {
        let scene = try scene {
            $0.headerTime = .milliseconds(30)
            $0.bodyTime = .milliseconds(60)
            $0.idleTime = .seconds(60)
        }
        let slow = "The request took too long to come."
        let post = "POST /channels/c/events HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n"
        for (text, limit) in [(post, Limit.headerTime), (post + "\r\n123", .bodyTime)] {
            let client = try scene.http()
            client.send(text)
            try run(scene.loop, until: { scene.downstream.refusalCounts[limit] == 1 })
            check(try client.response(), 408, "request-timeout", slow)
        }
        #expect(scene.downstream.http.connectionCount == 0)
    }

    @Test func `what drips is cut all the same, and no first head has more than its time`() throws {
        let scene = try scene { $0.headerTime = .milliseconds(200) }
        let client = try scene.http()
        let began = scene.loop.now
        var bytes: [UInt8] = []
        try run(
            scene.loop,
            until: {
                client.send("G")
                bytes += client.pair.receive() ?? []
                return bytes.starts(with: Array("HTTP/1.1 408 ".utf8))
            })
        #expect(scene.loop.now - began >= .milliseconds(200))
        #expect(scene.downstream.refusalCounts[.headerTime] == 1)
    }

    @Test func `a connection that rests is counted when it is cut`() throws {
        let scene = try scene { $0.idleTime = .milliseconds(20) }
        let resting = try scene.http()
        #expect(try resting.get("/healthz").status == 200)
        try run(scene.loop, until: { resting.pair.receive() == nil })
        #expect(scene.downstream.refusalCounts[.idleTime] == 1)
        #expect(scene.refused == [] && scene.limits == [])
    }
}
