// SPDX-License-Identifier: MIT

/// The users that the gateway has seen on each channel, kept for thirty days after they left.
///
/// The users of each channel, of all channels together, and their bytes are limited. Beyond a
/// limit, the users that left first are forgotten; users that are present are kept.
package struct SeenMembers {
    /// The time for which a user is remembered after leaving.
    package static let age: Duration = .seconds(30 * 86_400)
    /// The number of users remembered over all channels.
    package static let limit = 500_000
    /// The number of users remembered on one channel.
    package static let channelLimit = 10_000

    /// A user, and the number of the user's departure; `nil` while the user is present.
    private struct Entry {
        var seen: SeenMember
        var departure: UInt64?
    }

    private struct Channel {
        var members: [ByteKey: Entry] = [:]
        /// The departures from this channel, in order.
        var departures: ArraySlice<Departure> = []
    }

    private let limit: Int
    private let channelLimit: Int
    /// The bytes that all remembered users may count, as `SeenMember.cost`.
    private(set) var byteLimit: Int
    private var channels: [String: Channel] = [:]
    /// The departures from all channels, in order.
    private var departures: ArraySlice<Departure> = []
    private var lastDeparture: UInt64 = 0
    /// The number of remembered users, counted once per channel.
    package private(set) var count = 0
    /// The cost of all remembered users, in bytes, counted as `SeenMember.cost`.
    package private(set) var bytes = 0

    /// The number of departures in the queue of all channels, and in the queues of each channel.
    var departureCount: (all: Int, ofChannels: Int) {
        (departures.count, channels.values.reduce(0) { $0 + $1.departures.count })
    }

    /// Creates an empty collection with limits.
    package init(
        limit: Int = SeenMembers.limit, channelLimit: Int = SeenMembers.channelLimit,
        byteLimit: Int = .max
    ) {
        self.limit = limit
        self.channelLimit = channelLimit
        self.byteLimit = byteLimit
    }

    /// Returns every user that was seen on a channel, sorted by id.
    package func members(of channel: String) -> [SeenMember] {
        (channels[channel]?.members ?? [:]).sorted { $0.key < $1.key }.map(\.value.seen)
    }

    /// Returns the ids of the users that were seen on a channel, in no order.
    func userIDs(of channel: String) -> [String] {
        (channels[channel]?.members ?? [:]).keys.map(\.text)
    }

    /// Returns a user as last seen on a channel.
    func member(_ userID: String, of channel: String) -> SeenMember? {
        channels[channel]?.members[ByteKey(userID)]?.seen
    }

    /// The channels on which any user was seen.
    package var names: [String] { Array(channels.keys) }

    /// Records that a user was seen.
    ///
    /// If there is no room for the `user_info`, the user is remembered without it.
    package mutating func observe(_ seen: SeenMember, on channel: String) {
        let userID = ByteKey(seen.member.userID)
        forget(userID, of: channel)
        guard makeRoom(on: channel) else { return }
        var seen = seen
        if !makeRoom(users: 1, bytes: seen.cost(on: channel)) {
            seen.member = seen.member.withoutInfo
            guard makeRoom(users: 1, bytes: seen.cost(on: channel)) else { return }
        }
        count += 1
        bytes += seen.cost(on: channel)
        channels[channel, default: Channel()].members[userID] = Entry(seen: seen)
        if !seen.isPresent { departed(userID, of: channel) }
    }

    /// Records that a user left; returns the user, or `nil` if the user was not present.
    mutating func left(_ userID: String, of channel: String, at time: WallTime) -> SeenMember? {
        let userID = ByteKey(userID)
        guard var seen = channels[channel]?.members[userID]?.seen, seen.isPresent else {
            return nil
        }
        seen.isPresent = false
        seen.time = time
        channels[channel]?.members[userID] = Entry(seen: seen)
        departed(userID, of: channel)
        return seen
    }

    /// Marks every user of the channel as absent.
    mutating func lost(_ channel: String, at time: WallTime) {
        for key in (channels[channel]?.members ?? [:]).keys {
            _ = left(key.text, of: channel, at: time)
        }
    }

    /// Sets the byte limit, and forgets users that exceed it.
    mutating func setByteLimit(_ limit: Int) {
        byteLimit = limit
        _ = makeRoom(users: 0, bytes: 0)
    }

    /// Forgets users that left longer ago than `age`.
    package mutating func expire(at now: WallTime) {
        let oldest = now.milliseconds - Self.age.components.seconds * 1000
        func isForgotten(_ entry: Entry) -> Bool {
            !entry.seen.isPresent && entry.seen.time.milliseconds < oldest
        }
        for (name, channel) in channels {
            for (userID, entry) in channel.members where isForgotten(entry) {
                forget(userID, of: name)
            }
        }
    }

    // MARK: - Limits

    private mutating func forget(_ userID: ByteKey, of channel: String) {
        guard let entry = channels[channel]?.members.removeValue(forKey: userID) else { return }
        count -= 1
        bytes -= entry.seen.cost(on: channel)
        if channels[channel]?.members.isEmpty == true { channels[channel] = nil }
    }

    /// Forgets the users that left first, on any channel, until the given number and bytes fit;
    /// returns whether they fit.
    private mutating func makeRoom(users: Int, bytes more: Int) -> Bool {
        while count + users > limit || bytes > byteLimit - more {
            guard let departure = departures.popFirst() else { return false }
            if counts(departure) { forget(departure.userID, of: departure.channel) }
        }
        return true
    }

    /// Forgets the users that left a channel first until one more fits; returns whether it fits.
    private mutating func makeRoom(on channel: String) -> Bool {
        while channels[channel]?.members.count ?? 0 >= channelLimit {
            guard let departure = channels[channel]?.departures.popFirst() else { return false }
            if counts(departure) { forget(departure.userID, of: channel) }
        }
        return true
    }

    /// True if a departure is current: the user has neither returned nor been forgotten.
    private func counts(_ departure: Departure) -> Bool {
        channels[departure.channel]?.members[departure.userID]?.departure == departure.number
    }

    private mutating func departed(_ userID: ByteKey, of channel: String) {
        lastDeparture += 1
        channels[channel]?.members[userID]?.departure = lastDeparture
        let departure = Departure(number: lastDeparture, channel: channel, userID: userID)
        departures.append(departure)
        channels[channel]?.departures.append(departure)
        if departures.count > 2 * count + 1024 { departures = departures.filter(counts)[...] }
        guard let own = channels[channel], own.departures.count > 2 * own.members.count + 64 else {
            return
        }
        let kept = own.departures.filter(counts)
        channels[channel]?.departures = kept[...]
    }
}

/// A departure of a user from a channel; it is current until the user returns or is forgotten.
private struct Departure {
    let number: UInt64
    let channel: String
    let userID: ByteKey
}

/// A user that the gateway has seen on a channel.
package struct SeenMember: Equatable, Sendable {
    package var member: Member
    /// When the user was last present, as far as known; if present, when they arrived.
    package var time: WallTime
    package var isPresent: Bool

    package init(_ member: Member, time: WallTime, isPresent: Bool) {
        self.member = member
        self.time = time
        self.isPresent = isPresent
    }

    /// The bytes that a user counts against the limit: the entry and the departure.
    func cost(on channel: String) -> Int {
        384 + 2 * member.userID.utf8.count + channel.utf8.count + (member.userInfo?.count ?? 0)
    }
}
