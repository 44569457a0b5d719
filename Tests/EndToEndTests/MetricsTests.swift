// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Metrics and health on the admin listener of the real binary.
struct MetricsTests {
    private static let channel = "presence-bail-metrics"

    @Test func `readers, deliveries and Channels are counted in a form that Prometheus accepts`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_ADMIN": "127.0.0.1:0",
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
            ])
        let admin = try gateway.adminAddress()
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        let line = LineClient(fixture, path: gateway.ipc)
        defer {
            stream.close()
            line.close()
        }
        try fixture.wait(for: "the stream's members") { !stream.snapshots.isEmpty }
        _ = try line.ask("SUBSCRIBE \(Self.channel)")
        for number in 1...3 {
            try sandbox.publish(Self.channel, "new-message", #"{"n":\#(number)}"#)
        }
        try fixture.wait(for: "three messages") {
            stream.count == 3
        }
        let first = try Self.scrape(fixture, admin)
        expectThreeMessages(first)
        _ = try gateway.get("/poll?channel=\(Self.channel)&after=zzzz-1")
        #expect(try gateway.get("/poll?channel=none-of-ours").status == 403)
        let second = try Self.scrape(fixture, admin)
        #expect(second[#"passerelle_reader_gaps_total{reason="unknown-position"}"#] == 1)
        #expect(second[#"passerelle_deliveries_total{surface="poll"}"#] == 4)
        #expect(second["passerelle_polls_total"] == 1)
        #expect(second[#"passerelle_refusals_total{error="forbidden"}"#] == 1)
        try Self.check(fixture, admin)
    }

    /// Checks the samples after three messages to a stream and a line.
    private func expectThreeMessages(_ samples: [String: Double]) {
        #expect(samples["passerelle_upstream_connected"] == 1)
        #expect(samples["passerelle_upstream_reconnects_total"] == 0)
        #expect(samples[#"passerelle_readers{surface="sse"}"#] == 1)
        #expect(samples[#"passerelle_readers{surface="poll"}"#] == 0)
        #expect(samples[#"passerelle_readers{surface="line"}"#] == 1)
        #expect(samples[#"passerelle_channels{state="live"}"#] == 1)
        #expect(samples["passerelle_events_received_total"] == 3)
        // Both readers received the members first.
        #expect(samples[#"passerelle_deliveries_total{surface="sse"}"#] == 4)
        #expect(samples["passerelle_journal_up"] == 1)
        #expect((samples["passerelle_delivery_seconds_count"] ?? 0) >= 1)
        #expect((samples["process_resident_memory_bytes"] ?? 0) > 1_000_000)
    }

    @Test func `the admin listener serves only the operators' routes`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"])
        let admin = try gateway.adminAddress()
        let index = try fixture.request(admin, "GET", "/")
        #expect(
            index.status == 200
                && String(decoding: index.body, as: UTF8.self)
                    .contains("\n/metrics ")
        )
        let metrics = try fixture.request(admin, "HEAD", "/metrics")
        #expect(metrics.status == 200 && metrics.body.isEmpty)
        #expect(
            metrics.fields.first("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(try fixture.request(admin, "GET", "/healthz").status == 200)
        #expect(try fixture.request(admin, "GET", "/readyz").status == 200)
        let posted = try fixture.request(admin, "POST", "/metrics")
        #expect(posted.status == 405 && posted.fields.first("Allow") == "GET, HEAD")
        let options = try fixture.request(admin, "OPTIONS", "/metrics")
        #expect(options.status == 204 && options.fields.first("Allow") == "GET, HEAD")
        let elsewhere = try fixture.request(
            admin, "GET", "/metrics", fields: ["Host": "rebound.example"])
        #expect(elsewhere.status == 421)
        let page = try fixture.request(
            admin, "GET", "/metrics", fields: ["Origin": "https://elsewhere.example"])
        #expect(page.status == 403)
        for path in ["/metrics/", "/poll?channel=\(Self.channel)", "/events", "//"] {
            #expect(try fixture.request(admin, "GET", path).status == 404)
        }
        #expect(try gateway.get("/metrics").status == 404)
        #expect(try gateway.stop() == 0)
    }

    @Test func `Prometheus accepts the alert rules`() throws {
        let result = try EndToEndFixture().run(
            Subprocess.client("promtool"),
            ["check", "rules", Subprocess.packageDirectory + "/deploy/alerts.yml"])
        try Self.skip(without: result)
        #expect(result.status == 0, "\(result)")
    }

    /// The samples, by their names and labels as written.
    private static func scrape(
        _ fixture: EndToEndFixture, _ admin: ListenAddress
    ) throws -> [String: Double] {
        let answer = try fixture.request(admin, "GET", "/metrics")
        var samples: [String: Double] = [:]
        for line in String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
        where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else {
                throw TestFailure("no sample: \(line)")
            }
            guard samples.updateValue(value, forKey: String(words[0])) == nil else {
                throw TestFailure("twice: \(line)")
            }
        }
        return samples
    }

    @Test func `if the default admin address is taken readers are still served`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        // Another process of this machine may hold the address already, which serves the test as
        // well.
        let holder = try? Listener(
            loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 8081)
        ) { $0.close() }
        defer { holder?.close() }
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, unset: ["PASSERELLE_ADMIN"])
        let errors = gateway.process.lines(with: "level=error")
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.allSatisfy { $0.contains("the admin listener is unavailable") })
        #expect(errors.allSatisfy { $0.contains("PASSERELLE_ADMIN: cannot listen") })
        #expect(try gateway.get("/poll?channel=\(Self.channel)").status == 200)
        guard holder != nil else { return }
        let found = try CheckOutcome.of(
            fixture, port: sandbox.port, unset: ["PASSERELLE_ADMIN"])
        #expect(found.status == 2 && found.faults == ["admin"], "\(found.output)")
    }

    /// Cancels the test if `promtool` is not installed.
    private static func skip(without result: SubprocessResult) throws {
        if result.status == 69 {
            try Test.cancel(Comment(rawValue: "no promtool: " + result.errors))
        }
    }

    /// Checks the gateway's metrics with Prometheus' own checker.
    private static func check(_ fixture: EndToEndFixture, _ admin: ListenAddress) throws {
        let answer = try fixture.request(admin, "GET", "/metrics")
        let result = try fixture.run(
            Subprocess.client("promtool"), ["check", "metrics"],
            input: String(decoding: answer.body, as: UTF8.self))
        try skip(without: result)
        #expect(result.status == 0, "\(result)")
        #expect(result.output == "" && result.errors == "")
    }
}
