// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The users present through the gateway: those with a reader, or within the grace period after it.
///
/// Several readers of one user count as one presence. Each call passes the time; the tracker has no
/// clock.
package struct PresenceTracker {
    /// The grace period after a user's last stream.
    package static let streamGrace: Duration = .seconds(10)
    /// The grace period after a user's last poll.
    package static let pollGrace: Duration = .seconds(60)

    private struct Entry {
        var readers = 0
        /// The user is present until this time even without a reader.
        var until: Duration
        /// The `user_info` most recently supplied for the user.
        var userInfo: [UInt8]?
        /// True if the entry is in `deadlines`, at or before `until`.
        var isTimed = false
    }

    private var entries: [ChannelUser: Entry] = [:]
    private var deadlines = DeadlineHeap<ChannelUser>()
    /// The channels of each present user.
    private var channels: [ByteKey: Set<String>] = [:]

    /// The number of present users, counted once per channel.
    package var count: Int { entries.count }
    /// The time at which `timePassed` must be called; `nil` if every present user has a reader.
    package var deadline: Duration? { deadlines.first }

    /// Returns true if a user is present.
    package func contains(_ user: ChannelUser) -> Bool { entries[user] != nil }

    /// Returns the `user_info` most recently supplied by one of the user's readers, if any.
    package func userInfo(of user: ChannelUser) -> [UInt8]? { entries[user]?.userInfo }

    /// A user that is present in one process, for another one.
    package struct HandedOver {
        package let user: ChannelUser
        package let userInfo: [UInt8]?
        /// How long the user stays present without a reader.
        package let rest: Duration

        package init(user: ChannelUser, userInfo: [UInt8]?, rest: Duration) {
            self.user = user
            self.userInfo = userInfo
            self.rest = rest
        }
    }

    /// The present users.
    package func handedOver(now: Duration) -> [HandedOver] {
        entries.map { user, entry in
            let until = entry.readers > 0 ? now + Self.streamGrace : now
            return HandedOver(
                user: user, userInfo: entry.userInfo, rest: max(entry.until, until) - now)
        }
    }

    /// Records a user of another process, with readers that follow; returns true if the user was
    /// absent.
    package mutating func takeOver(_ handed: HandedOver, now: Duration) -> Bool {
        let user = handed.user
        let isNew = entries[user] == nil
        var entry = entries[user] ?? Entry(until: now)
        entry.until = max(entry.until, now + min(handed.rest, Self.pollGrace))
        entry.userInfo = handed.userInfo ?? entry.userInfo
        keep(entry, of: user)
        channels[ByteKey(user.userID), default: []].insert(user.channel)
        return isNew
    }

    /// Records that a reader joined, with the application's JSON for its user; returns true if the
    /// user was absent.
    package mutating func joined(
        _ user: ChannelUser, userInfo: [UInt8]? = nil, now: Duration
    ) -> Bool {
        let isNew = entries[user] == nil
        var entry = entries[user] ?? Entry(until: now)
        entry.readers += 1
        entry.userInfo = userInfo ?? entry.userInfo
        entries[user] = entry
        channels[ByteKey(user.userID), default: []].insert(user.channel)
        return isNew
    }

    /// Records that a reader left; its user stays present for the grace period.
    package mutating func left(_ user: ChannelUser, now: Duration) {
        guard var entry = entries[user], entry.readers > 0 else { return }
        entry.readers -= 1
        entry.until = max(entry.until, now + Self.streamGrace)
        keep(entry, of: user)
    }

    /// Records that a poll began or was answered; returns true if its user was absent.
    package mutating func polled(
        _ user: ChannelUser, userInfo: [UInt8]? = nil, now: Duration
    ) -> Bool {
        let isNew = entries[user] == nil
        var entry = entries[user] ?? Entry(until: now)
        entry.until = max(entry.until, now + Self.pollGrace)
        entry.userInfo = userInfo ?? entry.userInfo
        keep(entry, of: user)
        channels[ByteKey(user.userID), default: []].insert(user.channel)
        return isNew
    }

    /// Returns the users that are absent now, and removes them.
    package mutating func timePassed(now: Duration) -> [ChannelUser] {
        var gone: [ChannelUser] = []
        while let user = deadlines.popFirst(through: now) {
            guard var entry = entries[user] else { continue }
            entry.isTimed = false
            if entry.readers == 0, entry.until <= now {
                forget(user)
                gone.append(user)
            } else {
                keep(entry, of: user)
            }
        }
        return gone
    }

    /// Removes a user that was revoked on a channel, or on all channels, without a grace period;
    /// returns where the user was present.
    package mutating func revoked(_ userID: String, on channel: String?) -> [ChannelUser] {
        let gone = (channels[ByteKey(userID)] ?? []).filter { channel == nil || $0 == channel }
            .map { ChannelUser($0, userID) }.sorted()
        for user in gone { forget(user) }
        return gone
    }

    private mutating func forget(_ user: ChannelUser) {
        entries[user] = nil
        let key = ByteKey(user.userID)
        channels[key]?.remove(user.channel)
        if channels[key]?.isEmpty == true { channels[key] = nil }
    }

    /// Stores an entry and schedules a single deadline, which suffices since `until` only grows.
    private mutating func keep(_ entry: Entry, of user: ChannelUser) {
        var entry = entry
        if entry.readers == 0, !entry.isTimed {
            entry.isTimed = true
            deadlines.add(user, at: entry.until)
        }
        entries[user] = entry
    }
}
