// SPDX-License-Identifier: MIT

import PasserelleConfiguration
import PasserelleHub
import PasserelleNotices
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin
@testable import PasserelleDownstream
@testable import PasserelleUpstream

struct GatewaySnapshotTests {
    /// A snapshot with every part.
    private var full: GatewaySnapshot {
        var snapshot = GatewaySnapshot()
        snapshot.version = "1.2.3"
        snapshot.started = WallTime(milliseconds: 1_795_375_000_000)
        snapshot.uptime = .milliseconds(61_500)
        snapshot.upstream.state = .connected
        snapshot.upstream.since = WallTime(milliseconds: 1_795_375_001_000)
        snapshot.upstream.attempts = 4
        snapshot.upstream.connections = 3
        snapshot.upstream.reconnects = 2
        snapshot.upstream.established = 1
        snapshot.upstream.missingCopies = 3
        snapshot.upstream.second = (.waiting, "closed with code 4100")
        snapshot.upstream.messages = 100
        snapshot.upstream.invalidMessages = 1
        snapshot.upstream.emptyFrames = 5
        snapshot.upstream.ignored = 2
        snapshot.upstream.lastEvent = WallTime(milliseconds: 1_795_375_466_305)
        snapshot.hub.position = "e-7"
        snapshot.hub.counters.events = 90
        snapshot.hub.counters.gaps[.upstream] = 2
        snapshot.hub.counters.gaps[.restart] = 1
        snapshot.hub.counters.evictedByAge = 7
        snapshot.hub.logBytes = 12_345
        snapshot.hub.byteLimit = 256 << 20
        snapshot.hub.channelStates = ["live": 3, "idle": 2]
        snapshot.downstream.streams = 1_000
        snapshot.downstream.waitingPolls = 2
        snapshot.downstream.subscriptions = 3
        snapshot.downstream.tally.polls = 8
        snapshot.downstream.tally.notModified = 5
        snapshot.downstream.tally.refused("shutting-down")
        snapshot.downstream.latency.add(.microseconds(200))
        snapshot.presence.isDelegated = true
        snapshot.presence.members = 4
        snapshot.presence.clientEvents.delegated = 6
        snapshot.presence.clientEventRefusal = "4301: \"too\" many"
        snapshot.presence.refusals = Self.refusals
        var auth = AuthRouteCache.Tally()
        auth.admitted = 11
        auth.failed = 1
        snapshot.auth = auth
        snapshot.journal.state = .off
        snapshot.journal.synced = "e-6"
        snapshot.journal.bytes = 4096
        snapshot.journal.segments = 2
        snapshot.journal.lag = .milliseconds(1500)
        var notices = GatewaySnapshot.NoticePart()
        notices.pending = 1
        notices.tally.sent = 9
        snapshot.notices = notices
        var process = ProcessFigures()
        process.residentBytes = 16 << 20
        process.cpu = .milliseconds(1250)
        process.openDescriptors = 12
        process.descriptorLimit = 1024
        snapshot.process = process
        return snapshot
    }

    private static var refusals: [Fallbacks.Kind: Fallbacks.State] {
        var refusals: [Fallbacks.Kind: Fallbacks.State] = [:]
        refusals[.connection(code: 4004)] = .init(message: "over quota", users: 2, refusals: 3)
        refusals[.subscription(channel: "presence-c", status: 403)] = .init(
            message: "full", users: 5, refusals: 6)
        return refusals
    }

    private func fixture(_ name: String) throws -> String {
        let path = Subprocess.packageDirectory + "/Tests/PasserelleAdminTests/Fixtures/" + name
        return String(
            decoding: try ProcessEnvironment.process().readFile(path).get(), as: UTF8.self)
    }

    @Test func `the metrics equal the fixture, byte for byte`() throws {
        #expect(String(decoding: full.metrics, as: UTF8.self) == (try fixture("metrics.txt")))
    }

    @Test func `the status equals the fixture, byte for byte`() throws {
        #expect(String(decoding: full.status, as: UTF8.self) + "\n" == (try fixture("status.json")))
    }

    @Test func `the status of a new gateway has no optional parts`() throws {
        let status = GatewaySnapshot().status
        let root = try JSONScanner.document(status.span)
        for name in ["auth", "notices"] {
            #expect(JSONScanner.member(status.span, of: root, named: name) == nil, "\(name)")
        }
        #expect(member(status, "journal", "state") == "none")
        #expect(member(status, "journal", "lag_ms") == "0")
        #expect(member(status, "upstream", "since") == nil)
        #expect(member(status, "presence", "refusals") == "[]")
    }

    @Test func `the kinds of refusal with the most users are listed, up to the limit`() {
        let limit = GatewaySnapshot.PresencePart.refusalLimit
        var snapshot = GatewaySnapshot()
        for code in 0...limit {
            snapshot.presence.refusals[.connection(code: code)] = .init(
                message: "no", users: code, refusals: 1)
        }
        let list = member(snapshot.status, "presence", "refusals") ?? ""
        #expect(list.hasPrefix(#"[{"code":\#(limit),"#))
        #expect(list.split(separator: "{").count == limit + 1 && !list.contains(#""code":0,"#))
    }

    @Test func `no name is used twice`() {
        let figures = full.figures
        let paths = figures.compactMap(\.status)
        #expect(Set(paths).count == paths.count)
        let samples = figures.compactMap(\.sample).map { "\($0.family.name) \($0.label ?? "")" }
        #expect(Set(samples).count == samples.count)
    }

    @Test(arguments: ["alerts.yml", "grafana-dashboard.json"])
    func `metrics used by alerts and dashboard exist`(file: String) throws {
        let text = String(
            decoding: try ProcessEnvironment.process().readFile(
                Subprocess.packageDirectory + "/deploy/" + file
            ).get(), as: UTF8.self)
        let lines = String(decoding: full.metrics, as: UTF8.self).split(separator: "\n")
        let names = Set(
            lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " && $0 != "{" } })
        let asked = text.matches(of: /\b(?:passerelle|process)_[a-z_]+/).map(\.output)
        #expect(asked.count > 10)
        for name in asked { #expect(names.contains(name), "\(name)") }
    }

    @Test func `parts that the gateway does not have are left out`() {
        let text = String(decoding: GatewaySnapshot().metrics, as: UTF8.self)
        for name in ["passerelle_journal", "passerelle_notice", "last_event", "process_open_fds"] {
            #expect(!text.contains(name))
        }
        #expect(text.contains("\npasserelle_upstream_reconnects_total 0\n"))
    }

    @Test func `the kernel's figures are those of this process`() throws {
        let before = try #require(ProcessFigures.now())
        #expect(before.residentBytes > 1 << 20 && before.residentBytes < before.virtualBytes)
        #expect(before.cpu > .zero && before.openDescriptors > 2)
        #expect(before.descriptorLimit >= UInt64(before.openDescriptors))
    }
}
