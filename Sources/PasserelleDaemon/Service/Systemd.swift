// SPDX-License-Identifier: MIT

import CLinux
import CSystemd
import Glibc
import PasserelleLog
package import PasserelleNet

/// Calls to libsystemd; they do nothing if no service manager started this process.
package enum Systemd {
    /// Returns the descriptors passed to this process (sd_listen_fds_with_names(3)).
    ///
    /// Removes their variables from the environment, so that child processes do not use them.
    package static func passedSockets() throws(SystemError) -> [ActivatedSockets.Passed] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        guard count >= 0 else { throw SystemError(call: "sd_listen_fds_with_names", code: -count) }
        defer {
            for index in 0..<Int(count) { free(names?[index]) }
            free(names)
        }
        return (0..<count).map { index in
            let descriptor = SD_LISTEN_FDS_START + index
            let name = names?[Int(index)].map { String(cString: $0) } ?? ""
            return ActivatedSockets.Passed(
                descriptor: descriptor, name: name, kind: DescriptorKind(of: descriptor))
        }
    }

    /// Notifies the manager; `text` is lines of `NAME=value` (sd_notify(3)).
    package static func notify(_ text: String) {
        sd_notify(0, text)
    }

    /// Reports on one line why the start failed, for `systemctl status`.
    package static func report(failure words: String) {
        notify("STATUS=\(QuotedText.escaped(words, limit: 1_000))")
    }

    /// The manager's watchdog limit, or `nil` if it has none.
    package static func watchdogLimit() -> Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(1, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }
}

/// Protects the process's memory from other processes, and from being written in a crash.
package enum CoreDumps {
    /// Disables core files, even if the limits allow them; also prevents other processes of the
    /// same user from tracing this one or reading its memory and environment (`PR_SET_DUMPABLE`,
    /// prctl(2)).
    ///
    /// Call it after reading the environment: /proc/self belongs to root afterwards.
    package static func forbid() {
        _ = CLinux_forbid_dumps()
    }

    /// Disables Swift's crash reports, which print memory near registers and may expose a secret.
    package static func forbidReports() {
        for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGBUS, SIGSEGV] {
            signal(number, SIG_DFL)
        }
    }
}
