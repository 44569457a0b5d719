// SPDX-License-Identifier: MIT

import Glibc

// Which of the two modules declares timeval depends on the other imports of the target.
import SwiftOverlayShims

extension Log {
    /// The log of the process: standard error, or journald directly if it reads standard error.
    package convenience init(level: LogLevel, journalStream: String?) {
        var form = Self.form(journalStream: journalStream)
        // If standard error is full, the record is dropped, so that the event loop does not wait.
        var sink: Sink = { Terminal.write($0, to: STDERR_FILENO, waits: false) }
        if form == .journald, let socket = JournaldSocket() {
            form = .native
            sink = { socket.send($0) }
        }
        self.init(
            level: level, form: form,
            clock: {
                var time = timeval()
                gettimeofday(&time, nil)
                return Int64(time.tv_sec) * 1_000 + Int64(time.tv_usec) / 1_000
            },
            sink: sink)
    }

    /// Returns true if `JOURNAL_STREAM` shows that standard error is connected to the journal.
    package static func isJournald(_ journalStream: String?) -> Bool {
        form(journalStream: journalStream) == .journald
    }

    /// Returns the journald form only if `JOURNAL_STREAM` (`DEVICE:INODE`) identifies standard
    /// error: a child can inherit the variable and write elsewhere (systemd.exec(5)).
    package static func form(
        journalStream: String?, descriptor: Int32 = STDERR_FILENO
    ) -> LogLine.Form {
        var status = stat()
        guard let journalStream, fstat(descriptor, &status) == 0 else { return .timed }
        return journalStream == "\(status.st_dev):\(status.st_ino)" ? .journald : .timed
    }
}

/// Blocking writes to the standard streams of the process.
package enum Terminal {
    /// Writes all of `bytes` and returns true on success; continues interrupted and short writes.
    ///
    /// If the stream is non-blocking and full, waits, or gives up if `waits` is false.
    @discardableResult
    package static func write(
        _ bytes: [UInt8], to descriptor: Int32, waits: Bool = true
    ) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                Glibc.write(descriptor, all.baseAddress?.advanced(by: done), all.count - done)
            }
            let failure = errno
            if count > 0 {
                done += count
            } else if count == 0 || (failure != EINTR && !(failure == EAGAIN && waits)) {
                return false
            } else if failure == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, 100)
            }
        }
        return true
    }

    /// Writes `text` and a line break.
    @discardableResult
    package static func writeLine(_ text: String, to descriptor: Int32) -> Bool {
        write(Array(text.utf8) + [0x0A], to: descriptor)
    }
}
