// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The console of the real binary.
struct ConsoleTests {
    private static let channel = "presence-bail-console"

    private func gateway(
        _ fixture: EndToEndFixture, _ sandbox: SandboxProcess, _ more: [String: String] = [:]
    ) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"].merging(more) { $1 })
    }

    private func open(_ fixture: EndToEndFixture, _ admin: ListenAddress) -> RawClient {
        RawClient(fixture, admin, "GET /console/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    private func waitingPoll(_ fixture: EndToEndFixture, _ gateway: GatewayProcess) -> RawClient {
        RawClient(
            fixture, gateway.http,
            "GET /poll?channel=\(Self.channel)&wait=55&after=now HTTP/1.1\r\n"
                + "Host: localhost\r\n\r\n")
    }

    private func wait(_ fixture: EndToEndFixture, _ console: RawClient, for text: String) throws {
        try fixture.wait(
            for: "\(text) in the console; it has \(console.recorder.text.suffix(3000))"
        ) {
            console.recorder.text.contains(text)
        }
    }

    @Test func `the console shows readers, members, events and Channels' state, and no content`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try gateway(fixture, sandbox)
        let admin = try gateway.adminAddress()
        let console = open(fixture, admin)
        try wait(fixture, console, for: #""upstream":{"state":"connected","since":""#)
        try wait(fixture, console, for: #""readers":{"sse":0,"poll":0,"line":0}"#)
        let info = "%7B%22name%22%3A%22a-private-name%22%7D"
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)&user=usr_7&user_info=\(info)")
        // A poll would be answered by a member's arrival, so the members must be there first.
        try wait(fixture, console, for: #""list":[{"user_id":"usr_7"}]"#)
        let poll = waitingPoll(fixture, gateway)
        let line = LineClient(fixture, path: gateway.ipc)
        defer {
            stream.close()
            poll.close()
            line.close()
        }
        _ = try line.ask("SUBSCRIBE \(Self.channel)")
        try wait(fixture, console, for: #""readers":{"sse":1,"poll":1,"line":1}"#)
        try sandbox.publish(Self.channel, "new-message", #"{"text":"a-private-word"}"#)
        try wait(fixture, console, for: #""event":"new-message","size":25}"#)
        try wait(fixture, console, for: #""channel":"\#(Self.channel)","state":"live""#)
        try sandbox.kill()
        try wait(fixture, console, for: #""state":"waiting","since":""#)
        try wait(fixture, console, for: #""state":"away""#)
        try wait(fixture, console, for: #""lost":""#)
        for words in ["a-private-name", "a-private-word", "user_info", SandboxProcess.secret] {
            #expect(!console.recorder.text.contains(words), "\(words)")
        }
        // The response ends with its last chunk.
        #expect(try gateway.stop() == 0)
        try fixture.wait(for: "the console's end") { !console.recorder.ends.isEmpty }
        #expect(console.recorder.text.hasSuffix("\r\n0\r\n\r\n"))
    }

    @Test func `content is shown if it is enabled, and the log has a warning`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try gateway(fixture, sandbox, ["PASSERELLE_CONSOLE_CONTENT": "1"])
        let console = open(fixture, try gateway.adminAddress())
        let stream = StreamClient(
            fixture, gateway.http,
            "/events?channel=\(Self.channel)&user=usr_7&user_info=%7B%22name%22%3A%22Anne%22%7D")
        defer { stream.close() }
        try fixture.wait(for: "the channel") { try gateway.isLive(Self.channel) }
        try wait(fixture, console, for: #""user_info":"{\"name\":\"Anne\"}""#)
        try sandbox.publish(
            Self.channel, "new-message", #"{"message":{"id":"m1","content":"Bonjour"}}"#)
        try wait(fixture, console, for: #"\"content\":\"Bonjour\""#)
        try sandbox.publish(Self.channel, "message-deleted", #"{"messageId":"m1"}"#)
        try wait(fixture, console, for: #","retracted":[""#)
        // A console that is opened from here on never receives the content.
        let later = open(fixture, try gateway.adminAddress())
        try wait(fixture, later, for: #""retracted":true"#)
        #expect(!later.recorder.text.contains("Bonjour"))
        #expect(
            !gateway.process.lines(
                with: "PASSERELLE_CONSOLE_CONTENT=1: the console at PASSERELLE_ADMIN shows message"
            ).isEmpty)
        #expect(!gateway.process.errors.contains("Bonjour"))
    }

    @Test func `the console is served only to operators of this host`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try gateway(fixture, sandbox)
        let admin = try gateway.adminAddress()
        for path in ["/console", "/console/console.css", "/console/console.js", "/console/events"] {
            let rebound = try fixture.request(
                admin, "GET", path, fields: ["Host": "rebound.example"])
            #expect(rebound.status == 421, "\(path)")
            #expect(
                String(decoding: rebound.body, as: UTF8.self)
                    == #"{"error":"misdirected","message":"This gateway does not serve that"#
                    + #" host; see PASSERELLE_HOSTS."}"# + "\n")
            let page = try fixture.request(
                admin, "GET", path, fields: ["Origin": "https://elsewhere.example"])
            #expect(page.status == 403, "\(path)")
            #expect(page.fields.first("Access-Control-Allow-Origin") == nil)
            #expect(try gateway.get(path).status == 404, "\(path)")
        }
        #expect(try fixture.request(admin, "GET", "/console").status == 200)
    }

    @Test func `if other hosts may connect, the host must still be a configured name`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try gateway(
            fixture, sandbox, ["PASSERELLE_ADMIN_OPEN": "yes", "PASSERELLE_HOSTS": "ops.example"])
        let admin = try gateway.adminAddress()
        func status(_ path: String, _ host: String) throws -> Int {
            try fixture.request(admin, "GET", path, fields: ["Host": host]).status
        }
        for path in ["/console", "/console/console.js"] {
            #expect(try status(path, "evil.example") == 421, "\(path)")
            #expect(try status(path, "ops.example:1") == 200, "\(path)")
            #expect(try status(path, "10.1.2.3:8081") == 200, "\(path)")
        }
        #expect(try status("/console/events", "evil.example") == 421)
        // Browsers have no use for the metrics, and Prometheus may use any host name.
        #expect(try status("/metrics", "passerelle:8081") == 200)
    }
}
