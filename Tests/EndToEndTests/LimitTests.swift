// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The real binary when clients exceed a limit or resources are exhausted.
struct LimitTests {
    private func body(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test func `limits are those of the variables, and refusals are counted`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_MAX_CONNECTIONS": "4", "PASSERELLE_MAX_STREAMS_PER_ADDRESS": "1",
                "PASSERELLE_REQUEST_RATE": "1", "PASSERELLE_REQUEST_BURST": "6",
                "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1", "PASSERELLE_HEADER_TIME": "10m",
            ])
        let own: HTTPFields = ["X-Forwarded-For": "192.0.2.1"]
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=presence-bail-1", fields: own)
        try fixture.wait(for: "the stream") { !stream.messages.isEmpty }
        try expectStreamLimit(gateway, own)
        try expectRateLimit(fixture, gateway, own)
        try expectConnectionLimit(fixture, gateway)
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

    private func expectStreamLimit(_ gateway: GatewayProcess, _ own: HTTPFields) throws {
        let second = try gateway.get("/events?channel=presence-bail-1", fields: own)
        #expect(second.status == 429)
        #expect(
            body(second)
                == #"{"error":"too-many-streams","message":"Too many event streams to your address;"#
                + " retry later.\"}\n")
    }

    private func expectRateLimit(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess, _ own: HTTPFields
    ) throws {
        // The first request that exceeds the burst; on a slow machine a later one.
        var answer: HTTPResponse?
        try fixture.wait(for: "one request too many") {
            answer = try gateway.get("/poll?channel=presence-bail-1", fields: own)
            return answer?.status == 429
        }
        let third = try #require(answer)
        let seconds = try #require(third.fields.first("Retry-After").flatMap { Int($0) })
        #expect((1...2).contains(seconds))
        #expect(
            body(third)
                == #"{"error":"rate-limited","message":"Too many requests from your address; retry later."}"#
                + "\n")
    }

    private func expectConnectionLimit(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess
    ) throws {
        // The stream is one of the four connections; the three others are silent.
        let resting = (0..<3).map { _ in RawClient(fixture, gateway.http, "") }
        try fixture.wait(for: "three connections") { resting.allSatisfy { $0.recorder.isOpened } }
        let fifth = try gateway.get("/healthz", fields: ["X-Forwarded-For": "192.0.2.9"])
        #expect(fifth.status == 503 && fifth.fields.contains("Retry-After"))
        #expect(
            body(fifth)
                == #"{"error":"too-many-connections","message":"Too many connections; retry later."}"#
                + "\n")
        for client in resting { client.close() }
        try fixture.wait(for: "room") {
            try gateway.get("/healthz", fields: ["X-Forwarded-For": "192.0.2.9"]).status == 200
        }
    }

    @Test func `without free descriptors new clients wait, and connected readers keep reading`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let pid = gateway.process.pid
        let readers = (0..<5).map { _ in
            StreamClient(fixture, gateway.http, "/events?channel=presence-bail-1")
        }
        try fixture.wait(for: "the streams") { readers.allSatisfy { !$0.messages.isEmpty } }
        let room = try descriptors(of: pid) + 3
        let result = try fixture.run("prlimit", ["--pid", "\(pid)", "--nofile=\(room):"])
        #expect(result.status == 0, "\(result)")
        var group = try connectTooMany(fixture, gateway)
        // New connections keep arriving, and all readers still receive the messages.
        for count in 1...20 {
            group.append(RawClient(fixture, gateway.http, ""))
            try sandbox.publish("presence-bail-1", "new-message", #"{"n":\#(count)}"#)
            try fixture.wait(for: "the message") {
                readers.allSatisfy { $0.delivered.count == count }
            }
        }
        try expectIdle(fixture, pid)
        #expect(readers.allSatisfy { $0.end == nil })
        #expect(
            gateway.process.lines(with: "level=error", "no descriptor or memory is left").count >= 1
        )
        for client in group { client.close() }
        try awaitAnswer(fixture, gateway)
        #expect(try gateway.status().number(["descriptors_exhausted"]) >= 1)
        for reader in readers { reader.close() }
    }

    /// Connects more clients than there are free descriptors; most of them are refused.
    private func connectTooMany(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess
    ) throws -> [RawClient] {
        let group = (0..<40).map { _ in
            RawClient(fixture, gateway.http, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        try fixture.wait(for: "those that are shut out") {
            group.count { !$0.recorder.ends.isEmpty } >= 30
                && group.contains { $0.recorder.text.hasPrefix("HTTP/1.1 200 ") }
        }
        let refused = group.filter { $0.recorder.text.hasPrefix("HTTP/1.1 503 ") }
        #expect(refused.count >= 20, "\(group.map(\.recorder.text))")
        #expect(refused.allSatisfy { $0.recorder.text.contains("\r\nRetry-After: 10\r\n") })
        return group
    }

    /// Checks that a process with nothing to do uses little processor time.
    private func expectIdle(_ fixture: EndToEndFixture, _ pid: Int32) throws {
        // Connections wait to be accepted; an otherwise idle gateway must not spin.
        let before = try processorTicks(of: pid)
        let start = ContinuousClock.now
        try fixture.rest(.seconds(1))
        let spent =
            Double(try processorTicks(of: pid) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
        let waited = Double((ContinuousClock.now - start) / .seconds(1))
        #expect(spent < waited / 2, "\(spent) s of \(waited) s")
    }

    private func awaitAnswer(_ fixture: EndToEndFixture, _ gateway: GatewayProcess) throws {
        try fixture.wait(for: "an answer again") {
            let client = RawClient(
                fixture, gateway.http, "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            try fixture.wait(for: "an end") { !client.recorder.ends.isEmpty }
            return client.recorder.text.hasPrefix("HTTP/1.0 200 ")
                || client.recorder.text.hasPrefix("HTTP/1.1 200 ")
        }
    }

    /// The number of open descriptors of a process.
    private func descriptors(of pid: Int32) throws -> Int {
        guard let directory = opendir("/proc/\(pid)/fd") else {
            throw TestFailure("errno \(errno)")
        }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count - 2
    }
}
