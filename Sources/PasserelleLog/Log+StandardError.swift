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
