// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import Testing

@testable import PasserelleDaemon

struct NoticeFileTests {
    private let folder: TemporaryFolder
    private let loop: EventLoop

    init() throws {
        folder = try TemporaryFolder()
        loop = try EventLoop()
    }

    private func line(_ number: Int) -> [UInt8] {
        NoticeRecord.unsent(NoticePair(channel: "c", userID: "\(number)")).line
    }

    private func read(_ path: String) throws -> [NoticeRecord] {
        try NoticeFile.read(path).get().records
    }

    @Test func `what was added is there, in order, once that is told`() throws {
        let path = folder.file("notices.jsonl")
        let file = NoticeFile(path: path, loop: loop)
        var done: [Int] = []
        for number in 0..<100 { file.store.append(line(number)) { done.append(number) } }
        #expect(done.isEmpty)
        try run(loop, until: { done.count == 100 })
        #expect(done == Array(0..<100))
        let expected = (0..<100).map {
            NoticeRecord.unsent(NoticePair(channel: "c", userID: "\($0)"))
        }
        #expect(try read(path) == expected)
        let mode = try Subprocess.run("stat", ["-c", "%a", path]).output
        #expect(mode == "600\n")
    }

    @Test func `written anew it holds that alone, and what is added later`() throws {
        let path = folder.file("notices.jsonl")
        let file = NoticeFile(path: path, loop: loop)
        var done = 0
        file.store.append(line(1)) { done += 1 }
        file.store.replace(line(2) + line(3))
        file.store.append(line(4)) { done += 1 }
        try run(loop, until: { done == 2 })
        #expect(try read(path).count == 3)
        #expect(try Subprocess.run("ls", [folder.path]).output == "notices.jsonl\n")
    }

    @Test func `no file is nothing kept, a torn one all but its end`() throws {
        let path = folder.file("notices.jsonl")
        #expect(try read(path).isEmpty)
        let file = NoticeFile(path: path, loop: loop)
        var isDone = false
        file.store.append(line(1) + line(2).dropLast(3)) { isDone = true }
        try run(loop, until: { isDone })
        let (records, bad) = try NoticeFile.read(path).get()
        #expect(records.count == 1 && bad == 1)
        guard case .failure = NoticeFile.read(folder.path) else {
            Issue.record("a folder was read")
            return
        }
    }

    @Test func `a place where nothing can be written is told once, and holds up nobody`() throws {
        let file = NoticeFile(path: folder.file("none/notices.jsonl"), loop: loop)
        var failures: [SystemError] = []
        file.failed = { failures.append($0) }
        var done = 0
        for _ in 0..<3 { file.store.append(line(1)) { done += 1 } }
        file.store.replace(line(1))
        file.store.append(line(1)) { done += 1 }
        try run(loop, until: { done == 4 })
        #expect(failures == [SystemError(call: "open", code: 2)])
    }

    @Test func `it may go while something is being written`() throws {
        let path = folder.file("notices.jsonl")
        var file: NoticeFile? = NoticeFile(path: path, loop: loop)
        var isTold = false
        file?.store.append(line(1)) { isTold = true }
        file = nil
        try run(loop, until: { (try? read(path).count) == 1 })
        for _ in 0..<5 { try loop.turn(upTo: .milliseconds(5)) }
        #expect(!isTold)
    }
}
