// SPDX-License-Identifier: MIT

import Glibc

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
