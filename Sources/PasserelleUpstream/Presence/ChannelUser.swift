// SPDX-License-Identifier: MIT

import PasserelleHub

/// One user on one channel: the unit of presence, regardless of the number of readers.
package struct ChannelUser: Hashable, Sendable {
    package let channel: String
    package let userID: String

    package init(_ channel: String, _ userID: String) {
        self.channel = channel
        self.userID = userID
    }

    package static func == (left: ChannelUser, right: ChannelUser) -> Bool {
        left.userID.hasSameBytes(as: right.userID) && left.channel.hasSameBytes(as: right.channel)
    }

    package func hash(into hasher: inout Hasher) {
        channel.hashBytes(into: &hasher)
        userID.hashBytes(into: &hasher)
    }
}

extension ChannelUser: Comparable {
    /// Orders by channel, then by user, so that actions have a deterministic order.
    package static func < (left: ChannelUser, right: ChannelUser) -> Bool {
        (ByteKey(left.channel), ByteKey(left.userID))
            < (ByteKey(right.channel), ByteKey(right.userID))
    }
}

/// The number of users of each channel, and the largest of these numbers.
struct ChannelUserCounts {
    private var counts: [String: Int] = [:]
    /// The number of channels with a given number of users, indexed by that number.
    private var channels: [Int] = [0]

    /// The largest number of users on one channel.
    private(set) var most = 0
    /// The sum of the users of all channels.
    private(set) var total = 0

    mutating func add(to channel: String) {
        let count = counts[channel, default: 0]
        counts[channel] = count + 1
        if count > 0 { channels[count] -= 1 }
        if count + 1 == channels.count { channels.append(0) }
        channels[count + 1] += 1
        most = max(most, count + 1)
        total += 1
    }

    mutating func remove(from channel: String) {
        guard let count = counts[channel] else { return }
        counts[channel] = count > 1 ? count - 1 : nil
        channels[count] -= 1
        if count > 1 { channels[count - 1] += 1 }
        // The maximum decreases by one: this channel now has it, or no channel has users.
        if count == most, channels[count] == 0 { most = count - 1 }
        total -= 1
    }
}
