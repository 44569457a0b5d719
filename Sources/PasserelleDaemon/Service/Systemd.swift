// SPDX-License-Identifier: MIT

import CSystemd
import Glibc
import PasserelleNet

/// The calls to libsystemd: each does nothing where no service manager has started this process.
package enum Systemd {
    /// The descriptors that were passed to this very process (sd_listen_fds_with_names(3)).
    ///
    /// Takes the variables that tell of them out of the environment: no child is to claim them.
    static func passedSockets() throws(SystemError) -> [ActivatedSockets.Passed] {
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

    /// Tells the manager; `text` is lines of `NAME=value` (sd_notify(3)).
    package static func notify(_ text: String) {
        sd_notify(0, text)
    }

    /// Tells the manager why the start fails, for `systemctl status`; the words are one line.
    package static func tell(failure words: String) {
        notify("STATUS=\(QuotedText.escaped(words, limit: 1_000))")
    }

    /// How long the manager waits for a sign of life; `nil` where it does not.
    static func watchdogLimit() -> Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(1, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }
}
