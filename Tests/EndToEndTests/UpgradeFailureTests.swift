// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A new process that does not take over changes nothing for readers, at whichever step it fails.
@Suite(.serialized)
struct UpgradeFailureTests {
    private static let channel = "presence-bail-1"

    /// A program in the place of the gateway's, and the reason that the log must have.
    struct Case: CustomTestStringConvertible {
        let name: String
        let script: String
        let reason: String

        var testDescription: String { name }
    }

    private static let hello = HandoverMessage.hello(
        version: HandoverMessage.version, program: "x")

    /// A shell command that sends messages.
    private static func send(_ messages: HandoverMessage...) -> String {
        let bytes = messages.flatMap(\.encoded).map { "\\\(octal($0))" }.joined()
        return "printf '\(bytes)' >&3"
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    private static let prepared = send(hello, .connected, .answered([channel]))
    /// Keeps the preparation alive until the state comes.
    private static let alive = "sleep 0.5; \(send(.alive)); sleep 0.4"

    static let cases = [
        Case(name: "it ends at once", script: "exit 3", reason: "it ended with exit code 3"),
        Case(
            name: "it speaks another protocol",
            script: #"printf 'GET / HTTP/1.1\r\n\r\n' >&3; exec sleep 60"#,
            reason: "it does not speak the hand-over protocol"),
        Case(
            name: "another version",
            script: send(.hello(version: 99, program: "9.9")) + "; exec sleep 60",
            reason: "it uses version 99 of the hand-over, and this process version 1"),
        Case(
            name: "it never answers", script: "exec sleep 60",
            reason: "it did not answer within 5 s"),
        Case(
            name: "it ends after the hello", script: send(hello) + "; exit 4",
            reason: "it ended with exit code 4"),
        Case(
            name: "it stops after the hello", script: send(hello) + "; exec sleep 60",
            reason: "it sent nothing for 5 s"),
        Case(
            name: "it gives up", script: send(hello, .failed("no disk")) + "; exec sleep 60",
            reason: "it gives up: no disk"),
        Case(
            name: "it takes over before it has the state",
            script: send(hello, .taken) + "; exec sleep 60",
            reason: "it sends a message out of turn"),
        Case(
            name: "it ends while it receives the state",
            script: "\(prepared); \(alive); sleep 0.5; exit 5",
            reason: "it ended with exit code 5"),
        Case(
            name: "it does not read the state", script: "\(prepared); \(alive); exec sleep 60",
            reason: "it did not take over within 5 s"),
        Case(
            name: "it sends rubbish instead of the confirmation",
            script: "\(prepared); \(alive); sleep 0.8; printf 'x' >&3; exec sleep 60",
            reason: "it does not speak the hand-over protocol"),
    ]

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    private func start() throws -> ReplaceableGateway {
        try ReplaceableGateway(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
                "PASSERELLE_IPC": fixture.directory.file("line"),
            ])
    }

    /// The readers of one channel, on each surface.
    private struct Readers {
        let stream: UnbrokenStream
        let others: [ResumingReader]

        var messages: [NumberedDeliveries] { [stream.messages] + others.map(\.messages) }
        var areUnbroken: Bool {
            stream.end == nil && others.allSatisfy { $0.ends == 0 && $0.failure == nil }
                && messages.allSatisfy { $0.lost + $0.repeated + $0.gaps + $0.ahead == 0 }
        }
    }

    private func open(_ gateway: GatewayProcess) throws -> Readers {
        let readers = Readers(
            stream: UnbrokenStream(
                fixture, gateway.http, "/events?channel=\(Self.channel)&user=anna"),
            others: ResumingReader.Style.allCases.map {
                ResumingReader(fixture, $0, gateway, Self.channel, delay: .milliseconds(100))
            })
        try fixture.wait(for: "the subscription") { try gateway.isLive(Self.channel) }
        return readers
    }

    private func await(_ events: NumberedEvents, _ more: Int, _ readers: Readers) throws {
        let goal = events.begun + more
        events.publish(to: goal)
        try events.finish()
        try fixture.wait(for: "event \(goal) at each reader: \(readers.messages)") {
            readers.messages.allSatisfy { $0.newest >= goal }
        }
    }

    @Test(arguments: cases)
    func `a failed upgrade changes nothing for readers`(case each: Case) throws {
        let replaceable = try start()
        let gateway = replaceable.gateway
        let readers = try open(gateway)
        let events = NumberedEvents(sandbox, [Self.channel])
        try self.await(events, 20, readers)
        try replaceable.replace(byScript: each.script)
        let clock = PacedEvents(events, fixture, perSecond: 50)
        let began = ContinuousClock.now
        #expect(try replaceable.failedUpgrade().contains(each.reason), "\(fixture.published)")
        #expect(ContinuousClock.now - began < .seconds(9))
        clock.stop()
        try events.pause()
        try self.await(events, 20, readers)
        #expect(readers.areUnbroken, "\(readers.messages)")
        #expect(gateway.currentPID == gateway.process.pid && !gateway.process.hasEnded)

        // The next upgrade succeeds, and the journal has everything.
        try replaceable.replace()
        try gateway.upgrade(byCommand: true)
        try self.await(events, 20, readers)
        #expect(readers.areUnbroken, "\(readers.messages)")
        #expect(try gateway.status().raw(["upgrades_failed"]) == "0")
    }

    @Test func `a program that cannot be started is named in the log`() throws {
        let replaceable = try start()
        let readers = try open(replaceable.gateway)
        let events = NumberedEvents(sandbox, [Self.channel])
        replaceable.remove()
        #expect(try replaceable.failedUpgrade().contains("posix_spawn"))
        try replaceable.replace(byScript: "exit 0")
        #expect(try replaceable.failedUpgrade().contains("it ended with exit code 0"))
        #expect(try replaceable.gateway.status().raw(["upgrades_failed"]) == "2")
        try self.await(events, 10, readers)
        #expect(readers.areUnbroken)
    }

    @Test func `the command reports why the running process stays`() throws {
        let replaceable = try start()
        let gateway = replaceable.gateway
        try replaceable.replace(byScript: "exit 7")
        let command = try fixture.start("upgrade", [], ["PASSERELLE_IPC": gateway.ipc])
        try fixture.wait(for: "the command's end") { command.hasEnded }
        #expect(command.status == 1)
        #expect(command.errors.contains("The running process stays: it ended with exit code 7."))
    }

    @Test func `after a failure at the last step the journal is complete`() throws {
        let replaceable = try start()
        let gateway = replaceable.gateway
        let readers = try open(gateway)
        let events = NumberedEvents(sandbox, [Self.channel])
        try self.await(events, 20, readers)
        try replaceable.replace(
            byScript: "\(Self.prepared); \(Self.alive); sleep 0.5; exit 5")
        #expect(try replaceable.failedUpgrade().contains("exit code 5"))
        try self.await(events, 20, readers)
        #expect(try gateway.stop() == 0)
        let next = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_STATE_DIR": fixture.directory.file("state")])
        let line = LineClient(fixture, path: next.ipc)
        defer { line.close() }
        let held = try line.ask("HISTORY \(Self.channel) after=earliest limit=1000")
            .elements(["events"]).map { try DeliveredEvent($0) }
        #expect(held.count { $0.event == "new-message" } == 40)
        #expect(held.count(where: \.isGap) == 1)
    }

    @Test func `a configuration that became invalid prevents nothing but the upgrade`() throws {
        let file = fixture.directory.file("env")
        try write(file, "PASSERELLE_HEARTBEAT=20s\n")
        let replaceable = try ReplaceableGateway(
            fixture, upstreamPort: sandbox.port, arguments: ["--env-file", file])
        let readers = try open(replaceable.gateway)
        try write(file, "PASSERELLE_HEARTBEAT=never\n")
        #expect(try replaceable.failedUpgrade().contains("it ended with exit code 78"))
        try self.await(NumberedEvents(sandbox, [Self.channel]), 10, readers)
        #expect(readers.areUnbroken)
    }

    private func write(_ path: String, _ text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
