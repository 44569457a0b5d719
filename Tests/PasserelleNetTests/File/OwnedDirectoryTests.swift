// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

struct OwnedDirectoryTests {
    private let temporary: TemporaryDirectory
    private var path: String { temporary.file("state") }

    init() throws { temporary = try TemporaryDirectory() }

    private func bytes(_ directory: OwnedDirectory, _ name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try directory.read(name) { bytes += $0 }
        return bytes
    }

    private func mode(_ path: String) -> UInt32 {
        var found = stat()
        return stat(path, &found) == 0 ? found.st_mode & 0o777 : 0
    }

    /// Returns the open descriptors of the file at a path.
    private func descriptors(of path: String) -> [Int32] {
        guard let entries = opendir("/proc/self/fd") else { return [] }
        defer { closedir(entries) }
        var found: [Int32] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            var target = [CChar](repeating: 0, count: 1024)
            let count = readlink("/proc/self/fd/\(name)", &target, target.count)
            guard let descriptor = Int32(name), count > 0,
                String(decoding: target.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
                    .hasSuffix(path)
            else { continue }
            found.append(descriptor)
        }
        return found
    }

    @Test func `a missing directory is created for its owner only`() throws {
        let directory = try OwnedDirectory(path: path)
        try directory.perform([.create("a"), .write("a", at: 0, [1])])
        #expect(mode(path) == 0o700 && mode(path + "/a") == 0o600 && mode(path + "/lock") == 0o600)
        #expect(try directory.names().sorted() == ["a", "lock"])
    }

    @Test func `written, changed and truncated files have the expected bytes`() throws {
        let directory = try OwnedDirectory(path: path)
        try directory.perform([
            .create("a"), .write("a", at: 0, [1, 2, 3]), .write("a", at: 3, [4, 5, 6]),
            .rewrite("a", at: 1, count: 2) { $0 == [2, 3] ? [7, 8] : nil },
            .rewrite("a", at: 3, count: 2) { _ in nil },
            .rewrite("a", at: 5, count: 2) { _ in [9, 9] },
            .cut("a", to: 5), .cut("a", to: 9), .cut("missing", to: 0), .remove("missing"),
            .sync("missing"), .rewrite("missing", at: 0, count: 1) { $0 }, .sync("a"),
            .syncDirectory,
        ])
        #expect(try bytes(directory, "a") == [1, 7, 8, 4, 5])
        try directory.perform([.create("a"), .create("b"), .remove("b")])
        #expect(try bytes(directory, "a") == [] && directory.names().count == 2)
    }

    @Test func `a file of many pieces is read to its end`() throws {
        let directory = try OwnedDirectory(path: path)
        let content = (0..<OwnedDirectory.pieceBytes * 2 + 1).map { UInt8(truncatingIfNeeded: $0) }
        try directory.perform([.create("a"), .write("a", at: 0, content)])
        #expect(try bytes(directory, "a") == content)
    }

    @Test func `more files can be written than are open at a time`() throws {
        let directory = try OwnedDirectory(path: path)
        for number in 0..<30 {
            try directory.perform([
                .create("f\(number)"), .write("f\(number)", at: 0, [UInt8(number)]),
            ])
        }
        for number in 0..<30 {
            try directory.perform([.write("f\(number)", at: 1, [1]), .sync("f\(number)")])
            #expect(try bytes(directory, "f\(number)") == [UInt8(number), 1])
        }
    }

    @Test func `a directory can have only one owner`() throws {
        var directory: OwnedDirectory? = try OwnedDirectory(path: path)
        #expect(throws: DirectoryError.inUse) { try OwnedDirectory(path: path) }
        _ = try directory?.names()
        directory = nil
        #expect(throws: Never.self) { try OwnedDirectory(path: path) }
    }

    @Test func `a released directory is free even if a starting process has its descriptors`()
        throws
    {
        var directory: OwnedDirectory? = try OwnedDirectory(path: path)
        _ = try directory?.names()
        // As between fork(2) and exec(2).
        let locks = descriptors(of: path + "/lock")
        #expect(locks.count == 1)
        let copies = locks.map { dup($0) }
        defer { for copy in copies { close(copy) } }
        directory = nil
        #expect(throws: Never.self) { try OwnedDirectory(path: path) }
    }

    @Test func `an unsuitable directory is refused with the reason`() throws {
        let file = temporary.file("file")
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: DirectoryError.notADirectory) { try OwnedDirectory(path: file) }
        mkdir(path, 0o700)
        chmod(path, 0o775)
        #expect(throws: DirectoryError.openToOthers(mode: 0o775)) { try OwnedDirectory(path: path) }
        chmod(path, 0o755)
        #expect(throws: Never.self) { try OwnedDirectory(path: path) }
        #expect(throws: DirectoryError.system(SystemError(call: "mkdir \(path)/a/b", code: ENOENT)))
        {
            try OwnedDirectory(path: path + "/a/b")
        }
        if geteuid() == 0 {
            chown(path, 12345, 12345)
            #expect(throws: DirectoryError.otherOwner(12345)) { try OwnedDirectory(path: path) }
        }
        #expect("\(DirectoryError.inUse)".contains("another process"))
    }

    @Test func `a failed operation ends the batch and is reported`() throws {
        let directory = try OwnedDirectory(path: path)
        let error = #expect(throws: SystemError.self) {
            try directory.perform([.write("missing", at: 0, [1]), .create("a")])
        }
        #expect(error == SystemError(call: "open missing", code: ENOENT))
        #expect(try directory.names() == ["lock"])
    }
}

struct FileWorkerTests {
    private let temporary: TemporaryDirectory
    private let loop: EventLoop

    init() throws {
        temporary = try TemporaryDirectory()
        loop = try EventLoop()
    }

    private func worker() throws -> FileWorker {
        try FileWorker(OwnedDirectory(path: temporary.path), loop: loop)
    }

    @Test func `batches run on the thread, and their results arrive on the loop`() throws {
        let worker = try worker()
        var results: [SystemError?] = []
        worker.begin([.create("a"), .write("a", at: 0, [1, 2])]) { results.append($0) }
        #expect(worker.isBusy && results.isEmpty)
        try run(loop) { !results.isEmpty }
        #expect(results == [nil] && !worker.isBusy)
        worker.begin([.write("missing", at: 0, [1])]) { results.append($0) }
        try run(loop) { results.count == 2 }
        #expect(results[1] == SystemError(call: "open missing", code: ENOENT))
    }

    @Test func `waiting delivers the result at once, and only once`() throws {
        let worker = try worker()
        var count = 0
        for _ in 0..<50 {
            worker.begin([.create("a"), .sync("a")]) { _ in count += 1 }
            worker.wait()
        }
        worker.wait()
        #expect(count == 50)
        worker.begin([.create("b")]) { _ in count += 1 }
        try run(loop) { count == 51 }
        for _ in 0..<3 { try loop.runOnce(timeout: .zero) }
        #expect(count == 51)
    }

    @Test func `waiting for a limited time leaves a slow batch to the loop`() throws {
        let worker = try worker()
        var results: [SystemError?] = []
        worker.begin([.create("a"), .write("a", at: 0, [1])]) { results.append($0) }
        #expect(worker.wait(atMost: .seconds(60)) && results == [nil])
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (input, output) = (ends[0], ends[1])
        defer { close(input) }
        let blocked = FileOperation.rewrite("a", at: 0, count: 1) { bytes in
            var byte: UInt8 = 0
            read(input, &byte, 1)
            return bytes
        }
        worker.begin([blocked]) { results.append($0) }
        #expect(!worker.wait(atMost: .milliseconds(20)) && worker.isBusy && results == [nil])
        close(output)
        try run(loop) { results == [nil, nil] }
        #expect(worker.wait(atMost: .zero))
    }

    @Test func `closing ends the current batch and releases the directory`() throws {
        var worker: FileWorker? = try worker()
        worker?.begin([.create("a"), .write("a", at: 0, [UInt8](repeating: 1, count: 1 << 22))]) {
            _ in
        }
        worker?.close()
        worker?.close()
        worker = nil
        let directory = try OwnedDirectory(path: temporary.path)
        var count = 0
        try directory.read("a") { (piece: [UInt8]) throws(Never) in count += piece.count }
        #expect(count == 1 << 22)
    }
}
