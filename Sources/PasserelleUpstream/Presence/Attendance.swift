// SPDX-License-Identifier: MIT

/// Who is present by way of the gateway: users with a reader, or without one since a short time.
///
/// Several readers of one user are one presence. It is told what happened and when, and holds no
/// clock.
package struct Attendance {
    /// How long a user stays present behind their last stream.
    package static let streamGrace: Duration = .seconds(10)
    /// How long a user stays present behind their last poll.
    package static let pollGrace: Duration = .seconds(60)

    private struct Entry {
        var readers = 0
        /// Present until then even without a reader.
        var until: Duration
        /// What the user's readers last said of the user.
        var userInfo: [UInt8]?
        /// True while the entry stands among the deadlines, at or before `until`.
        var isTimed = false
    }

    private var entries: [Attendee: Entry] = [:]
    private var deadlines = Deadlines<Attendee>()

    package init() {}

    /// How many users are present, each channel counted.
    package var count: Int { entries.count }
    /// When `timePassed` wants to be told; `nil` while everybody present reads.
    package var deadline: Duration? { deadlines.first }

    /// Says whether a user is present.
    package func contains(_ attendee: Attendee) -> Bool { entries[attendee] != nil }

    /// What others are told of a user: what the latest of their readers said, of those who said
    /// anything; `nil` where none did.
    package func userInfo(of attendee: Attendee) -> [UInt8]? { entries[attendee]?.userInfo }

    /// A reader came, with the application's JSON for its user; answers whether the user was absent
    /// before.
    package mutating func joined(
        _ attendee: Attendee, userInfo: [UInt8]? = nil, now: Duration
    ) -> Bool {
        let isNew = entries[attendee] == nil
        var entry = entries[attendee] ?? Entry(until: now)
        entry.readers += 1
        entry.userInfo = userInfo ?? entry.userInfo
        entries[attendee] = entry
        return isNew
    }

    /// A reader left; its user stays for the grace period.
    package mutating func left(_ attendee: Attendee, now: Duration) {
        guard var entry = entries[attendee], entry.readers > 0 else { return }
        entry.readers -= 1
        entry.until = max(entry.until, now + Self.streamGrace)
        keep(entry, of: attendee)
    }

    /// A poll was asked or answered; answers whether its user was absent before.
    package mutating func polled(
        _ attendee: Attendee, userInfo: [UInt8]? = nil, now: Duration
    ) -> Bool {
        let isNew = entries[attendee] == nil
        var entry = entries[attendee] ?? Entry(until: now)
        entry.until = max(entry.until, now + Self.pollGrace)
        entry.userInfo = userInfo ?? entry.userInfo
        keep(entry, of: attendee)
        return isNew
    }

    /// Time passed: answers who is present no longer.
    package mutating func timePassed(now: Duration) -> [Attendee] {
        var gone: [Attendee] = []
        while let attendee = deadlines.popFirst(through: now) {
            guard var entry = entries[attendee] else { continue }
            entry.isTimed = false
            if entry.readers == 0, entry.until <= now {
                entries[attendee] = nil
                gone.append(attendee)
            } else {
                keep(entry, of: attendee)
            }
        }
        return gone
    }

    /// Stores an entry and sees to its deadline: one at a time, since it only ever moves on.
    private mutating func keep(_ entry: Entry, of attendee: Attendee) {
        var entry = entry
        if entry.readers == 0, !entry.isTimed {
            entry.isTimed = true
            deadlines.add(attendee, at: entry.until)
        }
        entries[attendee] = entry
    }
}
