// SPDX-License-Identifier: MIT

import CLinux

/// Keeps what the process holds from everybody but root.
package enum CoreDumps {
    /// No core file is written from now on, whatever the limits say, and no other process of the
    /// same user may trace this one or read its memory and environment (`PR_SET_DUMPABLE`, prctl(2)).
    ///
    /// Called once the environment has been read: afterwards /proc/self is root's.
    package static func forbid() {
        _ = CLinux_forbid_dumps()
    }
}
