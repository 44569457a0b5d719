// SPDX-License-Identifier: MIT

/// A queue of distinct channels; every operation takes constant time, amortized.
struct ChannelQueue {
    /// The place of each channel in `items`, counted from the first item ever appended.
    private var places: [String: Int] = [:]
    /// The queued channels; `nil` for a channel that was removed from the middle.
    private var items: [String?] = []
    private var head = 0
    private var consumed = 0

    /// The number of queued channels.
    var count: Int { places.count }

    /// Appends a channel; if it is queued already, it keeps its place.
    mutating func append(_ channel: String) {
        guard places[channel] == nil else { return }
        places[channel] = consumed + items.count
        items.append(channel)
    }

    /// Removes a channel from any place.
    mutating func remove(_ channel: String) {
        guard let place = places.removeValue(forKey: channel) else { return }
        items[place - consumed] = nil
        compact()
    }

    /// Removes and returns the channel that was queued first.
    mutating func popFirst() -> String? {
        while head < items.count {
            let item = items[head]
            items[head] = nil
            head += 1
            guard let channel = item else { continue }
            places[channel] = nil
            forgetConsumed()
            return channel
        }
        forgetConsumed()
        return nil
    }

    private mutating func forgetConsumed() {
        guard head == items.count || head > 64 + items.count / 2 else { return }
        items.removeFirst(head)
        (consumed, head) = (consumed + head, 0)
    }

    /// Removes the gaps once they outnumber the channels; the cost is amortized over the removals.
    private mutating func compact() {
        guard items.count - head > 2 * places.count + 16 else { return }
        let waiting = items[head...].compactMap(\.self)
        items = waiting
        (head, consumed) = (0, 0)
        for (place, channel) in waiting.enumerated() { places[channel] = place }
    }
}
