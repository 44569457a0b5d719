// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
@testable import PasserelleLog
import Glibc
@testable import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import Synchronization
import Testing

@testable import PasserelleDaemon

/// A hub with a journal writer on real files.
private final class JournalFixture {
    let loop: EventLoop
    let hub: Hub
    let journalWriter: JournalWriter
    let lines: Lines
    /// True if the first batch was still under way when the writer began.
    let isWaiting: Bool

    final class Lines: Sendable {
        private let list = Mutex<[String]>([])
        func add(_ bytes: [UInt8]) {
            list.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
        func count(_ words: String) -> Int { list.withLock { $0.count { $0.contains(words) } } }
    }

    init(
        _ path: String, epoch: UInt64, floor: Int = 1 << 20, longestWait: Duration = .seconds(5)
    ) throws {
        loop = try EventLoop()
        let lines = Lines()
        self.lines = lines
        let now = loop.moment
        var configuration = HubConfiguration()
        configuration.pinned = ["c"]
        let directory = try StateDirectory(path, limits: configuration.log, now: now)
        hub = Hub(
            restoring: directory.found.past, epoch: epoch, configuration: configuration, at: now)
        let log = Log(level: .debug, form: .journald, clock: { 0 }, sink: lines.add)
        var limits = JournalLimits()
        limits.floorBytes = floor
        limits.segmentBytes = floor
        limits.sync = .milliseconds(1)
        journalWriter = try JournalWriter(
            directory, hub: hub, loop: loop, log: log, limits: limits, longestWait: longestWait)
        isWaiting = journalWriter.journal.isBusy
        loop.atTurnEnd { [unowned self] in journalWriter.flush() }
        hub.subscribed("c", members: [Member(userID: "u", userInfo: nil)], at: now)
    }

    func publish(_ text: String, key: String? = nil, retracts: String? = nil) {
        hub.received(
            "c", event: "e", data: Array("\"\(text)\"".utf8), userID: nil, key: key,
            retracts: retracts, at: loop.moment)
    }

    /// Runs the loop until all events are on disk.
    func sync() throws {
        try run(loop) {
            journalWriter.journal.syncedSequence == hub.sequence && !journalWriter.journal.isBusy
        }
    }

    var texts: [String] {
        guard let log = hub.channel("c")?.log else { return [] }
        return (0..<log.count).compactMap { index in
            switch log[index].content {
            case .message(_, let data, _):
                String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
            case .gap(let gap): gap.reason.rawValue
            default: nil
            }
        }
    }
}

struct JournalWriterTests {
    private let temporary: TemporaryDirectory
    private var path: String { temporary.file("state") }

    init() throws { temporary = try TemporaryDirectory() }

    /// The content of all files in the directory.
    private func content() -> String {
        let result = try? Subprocess.run("sh", ["-c", "cat \(path)/journal-* | strings -n 3"])
        return result?.output ?? ""
    }

    @Test func `synced events are restored once after a restart, followed by a gap`() throws {
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            for number in 0..<100 { fixture.publish("t\(number)") }
            try fixture.sync()
            fixture.publish("lost")
        }
        do {
            let fixture = try JournalFixture(path, epoch: 2)
            #expect(fixture.texts == (0..<100).map { "t\($0)" } + ["restart"])
            #expect(fixture.hub.epochs.past.map(\.epoch) == [1])
            #expect(fixture.hub.channel("c")?.members.count == 1)
            fixture.publish("kept by a clean stop")
            fixture.journalWriter.close()
        }
        let fixture = try JournalFixture(path, epoch: 3)
        #expect(fixture.texts.suffix(3) == ["restart", "kept by a clean stop", "restart"])
        #expect(fixture.journalWriter.torn == 0 && fixture.journalWriter.damaged == 0)
    }

    @Test func `when a writer begins, its epoch is on the disk`() throws {
        let fixture = try JournalFixture(path, epoch: 5)
        #expect(!fixture.isWaiting && fixture.journalWriter.journal.syncedSequence == 0)
        #expect(try Subprocess.run("cp", ["-r", path, path + "-copy"]).status == 0)
        let kept = try StateDirectory(
            path + "-copy", limits: fixture.hub.configuration.log, now: fixture.loop.moment)
        #expect(kept.found.past.epochs == EpochHistory(5) && kept.found.torn == 0)
    }

    @Test func `a disk that is too slow for the start is logged`() throws {
        let fixture = try JournalFixture(path, epoch: 1, longestWait: .zero)
        #expect(fixture.lines.count("the disk is slow") == (fixture.isWaiting ? 1 : 0))
        fixture.publish("kept")
        try fixture.sync()
        #expect(fixture.journalWriter.journal.isKeeping)
    }

    @Test func `the position of an event that is not stored is synced with others`() throws {
        let typed: Position
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            fixture.publish("kept")
            try fixture.sync()
            fixture.hub.received(
                "c", event: "client-typing", data: Array("1".utf8), userID: nil,
                at: fixture.loop.moment)
            typed = fixture.hub.position
            try fixture.sync()
        }
        let fixture = try JournalFixture(path, epoch: 2)
        #expect(typed.sequence <= fixture.hub.epochs.beginning)
    }

    @Test func `a retracted event is in no file, whether it was written before or not`() throws {
        let fixture = try JournalFixture(path, epoch: 1)
        fixture.publish("secret-one", key: "1")
        try fixture.sync()
        #expect(content().contains("secret-one"))
        fixture.publish("deleted", retracts: "1")
        fixture.publish("secret-two", key: "2")
        fixture.publish("deleted", retracts: "2")
        fixture.publish("secret-three", key: "3")
        fixture.loop.scheduleTask(in: .milliseconds(2)) {
            fixture.publish("deleted", retracts: "3")
        }
        try run(fixture.loop) { fixture.hub.counters.retractions == 3 }
        try fixture.sync()
        #expect(!content().contains("secret") && content().contains("deleted"))
        // An event retracted in the turn of its arrival was never written.
        #expect((1...2).contains(fixture.journalWriter.journal.retracted))
    }

    @Test func `a journal of mostly obsolete records is rewritten without loss`() throws {
        do {
            let fixture = try JournalFixture(path, epoch: 1, floor: 100_000)
            for number in 0..<10_000 {
                fixture.publish("text number \(number)")
                if number % 100 == 0 { try fixture.loop.runOnce(timeout: .milliseconds(2)) }
            }
            try run(fixture.loop) {
                fixture.journalWriter.journal.copies > 0 && !fixture.journalWriter.journal.isCopying
            }
            try fixture.sync()
            #expect(fixture.journalWriter.journal.bytes < 600_000)
        }
        let fixture = try JournalFixture(path, epoch: 2)
        #expect(fixture.texts.first == "text number 9489" && fixture.texts.count == 512)
        #expect(fixture.journalWriter.damaged == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
    func `a full disk turns off the journal only, until there is space`() throws {
        mkdir(path, 0o700)
        let mounted = mount("none", path, "tmpfs", 0, "size=256k,mode=0700") == 0
        guard mounted else { try Test.cancel("this system mounts nothing: errno \(errno)") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let filler = open(path + "/filler", O_CREAT | O_WRONLY, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            try run(fixture.loop) { fixture.lines.count("journalling is off") == 1 }
            #expect(fixture.journalWriter.journal.isOff)
            for number in 0..<20 { fixture.publish("while off \(number)") }
            for _ in 0..<20 { try fixture.loop.runOnce(timeout: .milliseconds(1)) }
            #expect(fixture.texts.count == 20)
            unlink(path + "/filler")
            try run(fixture.loop) { fixture.journalWriter.journal.isKeeping }
            #expect(fixture.lines.count("journalling is on again") == 1)
            try fixture.sync()
            fixture.journalWriter.close()
        }
        let found = try StateDirectory.peek(path)
        #expect(found == (0..<20).map { "while off \($0)" })
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
    func `a stop while journalling is off stores the events if the disk has space`() throws {
        mkdir(path, 0o700)
        let mounted = mount("none", path, "tmpfs", 0, "size=256k,mode=0700") == 0
        guard mounted else { try Test.cancel("this system mounts nothing: errno \(errno)") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let filler = open(path + "/filler", O_CREAT | O_WRONLY, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            try run(fixture.loop) { fixture.lines.count("journalling is off") == 1 }
            for number in 0..<300 { fixture.publish("while off \(number)") }
            unlink(path + "/filler")
            fixture.journalWriter.close()
            #expect(fixture.journalWriter.journal.isKeeping)
        }
        let found = try StateDirectory.peek(path)
        #expect(found == (0..<300).map { "while off \($0)" })
    }

    @Test func `damage is logged, and the journal is rewritten`() throws {
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            for number in 0..<100 { fixture.publish("t\(number)") }
            try fixture.sync()
            fixture.journalWriter.close()
        }
        let file = open(path + "/journal-1", O_RDWR)
        pwrite(file, "damage", 6, 3000)
        close(file)
        do {
            let fixture = try JournalFixture(path, epoch: 2)
            #expect(
                fixture.lines.count("cannot be read") == 1 && fixture.journalWriter.damaged == 1)
            #expect(fixture.texts.count(where: { $0 == "restart" }) == 2)
            try run(fixture.loop) { fixture.journalWriter.journal.copies == 1 }
            try fixture.sync()
            fixture.journalWriter.close()
        }
        #expect(try JournalFixture(path, epoch: 3).journalWriter.damaged == 0)
    }

    @Test(arguments: [Int.max, JournalSegment.greatestNumber + 1, JournalSegment.greatestNumber])
    func `a file number that is too great is damage, and is not continued`(number: Int) throws {
        do {
            let fixture = try JournalFixture(path, epoch: 1)
            fixture.publish("kept")
            try fixture.sync()
            fixture.journalWriter.close()
        }
        close(open(path + "/journal-\(number)", O_CREAT | O_WRONLY, 0o600))
        for epoch in 2...3 as ClosedRange<UInt64> {
            let fixture = try JournalFixture(path, epoch: epoch)
            #expect(fixture.texts.contains("kept"))
            try run(fixture.loop) { !fixture.journalWriter.journal.isCopying }
            try fixture.sync()
            fixture.journalWriter.close()
        }
        let isGone = access(path + "/journal-\(number)", F_OK) != 0
        #expect(isGone || number == JournalSegment.greatestNumber)
    }

    @Test(arguments: [.max, .max - 1, JournalRecord.greatestSequence + 1] as [UInt64])
    func `a sequence number that is too great is damage`(sequence: UInt64) throws {
        let time = WallTime(milliseconds: 0)
        let horizon = Channel.Horizon(sequence: sequence, reason: .idle)
        let line = EpochHistory(9, after: [.init(epoch: 8, through: sequence)])
        let records: [JournalRecord] = [
            .mark(sequence: sequence, time: time), .channel("c", horizon, silence: nil, time: time),
            .retraction(Retraction(channel: "c", key: "k", through: sequence)),
            .beginning(line, followsGap: false),
            .event(
                JournalEvent(
                    sequence: sequence, previous: 1, time: time, channel: "c",
                    content: .message(name: "e", data: [0x31], userID: nil))),
        ]
        for (index, record) in records.enumerated() {
            let path = path + "-\(index)"
            mkdir(path, 0o700)
            let file = open(path + "/journal-1", O_CREAT | O_WRONLY, 0o600)
            write(file, record.encoded, record.encoded.count)
            close(file)
            let fixture = try JournalFixture(path, epoch: 1)
            #expect(fixture.journalWriter.damaged + fixture.journalWriter.torn == 1, "\(record)")
            for number in 0..<10 { fixture.publish("t\(number)") }
            try fixture.sync()
            fixture.journalWriter.close()
        }
    }

    @Test(arguments: [
        (JournalRecord.greatestContinued - 1, 0), (JournalRecord.greatestContinued, 0),
        (JournalRecord.greatestContinued + 1, 1), (JournalRecord.greatestSequence, 1),
    ])
    func `a sequence number near the maximum is abandoned once, and restarts keep events`(
        sequence: UInt64, damaged: Int
    ) throws {
        mkdir(path, 0o700)
        let record = JournalRecord.mark(sequence: sequence, time: WallTime(milliseconds: 0))
        let file = open(path + "/journal-1", O_CREAT | O_WRONLY, 0o600)
        write(file, record.encoded, record.encoded.count)
        close(file)
        var starts: [Int] = []
        for epoch in 1...4 as ClosedRange<UInt64> {
            let fixture = try JournalFixture(path, epoch: epoch)
            starts.append(fixture.journalWriter.damaged)
            #expect((fixture.hub.sequence > JournalRecord.greatestContinued / 2) == (starts == [0]))
            if epoch > 2 { #expect(fixture.texts.contains("t\(epoch - 1)")) }
            fixture.publish("t\(epoch)")
            try fixture.sync()
            try run(fixture.loop) { !fixture.journalWriter.journal.isCopying }
            fixture.journalWriter.close()
        }
        // The events of the first process exceed the limit, so the second one begins anew.
        #expect(starts == [damaged, 1 - damaged, 0, 0])
    }

    @Test(arguments: ["mkfifo", "mkdir", "ln -s lock", "ln -s journal-2"])
    func `a journal file that is not a regular file is refused at once`(make: String) throws {
        mkdir(path, 0o700)
        #expect(try Subprocess.run("sh", ["-c", "cd \(path) && \(make) journal-1"]).status == 0)
        let error = #expect(throws: StartError.self) {
            try JournalFixture(path, epoch: 1)
        }
        #expect(error?.exitCode == 78 && error?.description.contains("journal-1") == true)
    }

    @Test(arguments: [(4_095, 0), (4_096, 0), (4_097, 1)])
    func `a segment over the maximum size is damage`(bytes: Int, damaged: Int) throws {
        mkdir(path, 0o700)
        let file = open(path + "/journal-1", O_CREAT | O_WRONLY, 0o600)
        #expect(ftruncate(file, bytes) == 0)
        close(file)
        let now = Moment(steady: .seconds(9999), wall: WallTime(milliseconds: 0))
        let directory = try StateDirectory(
            path, limits: LogLimits(), now: now, segmentBytes: 4_096)
        #expect(directory.found.damaged == damaged)
        #expect(directory.found.torn == 1 - damaged)
    }

    @Test func `a journal of a newer version is refused in one line, and not changed`() throws {
        mkdir(path, 0o700)
        var record = JournalRecord.mark(sequence: 1, time: WallTime(milliseconds: 0)).encoded
        record[7] = 9
        let checksum = CRC32C.of(record.span, 7..<record.count)
        for place in 0..<4 {
            record[3 + place] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(place)))
        }
        let file = open(path + "/journal-4", O_CREAT | O_WRONLY, 0o600)
        write(file, record, record.count)
        close(file)
        let error = #expect(throws: StartError.self) {
            try JournalFixture(path, epoch: 1)
        }
        #expect(error?.exitCode == 78 && error?.description.contains("newer version") == true)
        #expect(error?.description.contains(path) == true)
        let kept = try Subprocess.run("sh", ["-c", "ls \(path); wc -c < \(path)/journal-4"])
        #expect(kept.output == "journal-4\nlock\n\(record.count)\n")
    }
}

extension StateDirectory {
    /// The texts of the messages in a directory.
    fileprivate static func peek(_ path: String) throws -> [String] {
        let now = Moment(steady: .seconds(9999), wall: WallTime(milliseconds: 0))
        let past = try StateDirectory(path, limits: LogLimits(), now: now).found.past
        return past.channels.flatMap(\.events).compactMap { event in
            guard case .message(_, let data, _) = event.content else { return nil }
            return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
        }
    }
}
