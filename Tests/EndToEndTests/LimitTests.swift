// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What the real binary does when clients take more than they may, or than there is.
struct LimitTests {
    private func body(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test func `limits are what the variables say, and are counted`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_MAX_CONNECTIONS": "4", "PASSERELLE_MAX_STREAMS_PER_ADDRESS": "1",
                "PASSERELLE_REQUEST_RATE": "1", "PASSERELLE_REQUEST_BURST": "2",
                "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1", "PASSERELLE_IDLE_TIME": "1s",
            ])
        let own: HTTPFields = ["X-Forwarded-For": "192.0.2.1"]
        let stream = StreamClient(
            stage, gateway.http, "/events?channel=presence-bail-1", fields: own)
        try stage.wait(for: "the stream") { !stream.messages.isEmpty }
        let second = try gateway.get("/events?channel=presence-bail-1", fields: own)
        #expect(second.status == 429)
        #expect(
            body(second)
                == #"{"error":"too-many-streams","message":"Your address has as many streams as"#
                + " it may have; come back.\"}\n")
        let third = try gateway.get("/poll?channel=presence-bail-1", fields: own)
        #expect(third.status == 429 && third.fields.first("Retry-After") == "1")
        #expect(
            body(third)
                == #"{"error":"rate-limited","message":"Your address asks too often; come back."}"#
                + "\n")
        // The stream is one of the four; the three others say nothing, and are cut in the end.
        let resting = (0..<3).map { _ in RawClient(stage, gateway.http, "") }
        try stage.wait(for: "three connections") { resting.allSatisfy { $0.recorder.isOpened } }
        let fifth = try gateway.get("/healthz", fields: ["X-Forwarded-For": "192.0.2.9"])
        #expect(fifth.status == 503 && fifth.fields.contains("Retry-After"))
        #expect(
            body(fifth)
                == #"{"error":"too-many-connections","message":"There are as many connections as"#
                + " there may be; come back.\"}\n")
        for client in resting { client.close() }
        try stage.wait(for: "room") {
            try gateway.get("/healthz", fields: ["X-Forwarded-For": "192.0.2.9"]).status == 200
        }
        let limited = try gateway.status()
        #expect(try limited.number(["served", "limited", "connections"]) >= 1)
        #expect(try limited.number(["served", "limited", "streams_per_address"]) == 1)
        #expect(try limited.number(["served", "limited", "request_rate"]) >= 1)
        for limit in ["MAX_CONNECTIONS", "MAX_STREAMS_PER_ADDRESS", "REQUEST_RATE"] {
            let lines = gateway.process.lines(with: "a limit is reached", "PASSERELLE_\(limit)")
            #expect(lines.count == 1, "\(limit)")
        }
        stream.close()
    }

    @Test func `without a descriptor nobody new comes, and everybody else reads on`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let pid = gateway.process.pid
        let readers = (0..<5).map { _ in
            StreamClient(stage, gateway.http, "/events?channel=presence-bail-1")
        }
        try stage.wait(for: "the streams") { readers.allSatisfy { !$0.messages.isEmpty } }
        let room = try descriptors(of: pid) + 3
        let result = try stage.run("prlimit", ["--pid", "\(pid)", "--nofile=\(room):"])
        #expect(result.status == 0, "\(result)")
        var crowd = (0..<40).map { _ in
            RawClient(stage, gateway.http, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        try stage.wait(for: "those that are shut out") {
            crowd.count { !$0.recorder.ends.isEmpty } >= 30
        }
        #expect(crowd.contains { $0.recorder.text.hasPrefix("HTTP/1.1 200 ") })
        let refused = crowd.filter { $0.recorder.text.hasPrefix("HTTP/1.1 503 ") }
        #expect(refused.count >= 20, "\(crowd.map(\.recorder.text))")
        #expect(refused.allSatisfy { $0.recorder.text.contains("\r\nRetry-After: 10\r\n") })
        // New ones keep coming, and everybody who reads hears all the same.
        let before = try ticks(of: pid)
        let start = ContinuousClock.now
        var count = 0
        while ContinuousClock.now - start < .seconds(1) {
            crowd.append(RawClient(stage, gateway.http, ""))
            count += 1
            try sandbox.publish("presence-bail-1", "new-message", #"{"n":\#(count)}"#)
            try stage.wait(for: "the message") { readers.allSatisfy { $0.told.count == count } }
        }
        let spent = Double(try ticks(of: pid) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let waited = Double((ContinuousClock.now - start) / .seconds(1))
        #expect(spent < waited / 2, "\(spent) s of \(waited) s")
        #expect(readers.allSatisfy { $0.end == nil })
        #expect(
            gateway.process.lines(with: "level=error", "no descriptor or memory is left").count >= 1
        )
        for client in crowd { client.close() }
        try stage.wait(for: "an answer again") {
            let client = RawClient(
                stage, gateway.http, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            try stage.wait(for: "an end") { !client.recorder.ends.isEmpty }
            return client.recorder.text.hasPrefix("HTTP/1.0 200 ")
                || client.recorder.text.hasPrefix("HTTP/1.1 200 ")
        }
        #expect(try gateway.status().number(["descriptors_exhausted"]) >= 1)
        for reader in readers { reader.close() }
    }

    /// How many descriptors a process has open.
    private func descriptors(of pid: Int32) throws -> Int {
        guard let folder = opendir("/proc/\(pid)/fd") else { throw TestFailure("errno \(errno)") }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count - 2
    }

    /// The processor time that a process has had, in ticks.
    private func ticks(of pid: Int32) throws -> Int {
        let text = try Subprocess.run("cat", ["/proc/\(pid)/stat"]).output
        // What follows the name, which may have spaces in it, begins with the third field.
        let words = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard words.count > 12, let user = Int(words[11]), let system = Int(words[12]) else {
            throw TestFailure("no times in \(text)")
        }
        return user + system
    }
}
