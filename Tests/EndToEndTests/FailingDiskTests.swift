// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A full disk turns the journal off and affects no reader; the journal turns itself on again, with
/// all entries of the logs.
struct FailingDiskTests {
    private static let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    @Test
    func `a full disk turns the journal off with a log record, and free space turns it on again`()
        throws
    {
        let gateway = try start()
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the members") { !stream.snapshots.isEmpty }
        try send(1...20, to: stream)
        try wait(for: "on", gateway)
        // No file may grow beyond the journal's present size: to the process, this is a full disk.
        try limitFiles(of: gateway, to: "1000")
        try send(21...40, to: stream)
        try wait(for: "off", gateway)
        #expect(!gateway.process.lines(with: "level=error", "journalling is off", "cause").isEmpty)
        #expect(try gateway.status().number(["journal", "failures"]) > 0)
        #expect(try metric("passerelle_journal_up", of: gateway) == "0")
        try send(41...60, to: stream)
        try limitFiles(of: gateway, to: "unlimited")
        try wait(for: "on", gateway)
        #expect(!gateway.process.lines(with: "level=warning", "journalling is on again").isEmpty)
        #expect(try metric("passerelle_journal_up", of: gateway) == "1")
        #expect(stream.delivered.allSatisfy { !$0.isGap } && stream.end == nil)
        #expect(try gateway.stop(SIGKILL) == 137)
        let next = try start()
        let again = StreamClient(
            fixture, next.http, "/events?channel=\(Self.channel)&after=earliest")
        try fixture.wait(for: "the whole history") { again.delivered.count > 60 }
        #expect(Array(again.delivered.prefix(60)) == stream.delivered)
        #expect(again.delivered[60].isGap && again.delivered[60].data.contains("restart"))
        // The reader's position is valid after the restart.
        let position = try #require(stream.delivered.last).id
        let back = StreamClient(
            fixture, next.http, "/events?channel=\(Self.channel)",
            fields: ["Last-Event-ID": position]
        )
        try fixture.wait(for: "the gap of the restart") { !back.delivered.isEmpty }
        #expect(back.delivered[0].isGap && back.delivered[0].data.contains("restart"))
        #expect(try next.stop() == 0)
    }

    private func start() throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
                "PASSERELLE_PIN": Self.channel,
                "PASSERELLE_ADMIN": "127.0.0.1:0",
            ])
    }

    private func metric(_ name: String, of gateway: GatewayProcess) throws -> Substring? {
        let admin = try gateway.adminAddress()
        let text = String(
            decoding: try fixture.request(admin, "GET", "/metrics").body, as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line?.split(separator: " ").last
    }

    private func send(_ numbers: ClosedRange<Int>, to stream: StreamClient) throws {
        for number in numbers {
            try sandbox.publish(Self.channel, "new-message", "{\"n\":\(number)}")
        }
        try fixture.wait(for: "message \(numbers.upperBound)") {
            stream.delivered.last?.data == "{\"n\":\(numbers.upperBound)}"
        }
    }

    /// Waits until the journal reports `state`, and has written everything if it is on.
    private func wait(for state: String, _ gateway: GatewayProcess) throws {
        try fixture.wait(for: "a journal that is \(state)") {
            let status = try gateway.status()
            guard try status.string(["journal", "state"]) == state else { return false }
            return try state == "off"
                || status.string(["journal", "synced"]) == status.string(["position"])
        }
    }

    private func limitFiles(of gateway: GatewayProcess, to bytes: String) throws {
        let result = try fixture.run(
            "prlimit", ["--pid", "\(gateway.process.pid)", "--fsize=\(bytes):unlimited"])
        guard result.status == 0 else { throw TestFailure("prlimit: \(result)") }
    }
}
