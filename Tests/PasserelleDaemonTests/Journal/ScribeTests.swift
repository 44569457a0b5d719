// SPDX-License-Identifier: MIT
import Glibc
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import Synchronization
import Testing

@testable import PasserelleDaemon

/// A hub with a scribe over real files.
private final class Desk {
    let loop: EventLoop
    let hub: Hub
    let scribe: Scribe
    let lines: Lines

    final class Lines: Sendable {
        private let list = Mutex<[String]>([])
        func add(_ bytes: [UInt8]) {
            list.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
        func count(_ words: String) -> Int { list.withLock { $0.count { $0.contains(words) } } }
    }

    init(_ path: String, epoch: UInt64, floor: Int = 1 << 20) throws {
        loop = try EventLoop()
        let lines = Lines()
        self.lines = lines
        let now = Moment(loop)
        var configuration = HubConfiguration()
        configuration.pinned = ["c"]
        let directory = try StateDirectory(path, limits: configuration.log, now: now)
        hub = Hub(
            restoring: directory.found.past, epoch: epoch, configuration: configuration, at: now)
        let log = Log(level: .debug, form: .journal, clock: { 0 }, sink: lines.add)
        var limits = JournalLimits()
        limits.floorBytes = floor
        limits.segmentBytes = floor
        limits.sync = .milliseconds(1)
        scribe = try Scribe(directory, hub: hub, loop: loop, log: log, limits: limits)
        loop.atTurnEnd { [unowned self] in scribe.settle() }
        hub.subscribed("c", members: [Member(userID: "u", userInfo: nil)], at: now)
    }

    func say(_ text: String, key: String? = nil, retracts: String? = nil) {
        hub.heard(
            "c", event: "e", data: Array("\"\(text)\"".utf8), userID: nil, key: key,
            retracts: retracts, at: Moment(loop))
    }

    /// Turns the loop until all that was said is on the disk.
    func sync() throws {
        try run(loop) { scribe.journal.syncedSequence == hub.sequence && !scribe.journal.isBusy }
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

struct ScribeTests {
    private let temporary: TemporaryFolder
    private var path: String { temporary.file("state") }

    init() throws { temporary = try TemporaryFolder() }

    /// All that the directory's files hold.
    private func content() -> String {
        let result = try? Subprocess.run("sh", ["-c", "cat \(path)/journal-* | strings -n 3"])
        return result?.output ?? ""
    }

    @Test func `what was said and synced is there in the next life, once, and then a gap`() throws {
        do {
            let desk = try Desk(path, epoch: 1)
            for number in 0..<100 { desk.say("t\(number)") }
            try desk.sync()
            desk.say("lost")
        }
        do {
            let desk = try Desk(path, epoch: 2)
            #expect(desk.texts == (0..<100).map { "t\($0)" } + ["restart"])
            #expect(desk.hub.epochs.past.map(\.epoch) == [1])
            #expect(desk.hub.channel("c")?.members.count == 1)
            desk.say("kept by an end in order")
            desk.scribe.close()
        }
        let desk = try Desk(path, epoch: 3)
        #expect(desk.texts.suffix(3) == ["restart", "kept by an end in order", "restart"])
        #expect(desk.scribe.torn == 0 && desk.scribe.damaged == 0)
    }

    @Test func `the position of what is not kept reaches the disk as soon as others do`() throws {
        let typed: Position
        do {
            let desk = try Desk(path, epoch: 1)
            desk.say("kept")
            try desk.sync()
            desk.hub.heard(
                "c", event: "client-typing", data: Array("1".utf8), userID: nil,
                at: Moment(desk.loop))
            typed = desk.hub.position
            try desk.sync()
        }
        let desk = try Desk(path, epoch: 2)
        #expect(desk.hub.epochs.place(of: typed, newest: desk.hub.sequence) == .known)
    }

    @Test func `what was taken back is in no file, whether it was written by then or not`() throws {
        let desk = try Desk(path, epoch: 1)
        desk.say("secret-one", key: "1")
        try desk.sync()
        #expect(content().contains("secret-one"))
        desk.say("deleted", retracts: "1")
        desk.say("secret-two", key: "2")
        desk.say("deleted", retracts: "2")
        desk.say("secret-three", key: "3")
        desk.loop.after(.milliseconds(2)) { desk.say("deleted", retracts: "3") }
        try run(desk.loop) { desk.hub.counters.retractions == 3 }
        try desk.sync()
        #expect(!content().contains("secret") && content().contains("deleted"))
        // What was taken back in the turn in which it was said never came to be written.
        #expect((1...2).contains(desk.scribe.journal.buried))
    }

    @Test func `a journal that is mostly past is written anew, and what is held is all there`()
        throws
    {
        do {
            let desk = try Desk(path, epoch: 1, floor: 100_000)
            for number in 0..<10_000 {
                desk.say("text number \(number)")
                if number % 100 == 0 { try desk.loop.turn(upTo: .milliseconds(2)) }
            }
            try run(desk.loop) { desk.scribe.journal.copies > 0 && !desk.scribe.journal.isCopying }
            try desk.sync()
            #expect(desk.scribe.journal.bytes < 600_000)
        }
        let desk = try Desk(path, epoch: 2)
        #expect(desk.texts.first == "text number 9489" && desk.texts.count == 512)
        #expect(desk.scribe.damaged == 0)
    }

    @Test(.enabled(if: geteuid() == 0, "root alone may mount a small disk"))
    func `a full disk costs the journal alone, which comes back when there is room`() throws {
        mkdir(path, 0o700)
        let mounted = mount("none", path, "tmpfs", 0, "size=256k,mode=0700") == 0
        guard mounted else { try Test.cancel("this system mounts nothing: errno \(errno)") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let filler = open(path + "/filler", O_CREAT | O_WRONLY, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)
        do {
            let desk = try Desk(path, epoch: 1)
            try run(desk.loop) { desk.lines.count("journalling is off") == 1 }
            #expect(desk.scribe.journal.state == .off)
            for number in 0..<20 { desk.say("while off \(number)") }
            for _ in 0..<20 { try desk.loop.turn(upTo: .milliseconds(1)) }
            #expect(desk.texts.count == 20)
            unlink(path + "/filler")
            try run(desk.loop) { desk.scribe.journal.state == .on }
            #expect(desk.lines.count("journalling is on again") == 1)
            try desk.sync()
            desk.scribe.close()
        }
        let found = try StateDirectory.peek(path)
        #expect(found == (0..<20).map { "while off \($0)" })
    }

    @Test(.enabled(if: geteuid() == 0, "root alone may mount a small disk"))
    func `an end while journalling is off keeps what the disk takes by then`() throws {
        mkdir(path, 0o700)
        let mounted = mount("none", path, "tmpfs", 0, "size=256k,mode=0700") == 0
        guard mounted else { try Test.cancel("this system mounts nothing: errno \(errno)") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let filler = open(path + "/filler", O_CREAT | O_WRONLY, 0o600)
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(filler, zeros, zeros.count) > 0 {}
        close(filler)
        do {
            let desk = try Desk(path, epoch: 1)
            try run(desk.loop) { desk.lines.count("journalling is off") == 1 }
            for number in 0..<300 { desk.say("while off \(number)") }
            unlink(path + "/filler")
            desk.scribe.close()
            #expect(desk.scribe.journal.state == .on)
        }
        let found = try StateDirectory.peek(path)
        #expect(found == (0..<300).map { "while off \($0)" })
    }

    @Test func `damage is told, and the journal is written anew`() throws {
        do {
            let desk = try Desk(path, epoch: 1)
            for number in 0..<100 { desk.say("t\(number)") }
            try desk.sync()
            desk.scribe.close()
        }
        let file = open(path + "/journal-1", O_RDWR)
        pwrite(file, "damage", 6, 3000)
        close(file)
        do {
            let desk = try Desk(path, epoch: 2)
            #expect(desk.lines.count("cannot be read") == 1 && desk.scribe.damaged == 1)
            #expect(desk.texts.count(where: { $0 == "restart" }) == 2)
            try run(desk.loop) { desk.scribe.journal.copies == 1 }
            try desk.sync()
            desk.scribe.close()
        }
        #expect(try Desk(path, epoch: 3).scribe.damaged == 0)
    }

    @Test func `a journal of a newer version is refused in one line, and left as it is`() throws {
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
        let error = #expect(throws: House.StartError.self) { try Desk(path, epoch: 1) }
        #expect(error?.exitCode == 78 && error?.description.contains("newer version") == true)
        #expect(error?.description.contains(path) == true)
        let kept = try Subprocess.run("sh", ["-c", "ls \(path); wc -c < \(path)/journal-4"])
        #expect(kept.output == "journal-4\nlock\n\(record.count)\n")
    }
}

extension StateDirectory {
    /// What the messages in a directory say.
    fileprivate static func peek(_ path: String) throws -> [String] {
        let now = Moment(steady: .seconds(9999), wall: WallTime(milliseconds: 0))
        let past = try StateDirectory(path, limits: LogLimits(), now: now).found.past
        return past.channels.flatMap(\.events).compactMap { event in
            guard case .message(_, let data, _) = event.content else { return nil }
            return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
        }
    }
}
