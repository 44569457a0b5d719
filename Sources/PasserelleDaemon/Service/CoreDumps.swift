// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Keeps what the process holds from everybody but root, when it crashes too.
package enum CoreDumps {
    /// No core file is written from now on, whatever the limits say, and no other process of the
    /// same user may trace this one or read its memory and environment (`PR_SET_DUMPABLE`, prctl(2)).
    ///
    /// Called once the environment has been read: afterwards /proc/self is root's.
    package static func forbid() {
        _ = CLinux_forbid_dumps()
    }

    /// Lets a crash be a bare signal: Swift's own report shows memory that registers point to, which
    /// may be a secret.
    package static func forbidReports() {
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] {
            signal(number, SIG_DFL)
        }
    }
}
