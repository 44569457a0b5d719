// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The console of the real binary.
struct ConsoleTests {
    private static let channel = "presence-bail-console"

    private func gateway(
        _ stage: Stage, _ sandbox: SandboxProcess, _ more: [String: String] = [:]
    ) throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"].merging(more) { $1 })
    }

    private func open(_ stage: Stage, _ admin: ListenAddress) -> RawClient {
        RawClient(stage, admin, "GET /console/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    private func wait(_ stage: Stage, _ console: RawClient, for text: String) throws {
        try stage.wait(for: "\(text) in the console; it has \(console.recorder.text.suffix(3000))")
        {
            console.recorder.text.contains(text)
        }
    }

    @Test func `readers, members, events and Channels' state are told, and no content`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try gateway(stage, sandbox)
        let admin = try gateway.adminAddress()
        let console = open(stage, admin)
        try wait(stage, console, for: #""upstream":{"state":"connected","since":""#)
        try wait(stage, console, for: #""readers":{"sse":0,"poll":0,"line":0}"#)
        let info = "%7B%22name%22%3A%22a-private-name%22%7D"
        let stream = StreamClient(
            stage, gateway.http, "/events?channel=\(Self.channel)&user=usr_7&user_info=\(info)")
        // Whoever comes is news, so that a poll would be answered.
        try wait(stage, console, for: #""list":[{"user_id":"usr_7"}]"#)
        let poll = RawClient(
            stage, gateway.http,
            "GET /poll?channel=\(Self.channel)&wait=55&after=now HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        let line = LineClient(stage, path: gateway.ipc)
        defer {
            stream.close()
            poll.close()
            line.close()
        }
        _ = try line.ask("SUBSCRIBE \(Self.channel)")
        try wait(stage, console, for: #""readers":{"sse":1,"poll":1,"line":1}"#)
        try sandbox.publish(Self.channel, "new-message", #"{"text":"a-private-word"}"#)
        try wait(stage, console, for: #""event":"new-message","size":25}"#)
        try wait(stage, console, for: #""channel":"\#(Self.channel)","state":"live""#)
        try sandbox.kill()
        try wait(stage, console, for: #""state":"waiting","since":""#)
        try wait(stage, console, for: #""state":"away""#)
        try wait(stage, console, for: #""lost":""#)
        for words in ["a-private-name", "a-private-word", "user_info", SandboxProcess.secret] {
            #expect(!console.recorder.text.contains(words), "\(words)")
        }
        // It ends in order, as its coding says.
        #expect(try gateway.stop() == 0)
        try stage.wait(for: "the console's end") { !console.recorder.ends.isEmpty }
        #expect(console.recorder.text.hasSuffix("\r\n0\r\n\r\n"))
    }

    @Test func `content is shown where it is switched on, and the log says so`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try gateway(stage, sandbox, ["PASSERELLE_CONSOLE_CONTENT": "1"])
        let console = open(stage, try gateway.adminAddress())
        let stream = StreamClient(
            stage, gateway.http,
            "/events?channel=\(Self.channel)&user=usr_7&user_info=%7B%22name%22%3A%22Anne%22%7D")
        defer { stream.close() }
        try stage.wait(for: "the channel") { try gateway.isLive(Self.channel) }
        try wait(stage, console, for: #""user_info":"{\"name\":\"Anne\"}""#)
        try sandbox.publish(
            Self.channel, "new-message", #"{"message":{"id":"m1","content":"Bonjour"}}"#)
        try wait(stage, console, for: #"\"content\":\"Bonjour\""#)
        try sandbox.publish(Self.channel, "message-deleted", #"{"messageId":"m1"}"#)
        try wait(stage, console, for: #","retracted":[""#)
        // Who opens one from here on never sees it.
        let later = open(stage, try gateway.adminAddress())
        try wait(stage, later, for: #""retracted":true"#)
        #expect(!later.recorder.text.contains("Bonjour"))
        #expect(
            !gateway.process.lines(
                with: "PASSERELLE_CONSOLE_CONTENT=1: who can reach PASSERELLE_ADMIN reads what is"
            ).isEmpty)
        #expect(!gateway.process.errors.contains("Bonjour"))
    }

    @Test func `it is for this host's operators alone`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try gateway(stage, sandbox)
        let admin = try gateway.adminAddress()
        for path in ["/console", "/console/console.css", "/console/console.js", "/console/events"] {
            let rebound = try stage.request(
                admin, "GET", path, fields: ["Host": "rebound.example"])
            #expect(rebound.status == 421, "\(path)")
            #expect(
                String(decoding: rebound.body, as: UTF8.self)
                    == #"{"error":"misdirected","message":"This gateway does not answer for that"#
                    + #" host; PASSERELLE_HOSTS says for which."}"# + "\n")
            let page = try stage.request(
                admin, "GET", path, fields: ["Origin": "https://elsewhere.example"])
            #expect(page.status == 403, "\(path)")
            #expect(page.fields.first("Access-Control-Allow-Origin") == nil)
            #expect(try gateway.get(path).status == 404, "\(path)")
        }
        #expect(try stage.request(admin, "GET", "/console").status == 200)
    }

    @Test func `where other hosts may come, a name still has to be said`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try gateway(
            stage, sandbox, ["PASSERELLE_ADMIN_OPEN": "yes", "PASSERELLE_HOSTS": "ops.example"])
        let admin = try gateway.adminAddress()
        func status(_ path: String, _ host: String) throws -> Int {
            try stage.request(admin, "GET", path, fields: ["Host": host]).status
        }
        for path in ["/console", "/console/console.js"] {
            #expect(try status(path, "evil.example") == 421, "\(path)")
            #expect(try status(path, "ops.example:1") == 200, "\(path)")
            #expect(try status(path, "10.1.2.3:8081") == 200, "\(path)")
        }
        #expect(try status("/console/events", "evil.example") == 421)
        // No browser has any use of it, and Prometheus comes by whatever name it knows.
        #expect(try status("/metrics", "passerelle:8081") == 200)
    }
}
