// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The gateway is killed or ended in the middle of a flow of events, again and again: what its
/// journal had acknowledged is there afterwards, once, and whoever lacks anything is told a gap.
@Suite(.timeLimit(.minutes(5)))
struct RestartTests {
    private static let channel = "presence-bail-7"

    @Test(arguments: [[SIGKILL, SIGKILL, SIGKILL], [SIGTERM, SIGKILL, SIGTERM]])
    func `a reader that comes back gets each event once, or a gap`(signals: [Int32]) throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let flow = Flow(sandbox, Self.channel)
        var told: [Told] = []
        var known: [Told] = []
        for round in 0...signals.count {
            let gateway = try start(stage, sandbox)
            if round > 0 { try expect(known, on: gateway, stage) }
            let reader = listen(stage, gateway, after: told.last)
            let more = round == signals.count ? 20 : 300
            try stage.wait(for: "the stream of round \(round)") { !reader.snapshots.isEmpty }
            flow.isOn = true
            try stage.wait(for: "\(more) events: \(reader.told.count)") {
                reader.told.count { !$0.isGap } >= more
            }
            if round == signals.count { flow.isOn = false }
            let synced = try Self.sequence(gateway.status().string(["journal", "synced"]))
            #expect(try gateway.status().string(["journal", "state"]) == "on")
            if round < signals.count {
                // Events go on while it dies, and while it is away.
                #expect(try gateway.stop(signals[round]) == (signals[round] == SIGKILL ? 137 : 0))
                try stage.wait(for: "the end of the stream") { reader.end != nil }
            }
            told += reader.told
            known = reader.told.filter {
                $0.sequence <= synced || signals[min(round, 2)] == SIGTERM
            }
        }
        try check(told)
        #expect(told.contains { $0.isGap && $0.data.contains("restart") })
    }

    private func start(_ stage: Stage, _ sandbox: SandboxProcess) throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": stage.folder.file("state"),
                "PASSERELLE_PIN": Self.channel, "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h",
            ])
    }

    private func listen(_ stage: Stage, _ gateway: GatewayProcess, after last: Told?)
        -> StreamClient
    {
        StreamClient(
            stage, gateway.http, "/events?channel=\(Self.channel)",
            fields: last.map { ["Last-Event-ID": $0.id] } ?? [:])
    }

    private static func sequence(_ position: String) -> Int {
        Int(position.split(separator: "-").last ?? "") ?? -1
    }

    /// All that was acknowledged is held, as it was, and nothing is there twice.
    ///
    /// There may be fewer gaps than restarts: one that dies before its first sync leaves its gap to
    /// the next.
    private func expect(_ known: [Told], on gateway: GatewayProcess, _ stage: Stage) throws {
        let reader = StreamClient(
            stage, gateway.http, "/events?channel=\(Self.channel)&after=earliest")
        let acknowledged = Set(known.filter { !$0.isGap }.map(\.id))
        try stage.wait(for: "what is held: \(reader.told.count)") {
            reader.told.contains { $0.isGap }
                && acknowledged.isSubset(of: reader.told.map(\.id))
        }
        let held = reader.told
        reader.close()
        let byID = Dictionary(grouping: held, by: \.id)
        #expect(byID.count == held.count)
        let missing = known.filter { !$0.isGap && byID[$0.id] != [$0] }
        #expect(missing.isEmpty, "\(missing.prefix(3)) of \(known.count)")
    }

    /// Numbers rise by one, except behind a gap; behind an unknown position they begin anew.
    private func check(_ told: [Told]) throws {
        var last = 0
        var hasGap = true
        for event in told {
            if event.isGap {
                hasGap = true
                if event.data.contains("unknown-position") { last = 0 }
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

/// Numbered events, one after the other, for as long as it is on.
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
