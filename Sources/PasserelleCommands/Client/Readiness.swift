// SPDX-License-Identifier: MIT

import Glibc

/// The result of waiting on a descriptor.
package enum Readiness: Equatable {
    /// The descriptor has bytes to read, or has reached its end.
    case ready
    /// The watched descriptor has no reader any more.
    case unread
    /// The time limit has passed.
    case nothing

    /// Waits with poll(2) until `descriptor` is readable, or the reader of `watched` has gone.
    package static func wait(
        reading descriptor: Int32?, watching watched: Int32?, within limit: Duration?
    ) -> Readiness {
        let deadline = limit.map { ContinuousClock.now + $0 }
        while true {
            // poll ignores a negative descriptor.
            var waits = [
                pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watched ?? -1, events: 0, revents: 0),
            ]
            let rest = deadline.map { milliseconds($0 - .now) } ?? -1
            let count = poll(&waits, 2, rest)
            if waits[1].revents != 0 { return .unread }
            if count > 0 { return .ready }
            if count == 0, deadline.map({ $0 <= .now }) ?? false { return .nothing }
        }
    }

    /// Whole milliseconds, at most a minute; rounded up, so that the last wait does not become
    /// zero.
    private static func milliseconds(_ rest: Duration) -> Int32 {
        guard rest > .zero else { return 0 }
        guard rest < .seconds(60) else { return 60_000 }
        return Int32(rest / .milliseconds(1)) + 1
    }
}
