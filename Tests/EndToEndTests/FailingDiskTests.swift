// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A disk that takes nothing more costs the journal, and no reader anything; the journal comes back
/// by itself, and with it all that is held.
@Suite(.timeLimit(.minutes(5)))
struct FailingDiskTests {
    private static let channel = "presence-bail-1"
    private let stage: Stage
    private let sandbox: SandboxProcess

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
    }

    @Test func `a full disk turns the journal off, loudly, and room turns it on again`() throws {
        let gateway = try start()
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the members") { !stream.snapshots.isEmpty }
        try say(1...20, to: stream)
        try wait(for: "on", gateway)
        // No file may grow beyond what the journal has by now: to the process, a full disk.
        try limitFiles(of: gateway, to: "1000")
        try say(21...40, to: stream)
        try wait(for: "off", gateway)
        #expect(!gateway.process.lines(with: "level=error", "journalling is off", "cause").isEmpty)
        #expect(try gateway.status().number(["journal", "failures"]) > 0)
        #expect(try metric("passerelle_journal_up", of: gateway) == "0")
        try say(41...60, to: stream)
        try limitFiles(of: gateway, to: "unlimited")
        try wait(for: "on", gateway)
        #expect(!gateway.process.lines(with: "level=warning", "journalling is on again").isEmpty)
        #expect(try metric("passerelle_journal_up", of: gateway) == "1")
        #expect(stream.told.allSatisfy { !$0.isGap } && stream.end == nil)
        #expect(try gateway.stop(SIGKILL) == 137)
        let next = try start()
        let again = StreamClient(stage, next.http, "/events?channel=\(Self.channel)&after=earliest")
        try stage.wait(for: "all that was said") { again.told.count > 60 }
        #expect(Array(again.told.prefix(60)) == stream.told)
        #expect(again.told[60].isGap && again.told[60].data.contains("restart"))
        // What its reader knew is good in the new life.
        let position = try #require(stream.told.last).id
        let back = StreamClient(
            stage, next.http, "/events?channel=\(Self.channel)", fields: ["Last-Event-ID": position]
        )
        try stage.wait(for: "the gap of the restart") { !back.told.isEmpty }
        #expect(back.told[0].isGap && back.told[0].data.contains("restart"))
        #expect(try next.stop() == 0)
    }

    private func start() throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": stage.folder.file("state"), "PASSERELLE_PIN": Self.channel,
                "PASSERELLE_ADMIN": "127.0.0.1:0",
            ])
    }

    private func metric(_ name: String, of gateway: GatewayProcess) throws -> Substring? {
        let admin = try gateway.adminAddress()
        let text = String(
            decoding: try stage.request(admin, "GET", "/metrics").body, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line?.split(separator: " ").last
    }

    private func say(_ numbers: ClosedRange<Int>, to stream: StreamClient) throws {
        for number in numbers {
            try sandbox.publish(Self.channel, "new-message", "{\"n\":\(number)}")
        }
        try stage.wait(for: "message \(numbers.upperBound)") {
            stream.told.last?.data == "{\"n\":\(numbers.upperBound)}"
        }
    }

    /// Waits until the journal says that it is so, and has nothing to write if it is on.
    private func wait(for state: String, _ gateway: GatewayProcess) throws {
        try stage.wait(for: "a journal that is \(state)") {
            let status = try gateway.status()
            guard try status.string(["journal", "state"]) == state else { return false }
            return try state == "off"
                || status.string(["journal", "synced"]) == status.string(["position"])
        }
    }

    private func limitFiles(of gateway: GatewayProcess, to bytes: String) throws {
        let result = try stage.run(
            "prlimit", ["--pid", "\(gateway.process.pid)", "--fsize=\(bytes):unlimited"])
        guard result.status == 0 else { throw TestFailure("prlimit: \(result)") }
    }
}
