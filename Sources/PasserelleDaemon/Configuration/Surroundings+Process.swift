// SPDX-License-Identifier: MIT

import Glibc

extension Surroundings {
    /// The most bytes that an environment file, a credential or a certificate file may have.
    package static let fileBytes = 4 << 20

    /// What surrounds this process.
    package static func process() -> Surroundings {
        Surroundings(
            environment: environment(), readFile: readFile,
            exists: { access($0, F_OK) == 0 }, userID: userID, groupID: groupID,
            ownUserID: geteuid())
    }

    /// The environment the process was started with; what is not UTF-8 is repaired with U+FFFD.
    private static func environment() -> [String: String] {
        guard case .success(let bytes) = readFile("/proc/self/environ") else { return [:] }
        var result: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            result[name] = String(decoding: entry[entry.index(after: equals)...], as: UTF8.self)
        }
        return result
    }

    private static let readFile: @Sendable (String) -> Result<[UInt8], FileFailure> = {
        readFile($0, limit: fileBytes)
    }

    /// All of a file, where that is at most `limit` bytes.
    static func readFile(_ path: String, limit: Int) -> Result<[UInt8], FileFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(.refused(errno)) }
        defer { close(descriptor) }
        return read(descriptor, limit: limit)
    }

    /// All that can be read from a descriptor, where that is at most `limit` bytes.
    static func read(_ descriptor: Int32, limit: Int) -> Result<[UInt8], FileFailure> {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            let failure = errno
            if count == 0 { return .success(bytes) }
            if count < 0 && failure == EINTR { continue }
            guard count > 0 else { return .failure(.refused(failure)) }
            bytes += piece[..<count]
            guard bytes.count <= limit else { return .failure(.tooLarge(limit: limit)) }
        }
    }

    private static let userID: @Sendable (String) -> UInt32? = { name in
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16_384)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            return nil
        }
        return entry.pw_uid
    }

    private static let groupID: @Sendable (String) -> UInt32? = { name in
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            return nil
        }
        return entry.gr_gid
    }
}

extension FileFailure {
    /// The failure in the system's words.
    package var reason: String {
        switch self {
        case .refused(let code):
            var text = [CChar](repeating: 0, count: 256)
            guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
            return String(
                decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        case .tooLarge(let limit): return "longer than \(limit) bytes"
        }
    }
}
