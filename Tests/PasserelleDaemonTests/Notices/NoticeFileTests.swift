// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleNotices
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import Testing

@testable import PasserelleDaemon

struct NoticeFileTests {
    private let directory: TemporaryDirectory
    private let loop: EventLoop

    init() throws {
        directory = try TemporaryDirectory()
        loop = try EventLoop()
    }

    private func line(_ number: Int) -> [UInt8] {
        NoticeRecord.unsent(ChannelUser("c", "\(number)")).line
    }

    private func read(_ path: String) throws -> [NoticeRecord] {
        try StoredRecords.read(path, NoticeRecord.read).get().records
    }

    @Test func `appended lines are in the file, in order, when the callbacks run`() throws {
        let path = directory.file("notices.jsonl")
        let file = RecordFile(path: path, loop: loop)
        var done: [Int] = []
        for number in 0..<100 { NoticeStore(file).append(line(number)) { done.append(number) } }
        #expect(done.isEmpty)
        try run(loop, until: { done.count == 100 })
        #expect(done == Array(0..<100))
        let expected = (0..<100).map {
            NoticeRecord.unsent(ChannelUser("c", "\($0)"))
        }
        #expect(try read(path) == expected)
        let mode = try Subprocess.run("stat", ["-c", "%a", path]).output
        #expect(mode == "600\n")
    }

    @Test func `a rewritten file has only the new lines and those appended later`() throws {
        let path = directory.file("notices.jsonl")
        let file = RecordFile(path: path, loop: loop)
        var done = 0
        NoticeStore(file).append(line(1)) { done += 1 }
        NoticeStore(file).replace(line(2) + line(3))
        NoticeStore(file).append(line(4)) { done += 1 }
        try run(loop, until: { done == 2 })
        #expect(try read(path).count == 3)
        #expect(try Subprocess.run("ls", [directory.path]).output == "notices.jsonl\n")
    }

    @Test func `a missing file has no records, and a torn one lacks only its last`() throws {
        let path = directory.file("notices.jsonl")
        #expect(try read(path).isEmpty)
        let file = RecordFile(path: path, loop: loop)
        var isDone = false
        NoticeStore(file).append(line(1) + line(2).dropLast(3)) { isDone = true }
        try run(loop, until: { isDone })
        let (records, bad) = try StoredRecords.read(path, NoticeRecord.read).get()
        #expect(records.count == 1 && bad == 1)
        guard case .failure = StoredRecords.read(directory.path, NoticeRecord.read) else {
            Issue.record("a directory was read")
            return
        }
    }

    @Test func `a file that cannot be written is reported once, and blocks nothing`() throws {
        let file = RecordFile(path: directory.file("none/notices.jsonl"), loop: loop)
        var failures: [SystemError] = []
        file.failed = { failures.append($0) }
        var done = 0
        for _ in 0..<3 { NoticeStore(file).append(line(1)) { done += 1 } }
        NoticeStore(file).replace(line(1))
        NoticeStore(file).append(line(1)) { done += 1 }
        try run(loop, until: { done == 4 })
        #expect(failures == [SystemError(call: "open", code: 2)])
    }

    @Test func `the object may be released during a write`() throws {
        let path = directory.file("notices.jsonl")
        var file: RecordFile? = RecordFile(path: path, loop: loop)
        var isDone = false
        file.map(NoticeStore.init)?.append(line(1)) { isDone = true }
        file = nil
        try run(loop, until: { (try? read(path).count) == 1 })
        for _ in 0..<5 { try loop.runOnce(timeout: .milliseconds(5)) }
        #expect(!isDone)
    }
}
