// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What an upgrade carries over, and what it ends.
struct UpgradeTests {
    private static let channel = "presence-bail-1"

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    private func gateway(
        _ variables: [String: String] = [:], tls: TLSClient? = nil
    ) throws -> GatewayProcess {
        try GatewayProcess(fixture, upstreamPort: sandbox.port, variables: variables, tls: tls)
    }

    private func publish(_ numbers: ClosedRange<Int>, padding: Int = 0) throws {
        var answers: [Int] = []
        let rest = String(repeating: "x", count: padding)
        for number in numbers {
            sandbox.publish(
                Self.channel, "new-message", #"{"n":\#(number),"rest":"\#(rest)"}"#
            ) { answers.append($0) }
            let sent = number - numbers.lowerBound + 1
            try fixture.wait(for: "answer \(sent)") { answers.count > sent - 4 }
        }
        try fixture.wait(for: "the last answers", within: .seconds(20)) {
            answers.count == numbers.count
        }
        #expect(answers.allSatisfy { $0 == 200 })
    }

    @Test func `a slow reader receives the rest of what waited for it`() throws {
        let gateway = try gateway(["PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h"])
        defer { gateway.killAll() }
        let streams = [HTTPVersion.http11, .http10].map {
            UnbrokenStream(
                fixture, gateway.http, "/events?channel=\(Self.channel)", version: $0)
        }
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        _ = try line.ask("SUBSCRIBE \(Self.channel)")
        try publish(1...1)
        try fixture.wait(for: "the first event", within: .seconds(20)) {
            streams.allSatisfy { $0.messages.newest == 1 }
        }
        for stream in streams { stream.pause() }
        try publish(2...900, padding: 9_000)
        try gateway.upgrade()
        try publish(901...910)
        for stream in streams { stream.resume() }
        try fixture.wait(for: "all events: \(streams.map(\.messages))") {
            streams.allSatisfy { $0.messages.newest == 910 }
        }
        for stream in streams {
            let sum = stream.messages
            #expect(sum.count == 910 && sum.lost == 0 && sum.repeated == 0 && sum.gaps == 0)
            #expect(stream.end == nil)
        }
        kill(gateway.currentPID, SIGTERM)
    }

    @Test func `members stay members, for Channels' own clients too`() throws {
        let gateway = try gateway()
        defer { gateway.killAll() }
        let member = try ChannelsMember(fixture, port: sandbox.port, userID: "web", info: "{}")
        try member.join(Self.channel)
        let stream = UnbrokenStream(
            fixture, gateway.http,
            "/events?channel=\(Self.channel)&user=anna"
                + "&user_info=%7B%22name%22%3A%22Anna%22%7D")
        let poll = PollClient(
            fixture, gateway.http, [Self.channel], .cursor, wait: 20, user: "bob")
        defer { poll.stop() }
        try fixture.wait(for: "the members") { member.members == ["web", "anna", "bob"] }
        for _ in 0..<2 { try gateway.upgrade() }
        try fixture.rest(.seconds(2))
        let left = member.messages.count { message in
            if case .memberRemoved = message { true } else { false }
        }
        #expect(left == 0 && member.members == ["web", "anna", "bob"])
        #expect(stream.departures == 0 && stream.end == nil)
        #expect(try gateway.members(of: Self.channel)["anna"] == #"{"name":"Anna"}"#)
        // The user leaves as usual.
        stream.close()
        try fixture.wait(for: "anna's departure", within: .seconds(20)) {
            member.members == ["web", "bob"]
        }
        kill(gateway.currentPID, SIGTERM)
    }

    @Test func `a stream can still be revoked, and its token still expires`() throws {
        let gateway = try gateway([
            "PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": String(repeating: "k", count: 40),
        ])
        defer { gateway.killAll() }
        let key = try SignatureKey(secret: Array(String(repeating: "k", count: 40).utf8))
        // A token is accepted for a minute after its end.
        func token(_ user: String, seconds: Int64) throws -> String {
            let signed = CompactToken.signed(
                algorithm: "HS256",
                claims: TokenClaims(
                    subject: user, expires: fixture.loop.wallMilliseconds / 1000 - 60 + seconds,
                    channels: [try ChannelPattern(Self.channel)]))
            return CompactToken.text(
                signed: signed, signature: try #require(key.signature(of: signed)))
        }
        func open(_ user: String, seconds: Int64) throws -> UnbrokenStream {
            UnbrokenStream(
                fixture, gateway.http, "/events?channel=\(Self.channel)",
                fields: ["Authorization": "Bearer \(try token(user, seconds: seconds))"],
                keepsText: true)
        }
        let (anna, bob, carl) = try (
            open("anna", seconds: 600), open("bob", seconds: 8), open("carl", seconds: 600)
        )
        try fixture.wait(for: "the streams") {
            [anna, bob, carl].allSatisfy { $0.text.contains("subscription_succeeded") }
        }
        try gateway.upgrade()
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        #expect(try line.ask("REVOKE anna").raw(["streams"]) == "1")
        try fixture.wait(for: "anna's end") { anna.text.contains(#""reason":"revoked""#) }
        try fixture.wait(for: "bob's end", within: .seconds(20)) {
            bob.text.contains(#""reason":"expired""#)
        }
        #expect(carl.end == nil && !carl.text.contains("passerelle:denied"))
        kill(gateway.currentPID, SIGTERM)
    }

    @Test func `a stream over TLS ends in order, and continues at its position`() throws {
        let certificates = try TestCertificates()
        let server = try certificates.server(names: ["first.test"], addresses: ["127.0.0.1"])
        let tls = try TLSClient(caFile: certificates.authorityFile)
        let gateway = try gateway(
            [
                "PASSERELLE_TLS_CERT": server.certificateFile,
                "PASSERELLE_TLS_KEY": server.keyFile,
            ], tls: tls)
        defer { gateway.killAll() }
        let stream = UnbrokenStream(
            fixture, gateway.http, "/events?channel=\(Self.channel)", tls: tls, keepsText: true)
        try fixture.wait(for: "the snapshot") { stream.text.contains("subscription_succeeded") }
        try publish(1...5)
        try fixture.wait(for: "the events") { stream.messages.newest == 5 }
        try gateway.upgrade()
        try fixture.wait(for: "the end") { stream.end != nil }
        #expect(stream.end == .closedByPeer && stream.text.hasSuffix("0\r\n\r\n"))
        #expect(stream.text.ranges(of: "retry: ").count == 2, "a delay of its own for the return")
        try publish(6...8)
        let position = stream.text.split(separator: "\n").last { $0.hasPrefix("id: ") }
        let again = UnbrokenStream(
            fixture, gateway.http, "/events?channel=\(Self.channel)",
            fields: ["Last-Event-ID": String(position?.dropFirst(4) ?? "")], tls: tls)
        try fixture.wait(for: "the rest") { again.messages.newest == 8 }
        #expect(again.messages.count == 3 && again.messages.gaps == 0)
        kill(gateway.currentPID, SIGTERM)
    }

    @Test func `an idle connection and a request under way are answered afterwards`() throws {
        let gateway = try gateway()
        defer { gateway.killAll() }
        let idle = HTTPCaller(loop: fixture.loop, address: gateway.http)
        let request = HTTPRequest(method: "GET", target: "/healthz", fields: ["Host": "localhost"])
        var answers: [Int] = []
        idle.send(request) { answers.append($0.status) }
        try fixture.wait(for: "the first answer") { answers.count == 1 }
        // The head of a request has arrived in part.
        let partial = RawClient(fixture, gateway.http, "GET /healthz HTTP/1.1\r\nHost: loc")
        try fixture.rest(.milliseconds(200))
        try gateway.upgrade()
        idle.send(request) { answers.append($0.status) }
        partial.send("alhost\r\n\r\n")
        try fixture.wait(for: "the answers") {
            answers.count == 2 && partial.recorder.text.hasPrefix("HTTP/1.1 200")
        }
        #expect(answers == [200, 200] && idle.end == nil)
        kill(gateway.currentPID, SIGTERM)
    }

    @Test func `the unix sockets' files stay, and are removed at the end`() throws {
        let path = fixture.directory.file("http.sock")
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "unix:\(path)")
        defer { gateway.killAll() }
        for _ in 0..<3 { try gateway.upgrade(byCommand: true) }
        #expect(try gateway.get("/healthz").status == 200)
        #expect(access(path, F_OK) == 0 && access(gateway.ipc, F_OK) == 0)
        kill(gateway.currentPID, SIGTERM)
        try fixture.wait(for: "the removal of the files") {
            access(path, F_OK) != 0 && access(gateway.ipc, F_OK) != 0
        }
    }

    /// With `PASSERELLE_TEST_OTHER_BINARY`, a build with another version.
    @Test func `another version takes over, and the first one takes over again`() throws {
        guard let other = TestEnvironment.value("PASSERELLE_TEST_OTHER_BINARY") else { return }
        let replaceable = try ReplaceableGateway(fixture, upstreamPort: sandbox.port)
        let gateway = replaceable.gateway
        let stream = UnbrokenStream(
            fixture, gateway.http, "/events?channel=\(Self.channel)&user=anna")
        try fixture.wait(for: "the subscription") { try gateway.isLive(Self.channel) }
        func version() throws -> String { try gateway.status().string(["version"]) }
        let first = try version()
        try replaceable.replace(by: other)
        try gateway.upgrade(byCommand: true)
        let second = try version()
        #expect(second != first)
        try publish(1...5)
        try replaceable.replace()
        try gateway.upgrade(byCommand: true)
        #expect(try version() == first)
        try publish(6...10)
        try fixture.wait(for: "the events") { stream.messages.newest == 10 }
        #expect(stream.messages.count == 10 && stream.messages.gaps == 0 && stream.end == nil)
        kill(gateway.currentPID, SIGTERM)
    }
}
