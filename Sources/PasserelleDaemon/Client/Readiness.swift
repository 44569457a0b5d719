// SPDX-License-Identifier: MIT

import Glibc

/// What a wait on a descriptor ended with.
enum Readiness: Equatable {
    /// There is something to read, or the end of it.
    case ready
    /// Nobody reads from the watched descriptor any more.
    case unread
    /// The time is over.
    case nothing

    /// Waits until `descriptor` can be read, or the reader of `watched` has gone; poll(2).
    static func wait(
        reading descriptor: Int32?, watching watched: Int32?, within limit: Duration?
    ) -> Readiness {
        let deadline = limit.map { ContinuousClock.now + $0 }
        while true {
            // A negative descriptor is one that poll leaves out.
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

    /// Whole milliseconds, rounded up so that a wait is not cut into empty ones; at most a minute.
    private static func milliseconds(_ rest: Duration) -> Int32 {
        guard rest > .zero else { return 0 }
        guard rest < .seconds(60) else { return 60_000 }
        return Int32(rest / .milliseconds(1)) + 1
    }
}
