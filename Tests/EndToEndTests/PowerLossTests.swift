// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The power goes: what was synced is there, and whoever had got more is told.
///
/// The exact bound is the journal's to keep, and its own tests'; here, real files are cut.
@Suite(.timeLimit(.minutes(5)))
struct PowerLossTests {
    private static let channel = "presence-bail-1"
    /// What may be lost here, where a loaded machine's disk may take its time.
    private static let margin: Duration = .seconds(3)

    private let stage: Stage
    private let sandbox: SandboxProcess

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
    }

    private func start(state: String) throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": state, "PASSERELLE_PIN": Self.channel,
                "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h",
            ])
    }

    private func shell(_ script: String) throws {
        let result = try stage.run("sh", ["-ec", script])
        guard result.status == 0 else { throw TestFailure("\(script): \(result)") }
    }

    private func stream(_ gateway: GatewayProcess, after position: String? = nil) -> StreamClient {
        let after = position.map { "&after=\($0)" } ?? ""
        return StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)\(after)")
    }

    private func say(_ numbers: ClosedRange<Int>, to stream: StreamClient) throws {
        for number in numbers {
            try sandbox.publish(Self.channel, "new-message", "{\"n\":\(number)}")
        }
        try stage.wait(for: "message \(numbers.upperBound)") {
            stream.told.last?.data == "{\"n\":\(numbers.upperBound)}"
        }
    }

    // MARK: - Who is told what

    @Test func `a reader that got what the loss of power took is told, on every surface`() throws {
        let state = stage.folder.file("state")
        let first = try start(state: state)
        let reader = stream(first)
        try stage.wait(for: "the members") { !reader.snapshots.isEmpty }
        try say(1...20, to: reader)
        let kept = try #require(reader.told.last).id
        try stage.wait(for: "the sync") {
            let status = try first.status()
            return try status.string(["journal", "synced"]) == status.string(["position"])
        }
        // The disk as it is now: all that comes from here on is never synced.
        try shell("cp -a \(state) \(state)-synced")
        try say(21...40, to: reader)
        let lost = try #require(reader.told.last).id
        #expect(try first.stop(SIGKILL) == 137)
        try shell("rm -r \(state); mv \(state)-synced \(state)")
        let second = try start(state: state)
        try stage.wait(for: "the subscription") { try second.isLive(Self.channel) }

        let gapOfRestart = #"passerelle:gap "restart""#
        let held = (1...20).map { #"new-message {"n":\#($0)}"# } + [gapOfRestart]
        let whoHadMore = [#"passerelle:gap "unknown-position""#] + held
        #expect(try told(second, after: lost, count: 22) == whoHadMore)
        #expect(try told(second, after: kept, count: 1) == [gapOfRestart])
        let poll = try second.get("/poll?channel=\(Self.channel)&after=\(lost)")
        #expect(try short(JSONText(poll.body).elements(["events"])) == whoHadMore)
        let tagged = try second.get(
            "/poll?channel=\(Self.channel)", fields: ["If-None-Match": "\"\(lost)\""])
        #expect(tagged.status == 200)
        #expect(try short(JSONText(tagged.body).elements(["events"])) == whoHadMore)
        let line = LineClient(stage, path: second.ipc)
        let history = try line.ask("HISTORY \(Self.channel) after=\(lost)")
        #expect(try short(history.elements(["events"])) == whoHadMore)
        line.say("SUBSCRIBE \(Self.channel) after=\(lost)")
        try stage.wait(for: "all that is held") { line.told.count >= 22 }
        #expect(try line.told.map(short) == whoHadMore)
        // What comes now has no position that ever was another's.
        try say(41...60, to: stream(second, after: lost))
        try stage.wait(for: "what comes now") { line.told.count >= 42 }
        #expect(Set(line.told.suffix(21).map(\.id)).isDisjoint(with: reader.told.map(\.id)))
        #expect(try second.stop() == 0)
    }

    /// What a stream is told behind a position, once so much has come.
    private func told(
        _ gateway: GatewayProcess, after position: String, count: Int
    ) throws -> [String] {
        let reader = stream(gateway, after: position)
        try stage.wait(for: "\(count) events") { reader.told.count >= count }
        reader.close()
        return try reader.told.map(short)
    }

    private func short(_ events: [[UInt8]]) throws -> [String] {
        try events.map { try short(Told($0)) }
    }

    /// An event's name with its data, of a gap the reason alone.
    private func short(_ event: Told) throws -> String {
        let data = event.isGap ? try JSONText(Array(event.data.utf8)).raw(["reason"]) : event.data
        return "\(event.event) \(data)"
    }

    // MARK: - What reaches a disk

    @Test(.enabled(if: geteuid() == 0, "root alone may mount a disk"))
    func `under a stream of events, what came a while ago has reached the disk`() throws {
        let disk = try ImageDisk(stage)
        let first = try start(state: disk.state)
        let reader = stream(first)
        try stage.wait(for: "the members") { !reader.snapshots.isEmpty }
        var heardAt: [Duration] = []
        let events = NumberedEvents(sandbox, [Self.channel])
        let pace = PacedEvents(events, stage, perSecond: 100)
        let began = stage.loop.now
        try stage.wait(for: "events enough") {
            while heardAt.count < reader.told.count { heardAt.append(stage.loop.now) }
            return stage.loop.now - began > Self.margin + .seconds(1) && heardAt.count > 200
        }
        pace.stop()
        // From here on nothing is written: what is in the image by then is all that there is.
        let cut = stage.loop.now
        first.process.signal(SIGSTOP)
        try stage.wait(for: "a gateway that stands still") { try isStopped(first.process.pid) }
        try disk.takeImage()
        try events.pause()
        let told = reader.told
        heardAt += Array(repeating: cut, count: told.count - heardAt.count)
        #expect(try first.stop(SIGKILL) == 137)
        try disk.useImage()

        let second = try start(state: disk.state)
        try stage.wait(for: "the subscription") { try second.isLive(Self.channel) }
        let after = stream(second, after: "earliest")
        try say(0...0, to: after)
        let kept = Set(after.told.map(\.id))
        let lost = zip(told, heardAt).filter { !kept.contains($0.0.id) }
        let old = zip(told, heardAt).filter { cut - $0.1 > Self.margin }
        #expect(old.count > 20)
        #expect(
            lost.allSatisfy { cut - $0.1 <= Self.margin }, "lost \(lost.count) of \(told.count)")
        let newest = try #require(told.last)
        let isKept = lost.isEmpty
        let answer = try self.told(second, after: newest.id, count: 1)[0]
        #expect(answer == #"passerelle:gap "\#(isKept ? "restart" : "unknown-position")""#)
        #expect(try second.stop() == 0)
    }

    /// True once no thread of a process runs, nor waits for a disk.
    private func isStopped(_ pid: Int32) throws -> Bool {
        let script = "sed 's/.*) //' /proc/\(pid)/task/*/stat | cut -c 1 | sort -u"
        return try stage.run("sh", ["-c", script]).output == "T\n"
    }
}

/// A file system in a file, which holds what has reached its disk and nothing else.
///
/// It writes by itself after 30 s at the earliest, so that only what is synced gets there before.
private final class ImageDisk {
    private let stage: Stage
    private let image: String
    private let mountPoint: String

    /// Makes one and mounts it; cancels the test where this system does not do that.
    init(_ stage: Stage) throws {
        self.stage = stage
        image = stage.folder.file("image")
        mountPoint = stage.folder.file("disk")
        mkdir(mountPoint, 0o700)
        do {
            try run("truncate -s 32M \(image) && mkfs.ext4 -q -F \(image)")
            try mount()
        } catch {
            try Test.cancel("this system mounts no image: \(error)")
        }
        mkdir(state, 0o700)
        try run("sync -f \(state)")
    }

    deinit { umount2(mountPoint, Int32(MNT_DETACH)) }

    /// The state directory on it.
    var state: String { mountPoint + "/state" }

    /// Keeps what has reached the disk by now.
    func takeImage() throws { try run("cp \(image) \(image)-cut") }

    /// Has the disk hold what was kept.
    func useImage() throws {
        guard umount2(mountPoint, 0) == 0 else { throw TestFailure("umount: errno \(errno)") }
        try run("mv \(image)-cut \(image)")
        try mount()
    }

    private func mount() throws {
        try run("mount -o loop,commit=300 \(image) \(mountPoint)")
    }

    private func run(_ script: String) throws {
        let result = try stage.run(
            "sh", ["-ec", script], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        guard result.status == 0 else { throw TestFailure("\(script): \(result)") }
    }
}
