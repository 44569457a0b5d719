// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The gateway is killed or stopped during a flow of events, again and again.
///
/// Afterwards each entry that the journal had acknowledged is there once, and a reader that lacks
/// any gets a gap.
struct RestartTests {
    private static let channel = "presence-bail-7"

    @Test(arguments: [[SIGKILL, SIGKILL, SIGKILL], [SIGTERM, SIGKILL, SIGTERM]])
    func `a returning reader gets each event once, or a gap`(signals: [Int32]) throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let flow = Flow(sandbox, Self.channel)
        var delivered: [DeliveredEvent] = []
        var known: [DeliveredEvent] = []
        for round in 0...signals.count {
            let gateway = try start(fixture, sandbox)
            if round > 0 { try expect(known, on: gateway, fixture) }
            let reader = listen(fixture, gateway, after: delivered.last)
            let more = round == signals.count ? 20 : 300
            try fixture.wait(for: "the stream of round \(round)") { !reader.snapshots.isEmpty }
            flow.isOn = true
            try fixture.wait(for: "\(more) events: \(reader.delivered.count)") {
                reader.delivered.count { !$0.isGap } >= more
            }
            if round == signals.count { flow.isOn = false }
            let synced = try Self.sequence(gateway.status().string(["journal", "synced"]))
            #expect(try gateway.status().string(["journal", "state"]) == "on")
            if round < signals.count {
                // Events continue while the process ends and until it is back.
                #expect(try gateway.stop(signals[round]) == (signals[round] == SIGKILL ? 137 : 0))
                try fixture.wait(for: "the end of the stream") { reader.end != nil }
            }
            delivered += reader.delivered
            known = reader.delivered.filter {
                $0.sequence <= synced || signals[min(round, 2)] == SIGTERM
            }
        }
        try check(delivered)
        #expect(delivered.contains { $0.isGap && $0.data.contains("restart") })
    }

    private func start(_ fixture: EndToEndFixture, _ sandbox: SandboxProcess) throws
        -> GatewayProcess
    {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
                "PASSERELLE_PIN": Self.channel, "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h",
            ])
    }

    private func listen(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess, after last: DeliveredEvent?
    )
        -> StreamClient
    {
        StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)",
            fields: last.map { ["Last-Event-ID": $0.id] } ?? [:])
    }

    private static func sequence(_ position: String) -> Int {
        Int(position.split(separator: "-").last ?? "") ?? -1
    }

    /// Checks that every acknowledged entry is held unchanged and once.
    ///
    /// There may be fewer gaps than restarts: a process that is killed before its first sync leaves
    /// its gap to the next.
    private func expect(
        _ known: [DeliveredEvent], on gateway: GatewayProcess, _ fixture: EndToEndFixture
    ) throws {
        let reader = StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)&after=earliest")
        let acknowledged = Set(known.filter { !$0.isGap }.map(\.id))
        try fixture.wait(for: "the whole history: \(reader.delivered.count)") {
            reader.delivered.contains { $0.isGap }
                && acknowledged.isSubset(of: reader.delivered.map(\.id))
        }
        let held = reader.delivered
        reader.close()
        let byID = Dictionary(grouping: held, by: \.id)
        #expect(byID.count == held.count)
        let missing = known.filter { !$0.isGap && byID[$0.id] != [$0] }
        #expect(missing.isEmpty, "\(missing.prefix(3)) of \(known.count)")
    }

    /// Checks that numbers rise by one except after a gap, and that every position stays known.
    private func check(_ delivered: [DeliveredEvent]) throws {
        var last = 0
        var hasGap = true
        for event in delivered {
            if event.isGap {
                hasGap = true
                #expect(!event.data.contains("unknown-position"))
                continue
            }
            let number = try JSONText(Array(event.data.utf8)).number(["n"])
            guard number == last + 1 || (hasGap && number > last) else {
                throw TestFailure("\(number) came behind \(last)")
            }
            hasGap = false
            last = number
        }
        #expect(last > 300)
    }
}

/// Publishes numbered events, one at a time, while it is on.
private final class Flow {
    private let sandbox: SandboxProcess
    private let channel: String
    private var number = 0
    var isOn = false {
        didSet { if isOn, !oldValue { publish() } }
    }

    init(_ sandbox: SandboxProcess, _ channel: String) {
        self.sandbox = sandbox
        self.channel = channel
    }

    private func publish() {
        guard isOn else { return }
        number += 1
        sandbox.publish(channel, "new-message", "{\"n\":\(number)}") { [weak self] _ in
            self?.publish()
        }
    }
}
