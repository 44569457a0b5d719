// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Clients that use up connections, channels and processor time that other clients need.
struct ConnectionAttackTests {
    private let fixture: EndToEndFixture

    init() throws {
        fixture = try EndToEndFixture()
    }

    private func query(_ round: Int) -> String {
        (0..<100).map { "channel=invented-\(round)-\($0)" }.joined(separator: "&")
    }

    @Test func `polls of invented channels leave room for a chat`() throws {
        let held = AttackHarness.isWhole ? 50_000 : 2_000
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_CHANNELS": "*", "PASSERELLE_MAX_HELD_CHANNELS": "\(held)",
            ])
        try harness.expectReadersUnaffected("invented channels", growth: 160 * 1024) {
            for round in 0..<held / 100 + 10 {
                let answer = try harness.gateway.get("/poll?\(query(round))")
                #expect(answer.status == 200)
            }
            let chat = try harness.gateway.get("/poll?channel=presence-bail-late")
            #expect(chat.status == 200)
        }
        let status = try harness.gateway.status()
        #expect(try status.number(["log", "channels"]) <= held)
        #expect(try status.number(["log", "channels_evicted"]) > 0)
        #expect(try status.number(["served", "limited", "held_channels"]) == 0)
    }

    @Test func `streams of invented channels leave room for a chat`() throws {
        let harness = try AttackHarness(
            fixture,
            variables: ["PASSERELLE_CHANNELS": "*", "PASSERELLE_MAX_HELD_CHANNELS": "400"])
        try harness.expectReadersUnaffected("invented streams") {
            let streams = (0..<5).map {
                RawClient(
                    fixture, harness.gateway.http,
                    "GET /events?\(query($0)) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            }
            try fixture.wait(for: "all answers") {
                streams.allSatisfy { $0.recorder.text.contains("\r\n\r\n") }
            }
            let refused = streams.count { $0.recorder.text.hasPrefix("HTTP/1.1 503 ") }
            #expect(refused == 2)
            #expect(try harness.gateway.get("/poll?channel=presence-bail-late").status == 200)
            for stream in streams { stream.close() }
        }
    }

    @Test func `one client's streams of invented channels leave room for another client`() throws {
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_CHANNELS": "*", "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1",
                "PASSERELLE_MAX_HELD_CHANNELS": "1000",
                "PASSERELLE_MAX_HELD_CHANNELS_PER_CLIENT": "300",
            ])
        try harness.expectReadersUnaffected("streams of one client") {
            let streams = (0..<12).map {
                RawClient(
                    fixture, harness.gateway.http,
                    "GET /events?\(query($0)) HTTP/1.1\r\nHost: localhost\r\n"
                        + "X-Forwarded-For: 192.0.2.1\r\n\r\n")
            }
            try fixture.wait(for: "all answers") {
                streams.allSatisfy { $0.recorder.text.contains("\r\n\r\n") }
            }
            #expect(streams.count { $0.recorder.text.hasPrefix("HTTP/1.1 429 ") } == 9)
            let other: HTTPFields = ["X-Forwarded-For": "192.0.2.2"]
            let target = "/poll?channel=presence-bail-late"
            #expect(try harness.gateway.get(target, fields: other).status == 200)
            for stream in streams { stream.close() }
        }
        let limited = try harness.gateway.status()
        #expect(try limited.number(["served", "limited", "held_channels_per_client"]) == 9)
    }

    @Test func `idle connections do not lock an operator out`() throws {
        let harness = try AttackHarness(fixture, variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"])
        let admin = try harness.gateway.adminAddress()
        try harness.expectReadersUnaffected("idle operators") {
            let idle = (0..<80).map { _ in RawClient(fixture, admin, "GET /hea") }
            try fixture.wait(for: "80 connections") { idle.allSatisfy(\.hasSent) }
            for _ in 0..<5 {
                #expect(try fixture.request(admin, "GET", "/metrics").status == 200)
            }
            for client in idle { client.close() }
        }
        let status = try harness.gateway.status()
        #expect(try status.number(["served", "limited", "admin_connections"]) >= 16)
    }

    @Test func `connections of one user of this host leave places for others`() throws {
        let harness = try AttackHarness(
            fixture, variables: ["PASSERELLE_MAX_IPC_CONNECTIONS_PER_USER": "20"])
        let socket = ListenAddress.unix(path: harness.gateway.ipc)
        try harness.expectReadersUnaffected("idle lines") {
            let idle = (0..<21).map { _ in RawClient(fixture, socket, "PING\n") }
            try fixture.wait(for: "all answers") {
                idle.allSatisfy { !$0.recorder.text.isEmpty }
            }
            let refused = idle.filter { $0.recorder.text.hasPrefix("ERR rate-limited This user") }
            #expect(refused.count == 1)
            for client in idle { client.close() }
        }
    }

    /// Connects forty times as a user that may only read, prints that it did, and waits.
    private static let idleReader = """
        import socket, sys, time
        links = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        for link in links:
            try:
                link.connect(sys.argv[1]); link.sendall(b"PING" + bytes([10])); link.recv(100)
            except OSError:
                pass
        print("connected", flush=True); time.sleep(600)
        """

    @Test(.enabled(if: getuid() == 0, "NOT TESTED: only root can act as a second user"))
    func `connections of a user that may only read leave places for one that may publish`() throws {
        let directory = "/tmp/passerelle-ipc-\(UInt32.random(in: 0 ... .max))"
        #expect(try Subprocess.run("install", ["-d", "-m", "755", directory]).status == 0)
        defer { _ = try? Subprocess.run("rm", ["-rf", directory]) }
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_IPC": "\(directory)/line", "PASSERELLE_IPC_MODE": "0666",
                "PASSERELLE_IPC_USERS": "65534:read,0:publish",
                "PASSERELLE_MAX_IPC_CONNECTIONS": "20",
                "PASSERELLE_MAX_IPC_CONNECTIONS_PER_USER": "20",
            ])
        try harness.expectReadersUnaffected("idle lines of a reader") {
            let reader = try Subprocess(
                "setpriv",
                [
                    "--reuid=65534", "--clear-groups", "/usr/bin/python3", "-c", Self.idleReader,
                    harness.gateway.ipc,
                ])
            try fixture.wait(for: "40 connections: \(reader.errors)") {
                reader.output.contains("connected") || reader.hasEnded
            }
            try #require(!reader.hasEnded, "\(reader.errors)")
            let line = LineClient(fixture, path: harness.gateway.ipc)
            _ = try line.ask("STATUS")
            line.close()
            reader.signal(9)
        }
        let status = try harness.gateway.status()
        let limited = try ["ipc_connections", "ipc_connections_per_user"].map {
            try status.number(["served", "limited", $0])
        }
        #expect(limited[0] + limited[1] >= 25, "\(limited)")
    }

    @Test func `a list of thousands of channels delays no other client`() throws {
        let count = AttackHarness.isWhole ? 20_000 : 6_000
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_CHANNELS": "*", "PASSERELLE_MAX_CHANNELS": "1000",
            ])
        for start in stride(from: 0, to: count, by: 500) {
            let names = (start..<start + 500).map { "channel=c\($0)" }.joined(separator: "&")
            #expect(try harness.gateway.get("/poll?\(names)").status == 200)
        }
        let line = LineClient(fixture, path: harness.gateway.ipc)
        _ = try line.ask("STATUS")
        let web = RawClient(
            fixture, harness.gateway.http, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try fixture.wait(for: "an answer") { web.recorder.text.hasSuffix("ok\n") }
        let before = web.recorder.text.utf8.count
        try harness.expectReadersUnaffected("lists of channels", growth: 96 * 1024) {
            let replies = line.replies.count
            line.send("CHANNELS")
            web.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            try fixture.wait(for: "the second answer") { web.recorder.text.utf8.count > before }
            #expect(line.replies.count == replies, "the list was made in one turn")
            for _ in 0..<(AttackHarness.isWhole ? 50 : 5) { _ = try line.ask("CHANNELS") }
        }
        line.close()
    }

    /// Fills a hundred channels with 99 members each, as Channels would.
    private func fill(_ harness: AttackHarness) {
        let usual = harness.server.onMessage
        let members = (0..<99).map {
            ChannelMember(
                userID: "user-\($0)", userInfo: Array(#"{"name":"A name of user \#($0)"}"#.utf8))
        }
        harness.server.onMessage = { connection, message in
            guard case .subscribe(let channel, _, _) = message, channel.contains("-full-") else {
                usual?(connection, message)
                return
            }
            connection.send(.subscriptionSucceeded(channel: channel, members: members))
        }
    }

    @Test func `polls of a hundred channels with all their members delay no other client`() throws {
        let harness = try AttackHarness(fixture)
        fill(harness)
        let names = (0..<100).map { "channel=presence-bail-full-\($0)" }.joined(separator: "&")
        let first = try harness.gateway.get("/poll?\(names)")
        #expect(first.status == 200 && first.body.count > 400_000)
        let rounds = AttackHarness.isWhole ? 200 : 20
        try harness.expectReadersUnaffected("polls of members", growth: 96 * 1024) {
            for _ in 0..<rounds {
                let answer = try harness.gateway.get("/poll?\(names)")
                #expect(answer.body.count == first.body.count)
            }
        }
        // Encoded anew for each poll, the lists cost thirty times a poll without them.
        let position = try JSONText(first.body).string(["position"])
        let full = try ticks(harness, "/poll?\(names)")
        let plain = try ticks(harness, "/poll?\(names)&after=\(position)")
        print("40 polls: \(full) ticks with the members, \(plain) without")
        #expect(full <= 12 * plain + 20, "\(full) and \(plain)")
    }

    @Test func `polls of members use up the rate of their client and leave that of another`() throws
    {
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1",
                "PASSERELLE_REQUEST_RATE": "20", "PASSERELLE_REQUEST_BURST": "300",
            ],
            fields: { ["X-Forwarded-For": "198.51.100.\($0)"] })
        fill(harness)
        let names = (0..<100).map { "channel=presence-bail-full-\($0)" }.joined(separator: "&")
        let attacker: HTTPFields = ["X-Forwarded-For": "192.0.2.1"]
        let other: HTTPFields = ["X-Forwarded-For": "192.0.2.2"]
        var refused: [HTTPResponse] = []
        try harness.expectReadersUnaffected("polls of one client", growth: 96 * 1024) {
            // The polls alone, without their cost, would use 40 of the 300 that the burst allows.
            for _ in 0..<40 where refused.count < 10 {
                let answer = try harness.gateway.get("/poll?\(names)", fields: attacker)
                if answer.status == 429 { refused.append(answer) }
                let poll = try harness.gateway.get("/poll?channel=presence-bail-0", fields: other)
                #expect(poll.status == 200)
            }
        }
        #expect(refused.count == 10)
        #expect(refused.first?.fields.first("Retry-After") != nil)
        let status = try harness.gateway.status()
        #expect(try status.number(["served", "limited", "request_rate"]) == refused.count)
    }

    /// The processor time of the gateway, in ticks, for 40 requests.
    private func ticks(_ harness: AttackHarness, _ target: String) throws -> Int {
        let pid = harness.gateway.process.pid
        let before = try processorTicks(of: pid)
        for _ in 0..<40 { #expect(try harness.gateway.get(target).status == 200) }
        return try processorTicks(of: pid) - before
    }
}
