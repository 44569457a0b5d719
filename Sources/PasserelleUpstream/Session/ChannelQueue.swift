// SPDX-License-Identifier: MIT

/// Channels in the order in which they came, each once; every operation takes constant time.
struct ChannelQueue {
    /// Each channel's place in `items`, counted from the first item that there ever was.
    private var places: [String: Int] = [:]
    /// `nil` where a channel was taken out of the middle.
    private var items: [String?] = []
    private var head = 0
    private var consumed = 0

    /// How many channels wait.
    var count: Int { places.count }

    /// Puts a channel at the end; one that waits already keeps its place.
    mutating func append(_ channel: String) {
        guard places[channel] == nil else { return }
        places[channel] = consumed + items.count
        items.append(channel)
    }

    /// Takes a channel out, wherever it stands.
    mutating func remove(_ channel: String) {
        guard let place = places.removeValue(forKey: channel) else { return }
        items[place - consumed] = nil
        compact()
    }

    /// Takes out the channel that waited for longest.
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

    /// Closes the holes once they are more than the channels: paid for by those who left them.
    private mutating func compact() {
        guard items.count - head > 2 * places.count + 16 else { return }
        let waiting = items[head...].compactMap(\.self)
        items = waiting
        (head, consumed) = (0, 0)
        for (place, channel) in waiting.enumerated() { places[channel] = place }
    }
}
