// SPDX-License-Identifier: MIT

/// Whom the gateway has seen on each channel, also those who are gone: for thirty days.
package struct SeenMembers {
    /// How long somebody who is gone is remembered.
    package static let age: Duration = .seconds(30 * 86_400)
    /// Users remembered over all channels; beyond it, nobody new is remembered until others go.
    package static let limit = 500_000

    private let limit: Int
    private var channels: [String: [String: SeenMember]] = [:]
    /// How many users are remembered, counted once a channel.
    package private(set) var count = 0

    /// Remembers nobody yet, and `limit` users at the most.
    package init(limit: Int = SeenMembers.limit) {
        self.limit = limit
    }

    /// Everybody who was seen on a channel, by their ids.
    package func members(of channel: String) -> [SeenMember] {
        (channels[channel] ?? [:]).values.sorted { $0.member.userID < $1.member.userID }
    }

    /// The channels on which anybody was seen.
    package var names: [String] { Array(channels.keys) }

    /// Notes that somebody was seen.
    package mutating func saw(_ seen: SeenMember, on channel: String) {
        let userID = seen.member.userID
        if channels[channel]?[userID] == nil {
            guard count < limit else { return }
            count += 1
        }
        channels[channel, default: [:]][userID] = seen
    }

    /// Notes that somebody went; gives them as they were seen.
    mutating func left(_ userID: String, of channel: String, at time: WallTime) -> SeenMember? {
        guard var seen = channels[channel]?[userID], seen.isPresent else { return nil }
        seen.isPresent = false
        seen.time = time
        channels[channel]?[userID] = seen
        return seen
    }

    /// Notes that nobody knows any more who is there.
    mutating func lost(_ channel: String, at time: WallTime) {
        for userID in (channels[channel] ?? [:]).keys { _ = left(userID, of: channel, at: time) }
    }

    /// Forgets those who have been gone for too long.
    package mutating func expire(at now: WallTime) {
        let oldest = now.milliseconds - Self.age.components.seconds * 1000
        func isForgotten(_ seen: SeenMember) -> Bool {
            !seen.isPresent && seen.time.milliseconds < oldest
        }
        for (channel, members) in channels where members.values.contains(where: isForgotten) {
            let kept = members.filter { !isForgotten($0.value) }
            count -= members.count - kept.count
            channels[channel] = kept.isEmpty ? nil : kept
        }
    }
}
