// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

struct OwnedFolderTests {
    private let temporary: TemporaryFolder
    private var path: String { temporary.file("state") }

    init() throws { temporary = try TemporaryFolder() }

    private func bytes(_ folder: OwnedFolder, _ name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try folder.read(name) { bytes += $0 }
        return bytes
    }

    private func mode(_ path: String) -> UInt32 {
        var found = stat()
        return stat(path, &found) == 0 ? found.st_mode & 0o777 : 0
    }

    @Test func `a missing folder is created for its owner only`() throws {
        let folder = try OwnedFolder(path: path)
        try folder.perform([.create("a"), .write("a", at: 0, [1])])
        #expect(mode(path) == 0o700 && mode(path + "/a") == 0o600 && mode(path + "/lock") == 0o600)
        #expect(try folder.names().sorted() == ["a", "lock"])
    }

    @Test func `written, changed and truncated files have the expected bytes`() throws {
        let folder = try OwnedFolder(path: path)
        try folder.perform([
            .create("a"), .write("a", at: 0, [1, 2, 3]), .write("a", at: 3, [4, 5, 6]),
            .rewrite("a", at: 1, count: 2) { $0 == [2, 3] ? [7, 8] : nil },
            .rewrite("a", at: 3, count: 2) { _ in nil },
            .rewrite("a", at: 5, count: 2) { _ in [9, 9] },
            .cut("a", to: 5), .cut("a", to: 9), .cut("missing", to: 0), .remove("missing"),
            .sync("missing"), .rewrite("missing", at: 0, count: 1) { $0 }, .sync("a"), .syncFolder,
        ])
        #expect(try bytes(folder, "a") == [1, 7, 8, 4, 5])
        try folder.perform([.create("a"), .create("b"), .remove("b")])
        #expect(try bytes(folder, "a") == [] && folder.names().count == 2)
    }

    @Test func `a file of many pieces is read to its end`() throws {
        let folder = try OwnedFolder(path: path)
        let content = (0..<OwnedFolder.pieceBytes * 2 + 1).map { UInt8(truncatingIfNeeded: $0) }
        try folder.perform([.create("a"), .write("a", at: 0, content)])
        #expect(try bytes(folder, "a") == content)
    }

    @Test func `more files can be written than are open at a time`() throws {
        let folder = try OwnedFolder(path: path)
        for number in 0..<30 {
            try folder.perform([
                .create("f\(number)"), .write("f\(number)", at: 0, [UInt8(number)]),
            ])
        }
        for number in 0..<30 {
            try folder.perform([.write("f\(number)", at: 1, [1]), .sync("f\(number)")])
            #expect(try bytes(folder, "f\(number)") == [UInt8(number), 1])
        }
    }

    @Test func `a folder can have only one owner`() throws {
        var folder: OwnedFolder? = try OwnedFolder(path: path)
        #expect(throws: FolderError.inUse) { try OwnedFolder(path: path) }
        _ = try folder?.names()
        folder = nil
        #expect(throws: Never.self) { try OwnedFolder(path: path) }
    }

    @Test func `a released folder is free even if a starting process has its descriptors`()
        throws
    {
        var folder: OwnedFolder? = try OwnedFolder(path: path)
        _ = try folder?.names()
        // As between fork(2) and exec(2).
        let locks = (0..<1024).filter { descriptor in
            var name = [CChar](repeating: 0, count: 1024)
            let count = readlink("/proc/self/fd/\(descriptor)", &name, name.count - 1)
            let bytes = name.prefix(max(0, count)).map(UInt8.init(bitPattern:))
            return String(decoding: bytes, as: UTF8.self).hasSuffix("\(path)/lock")
        }
        #expect(locks.count == 1)
        let copies = locks.map { dup(Int32($0)) }
        defer { for copy in copies { close(copy) } }
        folder = nil
        #expect(throws: Never.self) { try OwnedFolder(path: path) }
    }

    @Test func `an unsuitable folder is refused with the reason`() throws {
        let file = temporary.file("file")
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: FolderError.notAFolder) { try OwnedFolder(path: file) }
        mkdir(path, 0o700)
        chmod(path, 0o775)
        #expect(throws: FolderError.openToOthers(mode: 0o775)) { try OwnedFolder(path: path) }
        chmod(path, 0o755)
        #expect(throws: Never.self) { try OwnedFolder(path: path) }
        #expect(throws: FolderError.system(SystemError(call: "mkdir \(path)/a/b", code: ENOENT))) {
            try OwnedFolder(path: path + "/a/b")
        }
        if geteuid() == 0 {
            chown(path, 12345, 12345)
            #expect(throws: FolderError.otherOwner(12345)) { try OwnedFolder(path: path) }
        }
        #expect("\(FolderError.inUse)".contains("another process"))
    }

    @Test func `a failed operation ends the batch and is reported`() throws {
        let folder = try OwnedFolder(path: path)
        let error = #expect(throws: SystemError.self) {
            try folder.perform([.write("missing", at: 0, [1]), .create("a")])
        }
        #expect(error == SystemError(call: "open missing", code: ENOENT))
        #expect(try folder.names() == ["lock"])
    }
}

struct FileWorkerTests {
    private let temporary: TemporaryFolder
    private let loop: EventLoop

    init() throws {
        temporary = try TemporaryFolder()
        loop = try EventLoop()
    }

    private func worker() throws -> FileWorker {
        try FileWorker(OwnedFolder(path: temporary.path), loop: loop)
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
        for _ in 0..<3 { try loop.turn(upTo: .zero) }
        #expect(count == 51)
    }

    @Test func `closing ends the current batch and releases the folder`() throws {
        var worker: FileWorker? = try worker()
        worker?.begin([.create("a"), .write("a", at: 0, [UInt8](repeating: 1, count: 1 << 22))]) {
            _ in
        }
        worker?.close()
        worker?.close()
        worker = nil
        let folder = try OwnedFolder(path: temporary.path)
        var count = 0
        try folder.read("a") { (piece: [UInt8]) throws(Never) in count += piece.count }
        #expect(count == 1 << 22)
    }
}
