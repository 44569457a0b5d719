// SPDX-License-Identifier: MIT

import Glibc
// Which of the two modules owns timeval depends on what else the target imports.
import SwiftOverlayShims

extension Log {
    /// The process's log: standard error, in journald's form where that is what reads it.
    package convenience init(level: LogLevel, journalStream: String?) {
        self.init(
            level: level, form: Self.form(journalStream: journalStream),
            clock: {
                var time = timeval()
                gettimeofday(&time, nil)
                return Int64(time.tv_sec) * 1_000 + Int64(time.tv_usec) / 1_000
            },
            // A record that nobody takes is lost rather than the loop held up.
            sink: { Terminal.write($0, to: STDERR_FILENO, waits: false) })
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
