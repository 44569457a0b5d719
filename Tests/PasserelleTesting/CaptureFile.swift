// SPDX-License-Identifier: MIT

import Glibc

/// An unlinked file that a program writes to while the test reads it from the start.
final class CaptureFile {
    let descriptor: Int32

    init() throws(SubprocessError) {
        let path = "/tmp/passerelle-capture-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw .system(call: "open \(path)", errno) }
        unlink(path)
    }

    deinit {
        close(descriptor)
    }

    /// The whole contents of the file so far.
    var text: String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(descriptor, &part, part.count, off_t(bytes.count))
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }
}
