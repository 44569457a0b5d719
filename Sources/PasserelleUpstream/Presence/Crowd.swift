// SPDX-License-Identifier: MIT

/// How many users each channel has, and the most that any has.
struct Crowd {
    private var counts: [String: Int] = [:]
    /// How many channels have so many users, by that number.
    private var channels: [Int] = [0]

    /// The most users that any one channel has.
    private(set) var most = 0
    /// The users of all channels together.
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
        // One less is the most now: this channel has it, unless it has nobody.
        if count == most, channels[count] == 0 { most = count - 1 }
        total -= 1
    }
}
