// SPDX-License-Identifier: MIT

import Glibc
// Which of the two modules owns timeval depends on what else the target imports.
import SwiftOverlayShims

extension Log {
    /// The process's log: standard error, or journald itself where that is what reads it.
    package convenience init(level: LogLevel, journalStream: String?) {
        var form = Self.form(journalStream: journalStream)
        // A record that nobody takes is lost rather than the loop held up.
        var sink: Sink = { Terminal.write($0, to: STDERR_FILENO, waits: false) }
        if form == .journal, let socket = JournalSocket() {
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

    /// Says whether standard error goes to the journal, by the value of `JOURNAL_STREAM`.
    package static func isJournal(_ journalStream: String?) -> Bool {
        form(journalStream: journalStream) == .journal
    }

    /// Journald's form only where `JOURNAL_STREAM` (`DEVICE:INODE`) names standard error itself:
    /// a child may inherit the variable and write elsewhere (systemd.exec(5)).
    static func form(
        journalStream: String?, descriptor: Int32 = STDERR_FILENO
    ) -> LogLine.Form {
        var status = stat()
        guard let journalStream, fstat(descriptor, &status) == 0 else { return .timed }
        return journalStream == "\(status.st_dev):\(status.st_ino)" ? .journal : .timed
    }
}
