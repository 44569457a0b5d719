// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Loss of power: synced entries are restored, and a reader that received more receives none twice.
///
/// The tests of the journal check the exact bound; here, real files are cut.
struct PowerLossTests {
    private static let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    private func start(state: String) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_STATE_DIR": state, "PASSERELLE_PIN": Self.channel,
                "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h",
            ])
    }

    private func shell(_ script: String) throws {
        let result = try fixture.run("sh", ["-ec", script])
        guard result.status == 0 else { throw TestFailure("\(script): \(result)") }
    }

    private func stream(_ gateway: GatewayProcess, after position: String? = nil) -> StreamClient {
        let after = position.map { "&after=\($0)" } ?? ""
        return StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)\(after)")
    }

    private func send(_ numbers: ClosedRange<Int>, to stream: StreamClient) throws {
        for number in numbers {
            try sandbox.publish(Self.channel, "new-message", "{\"n\":\(number)}")
        }
        try fixture.wait(for: "message \(numbers.upperBound)") {
            stream.delivered.last?.data == "{\"n\":\(numbers.upperBound)}"
        }
    }

    // MARK: - Readers after a loss

    @Test func `a reader that received lost events receives none twice, on any surface`() throws {
        let state = fixture.directory.file("state")
        let first = try start(state: state)
        let reader = stream(first)
        try fixture.wait(for: "the members") { !reader.snapshots.isEmpty }
        try send(1...20, to: reader)
        let kept = try #require(reader.delivered.last).id
        try fixture.wait(for: "the sync") {
            let status = try first.status()
            return try status.string(["journal", "synced"]) == status.string(["position"])
        }
        // A copy of the disk at this time: later entries are never synced.
        try shell("cp -a \(state) \(state)-synced")
        try send(21...40, to: reader)
        let lost = try #require(reader.delivered.last).id
        #expect(try first.stop(SIGKILL) == 137)
        try shell("rm -r \(state); mv \(state)-synced \(state)")
        let second = try start(state: state)
        try fixture.wait(for: "the subscription") { try second.isLive(Self.channel) }

        let back = stream(second, after: lost)
        try send(41...60, to: back)
        // Both readers have everything that is left of the first run.
        let next =
            [#"passerelle:gap "restart""#] + (41...60).map { #"new-message {"n":\#($0)}"# }
        for position in [kept, lost] {
            #expect(try delivered(second, after: position, count: 21) == next)
            try expectPolled(second, after: position, next)
            let line = LineClient(fixture, path: second.ipc)
            let history = try line.ask("HISTORY \(Self.channel) after=\(position)")
            #expect(try short(history.elements(["events"])) == next)
            line.send("SUBSCRIBE \(Self.channel) after=\(position)")
            try fixture.wait(for: "the line's events") { line.delivered.count >= 21 }
            #expect(try line.delivered.map(short) == next)
        }
        // The new entries have positions that no earlier entry had.
        #expect(Set(back.delivered.map(\.id)).isDisjoint(with: reader.delivered.map(\.id)))
        #expect(try second.stop() == 0)
    }

    /// Checks the answers to polls with `position` in the query, and in a field.
    private func expectPolled(
        _ gateway: GatewayProcess, after position: String, _ expected: [String]
    ) throws {
        let poll = try gateway.get("/poll?channel=\(Self.channel)&after=\(position)")
        #expect(try short(JSONText(poll.body).elements(["events"])) == expected)
        let tagged = try gateway.get(
            "/poll?channel=\(Self.channel)", fields: ["If-None-Match": "\"\(position)\""])
        #expect(tagged.status == 200)
        #expect(try short(JSONText(tagged.body).elements(["events"])) == expected)
    }

    /// The events that a new stream receives after `position`, once their number reaches `count`.
    private func delivered(
        _ gateway: GatewayProcess, after position: String, count: Int
    ) throws -> [String] {
        let reader = stream(gateway, after: position)
        try fixture.wait(for: "\(count) events") { reader.delivered.count >= count }
        reader.close()
        return try reader.delivered.map(short)
    }

    private func short(_ events: [[UInt8]]) throws -> [String] {
        try events.map { try short(DeliveredEvent($0)) }
    }

    /// The event's name and data; of a gap only the reason.
    private func short(_ event: DeliveredEvent) throws -> String {
        let data = event.isGap ? try JSONText(Array(event.data.utf8)).raw(["reason"]) : event.data
        return "\(event.event) \(data)"
    }

    // MARK: - Entries on a disk

    @Test(.enabled(if: geteuid() == 0, "only root can mount a disk"))
    func `under a stream of events, older events have reached the disk`() throws {
        let disk = try ImageDisk(fixture)
        let first = try start(state: disk.state)
        let reader = stream(first)
        try fixture.wait(for: "the members") { !reader.snapshots.isEmpty }
        let events = NumberedEvents(sandbox, [Self.channel])
        let pace = PacedEvents(events, fixture, perSecond: 100)
        let began = fixture.loop.now
        // The time that may be lost; the disk of a loaded machine is slow.
        let margin = Duration.seconds(3) + (try disk.longestSync()) * 10
        var receivedAt = try arrivals(at: reader, since: began, margin: margin)
        pace.stop()
        let cut = try freeze(first, disk)
        try events.pause()
        let delivered = reader.delivered
        receivedAt += Array(repeating: cut, count: delivered.count - receivedAt.count)
        #expect(try first.stop(SIGKILL) == 137)
        try disk.useImage()

        let second = try start(state: disk.state)
        try fixture.wait(for: "the subscription") { try second.isLive(Self.channel) }
        let after = stream(second, after: "earliest")
        try send(0...0, to: after)
        let kept = Set(after.delivered.map(\.id))
        let lost = zip(delivered, receivedAt).filter { !kept.contains($0.0.id) }
        let old = zip(delivered, receivedAt).filter { cut - $0.1 > margin }
        #expect(old.count > 20)
        #expect(
            lost.allSatisfy { cut - $0.1 <= margin }, "lost \(lost.count) of \(delivered.count)")
        let newest = try #require(delivered.last)
        #expect(
            try self.delivered(second, after: newest.id, count: 2)
                == [#"passerelle:gap "restart""#, #"new-message {"n":0}"#])
        #expect(try second.stop() == 0)
    }

    /// Waits until events have arrived for longer than `margin`, and returns the time of each.
    private func arrivals(
        at reader: StreamClient, since began: Duration, margin: Duration
    ) throws -> [Duration] {
        var receivedAt: [Duration] = []
        try fixture.wait(for: "events enough") {
            while receivedAt.count < reader.delivered.count { receivedAt.append(fixture.loop.now) }
            return fixture.loop.now - began > margin + .seconds(1) && receivedAt.count > 200
        }
        return receivedAt
    }

    /// Stops the process, takes the disk's image, and returns the time of the stop.
    ///
    /// The process writes no more: the image contains all that will ever be on the disk.
    private func freeze(_ gateway: GatewayProcess, _ disk: ImageDisk) throws -> Duration {
        let cut = fixture.loop.now
        gateway.process.signal(SIGSTOP)
        try fixture.wait(for: "a gateway that stands still") { try isStopped(gateway.process.pid) }
        try disk.takeImage()
        return cut
    }

    /// True if no thread of the process runs or waits for a disk.
    private func isStopped(_ pid: Int32) throws -> Bool {
        let script = "sed 's/.*) //' /proc/\(pid)/task/*/stat | cut -c 1 | sort -u"
        return try fixture.run("sh", ["-c", script]).output == "T\n"
    }
}

/// A file system in a file that contains only data that has reached its disk.
///
/// The kernel writes by itself after 30 s at the earliest, so that before only synced data is in
/// the file.
private final class ImageDisk {
    private let fixture: EndToEndFixture
    private let image: String
    private let mountPoint: String

    /// Makes and mounts the file system; cancels the test if this system cannot.
    init(_ fixture: EndToEndFixture) throws {
        self.fixture = fixture
        image = fixture.directory.file("image")
        mountPoint = fixture.directory.file("disk")
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

    /// The path of the state directory on the disk.
    var state: String { mountPoint + "/state" }

    /// The longest of five times that a program takes to sync a few bytes to this disk.
    func longestSync() throws -> Duration {
        try (0..<5).map { _ in
            let began = ContinuousClock.now
            try run("dd if=/dev/zero of=\(mountPoint)/probe bs=512 count=1 conv=fsync status=none")
            return ContinuousClock.now - began
        }.max() ?? .zero
    }

    /// Copies the data that has reached the disk.
    func takeImage() throws { try run("cp \(image) \(image)-cut") }

    /// Replaces the disk's data by the copy.
    func useImage() throws {
        guard umount2(mountPoint, 0) == 0 else { throw TestFailure("umount: errno \(errno)") }
        try run("mv \(image)-cut \(image)")
        try mount()
    }

    private func mount() throws {
        try run("mount -o loop,commit=300 \(image) \(mountPoint)")
    }

    private func run(_ script: String) throws {
        let result = try fixture.run(
            "sh", ["-ec", script], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        guard result.status == 0 else { throw TestFailure("\(script): \(result)") }
    }
}
