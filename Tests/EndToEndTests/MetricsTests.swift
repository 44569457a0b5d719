// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What an operator sees on the admin listener of the real binary.
struct MetricsTests {
    private static let channel = "presence-bail-metrics"

    @Test func `readers, deliveries and Channels are counted, and Prometheus takes it`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_ADMIN": "127.0.0.1:0",
                "PASSERELLE_STATE_DIR": stage.folder.file("state"),
            ])
        let admin = try gateway.adminAddress()
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)")
        let line = LineClient(stage, path: gateway.ipc)
        defer {
            stream.close()
            line.close()
        }
        try stage.wait(for: "the stream's members") { !stream.snapshots.isEmpty }
        _ = try line.ask("SUBSCRIBE \(Self.channel)")
        for number in 1...3 {
            try sandbox.publish(Self.channel, "new-message", #"{"n":\#(number)}"#)
        }
        try stage.wait(for: "three messages") {
            stream.count == 3
        }
        let first = try Self.scrape(stage, admin)
        #expect(first["passerelle_upstream_connected"] == 1)
        #expect(first["passerelle_upstream_reconnects_total"] == 0)
        #expect(first[#"passerelle_readers{surface="sse"}"#] == 1)
        #expect(first[#"passerelle_readers{surface="poll"}"#] == 0)
        #expect(first[#"passerelle_readers{surface="line"}"#] == 1)
        #expect(first[#"passerelle_channels{state="live"}"#] == 1)
        #expect(first["passerelle_events_received_total"] == 3)
        // Both were told the members first.
        #expect(first[#"passerelle_deliveries_total{surface="sse"}"#] == 4)
        #expect(first["passerelle_journal_up"] == 1)
        #expect((first["passerelle_delivery_seconds_count"] ?? 0) >= 1)
        #expect((first["process_resident_memory_bytes"] ?? 0) > 1_000_000)
        _ = try gateway.get("/poll?channel=\(Self.channel)&after=zzzz-1")
        #expect(try gateway.get("/poll?channel=none-of-ours").status == 403)
        let second = try Self.scrape(stage, admin)
        #expect(second[#"passerelle_reader_gaps_total{reason="unknown-position"}"#] == 1)
        #expect(second[#"passerelle_deliveries_total{surface="poll"}"#] == 4)
        #expect(second["passerelle_polls_total"] == 1)
        #expect(second[#"passerelle_refusals_total{error="forbidden"}"#] == 1)
        try Self.check(stage, admin)
    }

    @Test func `the admin listener serves operators and nothing else`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"])
        let admin = try gateway.adminAddress()
        let index = try stage.request(admin, "GET", "/")
        #expect(
            index.status == 200
                && String(decoding: index.body, as: UTF8.self)
                    .contains("\n/metrics ")
        )
        let metrics = try stage.request(admin, "HEAD", "/metrics")
        #expect(metrics.status == 200 && metrics.body.isEmpty)
        #expect(
            metrics.fields.first("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        #expect(try stage.request(admin, "GET", "/healthz").status == 200)
        #expect(try stage.request(admin, "GET", "/readyz").status == 200)
        let posted = try stage.request(admin, "POST", "/metrics")
        #expect(posted.status == 405 && posted.fields.first("Allow") == "GET, HEAD")
        let options = try stage.request(admin, "OPTIONS", "/metrics")
        #expect(options.status == 204 && options.fields.first("Allow") == "GET, HEAD")
        let elsewhere = try stage.request(
            admin, "GET", "/metrics", fields: ["Host": "rebound.example"])
        #expect(elsewhere.status == 421)
        let page = try stage.request(
            admin, "GET", "/metrics", fields: ["Origin": "https://elsewhere.example"])
        #expect(page.status == 403)
        for path in ["/metrics/", "/poll?channel=\(Self.channel)", "/events", "//"] {
            #expect(try stage.request(admin, "GET", path).status == 404)
        }
        #expect(try gateway.get("/metrics").status == 404)
        #expect(try gateway.stop() == 0)
    }

    @Test func `Prometheus takes the alert rules`() throws {
        let result = try Stage().run(
            Subprocess.client("promtool"),
            ["check", "rules", Subprocess.packageFolder + "/deploy/alerts.yml"])
        try Self.skip(without: result)
        #expect(result.status == 0, "\(result)")
    }

    /// The samples, by their names and labels as they stand.
    private static func scrape(
        _ stage: Stage, _ admin: ListenAddress
    ) throws -> [String: Double] {
        let answer = try stage.request(admin, "GET", "/metrics")
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

    @Test func `without the default address readers are served all the same`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        // Somebody on this machine may have it already: that is as good.
        let holder = try? Listener(
            loop: stage.loop, address: .tcp(host: "127.0.0.1", port: 8081)
        ) { $0.close() }
        defer { holder?.close() }
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, unset: ["PASSERELLE_ADMIN"])
        let errors = gateway.process.lines(with: "level=error")
        #expect(errors.count == 1, "\(errors)")
        #expect(errors.allSatisfy { $0.contains("operators are not served") })
        #expect(errors.allSatisfy { $0.contains("PASSERELLE_ADMIN: cannot listen") })
        #expect(try gateway.get("/poll?channel=\(Self.channel)").status == 200)
        guard holder != nil else { return }
        let found = try CheckOutcome.of(
            stage, port: sandbox.port, unset: ["PASSERELLE_ADMIN"])
        #expect(found.status == 2 && found.faults == ["admin"], "\(found.output)")
    }

    /// Ends the test as skipped where there is no `promtool`.
    private static func skip(without result: SubprocessResult) throws {
        if result.status == 69 {
            try Test.cancel(Comment(rawValue: "no promtool: " + result.errors))
        }
    }

    /// Has Prometheus' own checker read what the gateway says.
    private static func check(_ stage: Stage, _ admin: ListenAddress) throws {
        let answer = try stage.request(admin, "GET", "/metrics")
        let result = try stage.run(
            Subprocess.client("promtool"), ["check", "metrics"],
            input: String(decoding: answer.body, as: UTF8.self))
        try skip(without: result)
        #expect(result.status == 0, "\(result)")
        #expect(result.output == "" && result.errors == "")
    }
}
