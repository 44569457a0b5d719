// SPDX-License-Identifier: MIT

import PasserelleNet

/// A queue of distinct channels; every operation takes constant time, amortized.
struct ChannelQueue {
    /// The number under which each channel is queued.
    private var tickets: [String: UInt64] = [:]
    /// The queued channels in order; an item without its channel's current number was removed.
    private var items = FIFOQueue<(channel: String, ticket: UInt64)>()
    private var lastTicket: UInt64 = 0

    /// The number of queued channels.
    var count: Int { tickets.count }

    /// Appends a channel; if it is queued already, it keeps its place.
    mutating func append(_ channel: String) {
        guard tickets[channel] == nil else { return }
        lastTicket += 1
        tickets[channel] = lastTicket
        items.append((channel, lastTicket))
    }

    /// Removes a channel; removed items are dropped once they outnumber the channels.
    mutating func remove(_ channel: String) {
        guard tickets.removeValue(forKey: channel) != nil else { return }
        guard items.count > 2 * tickets.count + 16 else { return }
        let tickets = tickets
        items.removeAll { tickets[$0.channel] != $0.ticket }
    }

    /// Removes and returns the channel that was queued first.
    mutating func popFirst() -> String? {
        while let item = items.popFirst() {
            guard tickets[item.channel] == item.ticket else { continue }
            tickets[item.channel] = nil
            return item.channel
        }
        return nil
    }
}
