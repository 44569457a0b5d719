// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Common programs as clients: curl, socat, and this project's clients of the Unix socket.
struct ToolTests {
    private static let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private let url: String

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        url = "http://\(gateway.http)"
    }

    private func publish(_ number: Int) throws {
        try sandbox.publish(Self.channel, "new-message", "{\"n\":\(number)}")
    }

    private func curl(_ arguments: String...) throws -> SubprocessResult {
        try fixture.run("curl", ["-s", "-m", "600"] + arguments)
    }

    private func passerelle(_ arguments: String..., input: String = "") throws -> SubprocessResult {
        try fixture.run(
            "env",
            PasserelleProcess.words(
                arguments, ["PASSERELLE_IPC": gateway.ipc], binary: PasserelleProcess.binary()),
            input: input)
    }

    // MARK: curl

    @Test(arguments: ["--http1.1", "--http1.0"])
    func `curl -N follows a channel, by HTTP 1.1 and by HTTP 1.0`(version: String) throws {
        let curl = try Subprocess(
            "curl", ["-sNi", version, "\(url)/events?channel=\(Self.channel)"])
        try fixture.wait(for: "the snapshot") { curl.output.contains("subscription_succeeded") }
        for number in 1...3 { try publish(number) }
        try fixture.wait(for: "three events") { curl.output.contains(#"{"n":3}"#) }
        let head = curl.output.lowercased()
        for field in [
            "content-type: text/event-stream; charset=utf-8", "x-accel-buffering: no",
            "cache-control: no-cache, no-transform",
        ] {
            #expect(head.contains(field))
        }
        #expect(head.contains("transfer-encoding: chunked") == (version == "--http1.1"))
        #expect(curl.output.contains("retry: "))
        #expect(try gateway.stop() == 0)
        #expect(try curl.wait().status == 0, "an orderly end is none that curl complains of")
    }

    @Test func `a loop of conditional GETs receives every event, and 304 if there is none`()
        throws
    {
        let target = "\(url)/poll?channel=\(Self.channel)"
        let tags = fixture.directory.file("tag")
        func get() throws -> (status: String, body: String) {
            let result = try curl(
                "--etag-save", tags, "--etag-compare", tags, "-w", "\n%{http_code}", target)
            #expect(result.status == 0)
            let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
            return (String(lines.last ?? ""), lines.dropLast().joined())
        }
        #expect(try get().status == "200")
        #expect(try get().status == "304")
        var delivered: [DeliveredEvent] = []
        for number in 1...6 {
            try publish(number)
            guard number.isMultiple(of: 2) else { continue }
            // The sandbox has sent the events before its answer; the gateway may read them a little
            // later.
            try fixture.wait(for: "two events") {
                let (status, body) = try get()
                guard status == "200" else { return false }
                for event in try JSONText(Array(body.utf8)).elements(["events"]) {
                    delivered.append(try DeliveredEvent(event))
                }
                return delivered.count == number
            }
            #expect(try get().status == "304")
        }
        #expect(delivered.map(\.data) == (1...6).map { "{\"n\":\($0)}" })
        let early = try curl("-H", "If-None-Match: W/\"\(delivered[1].id)\", \"x\"", target)
        let body = try JSONText(Array(early.output.utf8))
        #expect(try body.elements(["events"]).count == 4)
    }

    @Test func `a waiting poll is answered by the event, and by 304 after its time`()
        throws
    {
        let first = try JSONText(try gateway.get("/poll?channel=\(Self.channel)").body)
        let position = try first.string(["position"])
        let target = "\(url)/poll?channel=\(Self.channel)&after=\(position)"
        let waiting = try Subprocess("curl", ["-s", target + "&wait=50"])
        try fixture.wait(for: "the poll") {
            try gateway.status().number(["readers", "attached"]) == 1
        }
        try publish(1)
        try fixture.wait(for: "its answer") { waiting.hasEnded }
        #expect(waiting.output.contains(#"{"n":1}"#))
        let tag = try JSONText(Array(waiting.output.utf8)).string(["position"])
        let idle = try curl(
            "-w", "%{http_code}", "-H", "If-None-Match: \"\(tag)\"",
            "\(url)/poll?channel=\(Self.channel)&wait=1")
        #expect(idle.output == "304")
        let empty = try curl("\(url)/poll?channel=\(Self.channel)&after=\(tag)&wait=1")
        #expect(try JSONText(Array(empty.output.utf8)).elements(["events"]).isEmpty)
    }

    // MARK: socat

    @Test func `socat subscribes, receives, and is released at the end`() throws {
        let socat = try Subprocess("socat", ["-t", "600", "-", "UNIX-CONNECT:\(gateway.ipc)"])
        socat.write("SUBSCRIBE \(Self.channel)\r\n")
        try fixture.wait(for: "the answer") { socat.output.contains("\n") }
        #expect(socat.output.hasPrefix("OK SUBSCRIBE \(Self.channel) {\"position\":\""))
        try publish(1)
        try fixture.wait(for: "the event") { socat.output.contains("\nEVENT {") }
        socat.write("PING\nNONSENSE\nPUBLISH \(Self.channel) note {\"a\": [1, 2]}\n")
        try fixture.wait(for: "the event") { socat.output.contains(#"{"a": [1, 2]}"#) }
        socat.write("QUIT\n")
        socat.closeInput()
        let result = try socat.wait(upTo: hangLimit) {
            try fixture.loop.runOnce(timeout: .milliseconds(5))
        }
        #expect(result.status == 0)
        let verbs = result.output.split(separator: "\n").map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            verbs.prefix(4).map { $0.prefix(8) } == [
                "OK SUBSC", "EVENT {\"", "OK PING", "ERR bad-",
            ])
        #expect(verbs.last == "OK QUIT")
        #expect(verbs.contains("OK PUBLISH"))
    }

    @Test func `piped commands are all answered before the end`() throws {
        try publish(0)
        let result = try fixture.run(
            "socat", ["-t", "600", "-", "UNIX-CONNECT:\(gateway.ipc)"],
            input: "MEMBERS \(Self.channel)\nHISTORY \(Self.channel)\nCHANNELS\nSTATUS\n")
        let verbs = result.output.split(separator: "\n").map { $0.split(separator: " ")[1] }
        #expect(verbs.sorted() == ["CHANNELS", "HISTORY", "MEMBERS", "STATUS"])
    }

    // MARK: This project's clients

    @Test func `tail prints events, and publish, members and status get their answers`() throws {
        let tail = try fixture.start(
            "tail", [Self.channel, "presence-bail-2"], ["PASSERELLE_IPC": gateway.ipc])
        let ana = try ChannelsMember(
            fixture, port: sandbox.port, userID: "ana", info: #"{"name":"Ana"}"#)
        try fixture.wait(for: "tail's subscriptions") {
            try gateway.isLive(Self.channel, "presence-bail-2")
        }
        try ana.join(Self.channel)
        try fixture.wait(for: "ana") { tail.output.contains("pusher:member_added") }
        let sent = try passerelle("publish", Self.channel, "new-message", #"{ "text":"é\n" }"#)
        #expect([sent.output, sent.errors] == ["", ""] && sent.status == 0)
        let piped = try passerelle("publish", "presence-bail-2", "note", "-", input: "[1,\n2]\n")
        #expect([piped.output, piped.errors] == ["", ""] && piped.status == 0)
        try fixture.wait(for: "both events") { tail.output.split(separator: "\n").count == 3 }
        let delivered = try tail.output.split(separator: "\n").map {
            try DeliveredEvent(Array($0.utf8))
        }
        #expect(
            delivered.map(\.published) == [
                #"pusher:member_added {"user_id":"ana","user_info":{"name":"Ana"}} -"#,
                #"new-message { "text":"é\n" } -"#, "note [1, 2] -",
            ])
        let members = try passerelle("members", Self.channel)
        #expect(members.status == 0 && members.output.contains("ana"))
        let json = try passerelle("members", "--json", Self.channel)
        #expect(try JSONText(Array(json.output.utf8)).number(["count"]) == 1)
        let status = try passerelle("status")
        #expect(status.status == 0 && status.output.contains("upstream.state"))
        #expect(status.output.contains("connected"))
        let refused = try passerelle("members", "private-x")
        #expect(refused.status == 1 && refused.errors.contains("forbidden"))
    }

    @Test func `tail resumes at its position when the gateway is back`() throws {
        let tail = try fixture.start("tail", [Self.channel], ["PASSERELLE_IPC": gateway.ipc])
        try fixture.wait(for: "tail's subscription") { try gateway.isLive(Self.channel) }
        try publish(1)
        try fixture.wait(for: "the first event") { tail.output.contains(#"{"n":1}"#) }
        try gateway.stop()
        let next = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_IPC": gateway.ipc])
        try fixture.wait(for: "tail's return") {
            try next.isLive(Self.channel) && tail.output.contains("unknown-position")
        }
        try publish(2)
        try fixture.wait(for: "the second event") { tail.output.contains(#"{"n":2}"#) }
        let delivered = try tail.output.split(separator: "\n").map {
            try DeliveredEvent(Array($0.utf8))
        }
        #expect(delivered.map(\.event) == ["new-message", "passerelle:gap", "new-message"])
        #expect(tail.errors.contains("lost the gateway"))
    }

    @Test func `a client without a gateway prints the path it tried, and exits 69`() throws {
        let result = try fixture.run(
            "env",
            PasserelleProcess.words(
                ["status"], ["PASSERELLE_IPC": fixture.directory.file("nothing")],
                binary: PasserelleProcess.binary()))
        #expect(result.status == 69)
        #expect(result.errors.contains(fixture.directory.file("nothing")))
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    // MARK: Listeners

    @Test func `several listeners serve the same: IPv4, IPv6 and a Unix socket`() throws {
        let path = fixture.directory.file("http")
        let several = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "127.0.0.1:0,[::1]:0,unix:\(path)")
        let addresses = several.addresses
        #expect(addresses.count == 3)
        let streams = addresses.map {
            StreamClient(fixture, $0, "/events?channel=\(Self.channel)")
        }
        try fixture.wait(for: "every snapshot") { streams.allSatisfy { !$0.snapshots.isEmpty } }
        try publish(1)
        try fixture.wait(for: "the event") { streams.allSatisfy { $0.delivered.count == 1 } }
        #expect(Set(streams.map { $0.delivered[0].id }).count == 1)
        let mode = try fixture.run("stat", ["-c", "%a", path, several.ipc])
        #expect(mode.output == "660\n660\n")
        let members = "/channels/\(Self.channel)/members"
        let bySocket = try curl("--unix-socket", path, "http://any.name\(members)")
        let byIPv6 = try curl("-g", "http://\(addresses[1])\(members)")
        #expect(bySocket.output == byIPv6.output)
        #expect(try JSONText(Array(byIPv6.output.utf8)).number(["count"]) == 0)
    }
}
