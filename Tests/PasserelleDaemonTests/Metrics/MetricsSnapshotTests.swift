// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

@testable import PasserelleDaemon

struct MetricsSnapshotTests {
    /// A snapshot in which everything is there.
    private var full: MetricsSnapshot {
        var snapshot = MetricsSnapshot()
        snapshot.version = "1.2.3"
        snapshot.upstream = .init(
            isConnected: true, attempts: 4, connections: 3, messages: 100, garbled: 1,
            lastEvent: 1_795_375_466.305)
        snapshot.log.counters.events = 90
        snapshot.log.counters.gaps[.upstream] = 2
        snapshot.log.counters.gaps[.restart] = 1
        snapshot.log.counters.evictedByAge = 7
        snapshot.log.bytes = 12_345
        snapshot.log.byteLimit = 256 << 20
        snapshot.log.channels = ["live": 3, "idle": 2]
        snapshot.readers.streams = 1_000
        snapshot.readers.waitingPolls = 2
        snapshot.readers.subscriptions = 3
        snapshot.readers.tally.polls = 8
        snapshot.readers.tally.notModified = 5
        snapshot.readers.tally.refused("shutting-down")
        snapshot.readers.latency.add(.microseconds(200))
        snapshot.presence.members = 4
        snapshot.presence.clientEvents.delegated = 6
        var auth = AuthChecks.Tally()
        auth.admitted = 11
        auth.failed = 1
        snapshot.auth = auth
        snapshot.journal = .init(isOn: false, bytes: 4096, segments: 2, lag: .milliseconds(1500))
        var tally = NoticeTally()
        tally.sent = 9
        snapshot.notices = .init(pending: 1, tally: tally)
        snapshot.started = 1_795_375_000
        var process = ProcessFigures()
        process.residentBytes = 16 << 20
        process.cpu = .milliseconds(1250)
        process.openDescriptors = 12
        process.descriptorLimit = 1024
        snapshot.process = process
        return snapshot
    }

    @Test func `the text is as in the fixture, to the byte`() throws {
        let path = Fixture.path("metrics.txt")
        let expected = try Surroundings.process().readFile(path).get()
        #expect(
            String(decoding: full.text, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    @Test(arguments: ["alerts.yml", "grafana-dashboard.json"])
    func `what rules and dashboard ask for is there`(file: String) throws {
        let text = String(
            decoding: try Surroundings.process().readFile(
                Subprocess.packageFolder + "/deploy/" + file
            ).get(), as: UTF8.self)
        let lines = String(decoding: full.text, as: UTF8.self).split(separator: "\n")
        let names = Set(
            lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " && $0 != "{" } })
        let asked = text.matches(of: /\b(?:passerelle|process)_[a-z_]+/).map(\.output)
        #expect(asked.count > 10)
        for name in asked { #expect(names.contains(name), "\(name)") }
    }

    @Test func `what the gateway does not have is left out`() {
        let text = String(decoding: MetricsSnapshot().text, as: UTF8.self)
        for name in ["passerelle_journal", "passerelle_notice", "last_event", "process_open_fds"] {
            #expect(!text.contains(name))
        }
        #expect(text.contains("\npasserelle_upstream_reconnects_total 0\n"))
    }

    @Test func `the kernel's figures are this process's`() throws {
        let before = try #require(ProcessFigures.now())
        #expect(before.residentBytes > 1 << 20 && before.residentBytes < before.virtualBytes)
        #expect(before.cpu > .zero && before.openDescriptors > 2)
        #expect(before.descriptorLimit >= UInt64(before.openDescriptors))
    }
}
