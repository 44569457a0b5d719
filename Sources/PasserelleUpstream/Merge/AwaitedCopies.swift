// SPDX-License-Identifier: MIT

import PasserelleNet

/// The occurrences that were delivered from one connection, and that the other connection should
/// still bring.
///
/// Each copy that arrives uses up the oldest of its content. A connection brings the messages of a
/// channel in the order in which the other one brought them, or nearly so; taking a copy is then
/// O(1), amortized.
struct AwaitedCopies {
    /// The memory of one copy besides its bytes: its places in the table and the queues.
    static let fixedCost = 200

    private typealias Copy = (occurrence: Occurrence, at: Duration)

    /// The copies of one channel, in order; those that arrived are `nil`.
    private struct Queue {
        var copies: [Copy?] = []
        /// The index of the oldest copy.
        var head = 0

        var first: Copy? { head < copies.count ? copies[head] : nil }

        func oldest(_ occurrence: Occurrence) -> (index: Int, at: Duration)? {
            for index in head..<copies.count {
                if let copy = copies[index], copy.occurrence == occurrence {
                    return (index, copy.at)
                }
            }
            return nil
        }

        mutating func removeFirst() { remove(at: head) }

        mutating func remove(at index: Int) {
            copies[index] = nil
            while head < copies.count, copies[head] == nil { head += 1 }
            if head > 64 + copies.count / 2 {
                copies.removeFirst(head)
                head = 0
            }
        }
    }

    private var channels: [String: Queue] = [:]
    /// The number of copies of each content.
    private var counts: [Occurrence: Int] = [:]
    /// The channels with their copies' times, oldest first; some of the copies arrived.
    private var order = FIFOQueue<(channel: String, at: Duration)>()
    /// The memory of the copies, in bytes.
    private(set) var bytes = 0

    /// A time at which `expire` may have an effect: that of the oldest copy, or earlier.
    var oldest: Duration? { order.first?.at }

    /// Adds a copy that should arrive, of a message delivered at `time`.
    mutating func add(_ occurrence: Occurrence, deliveredAt time: Duration) {
        channels[occurrence.channel, default: Queue()].copies.append((occurrence, time))
        counts[occurrence, default: 0] += 1
        order.append((occurrence.channel, time))
        bytes += occurrence.cost
    }

    /// Removes the oldest copy of this content, and returns when it was delivered; `nil` if none
    /// should arrive.
    mutating func take(_ occurrence: Occurrence) -> Duration? {
        guard bytes > 0, counts[occurrence] != nil,
            let (index, time) = channels[occurrence.channel]?.oldest(occurrence)
        else { return nil }
        channels[occurrence.channel]?.remove(at: index)
        forget(occurrence)
        trimOrder()
        return time
    }

    /// Removes the oldest copies of a channel, delivered at `time` or earlier; returns how many.
    mutating func expire(_ channel: String, through time: Duration) -> Int {
        var removed = 0
        while let (occurrence, at) = channels[channel]?.first, at <= time {
            channels[channel]?.removeFirst()
            forget(occurrence)
            removed += 1
        }
        if removed > 0 { trimOrder() }
        return removed
    }

    /// Removes the copies delivered at `time` or earlier; returns how many.
    mutating func expire(through time: Duration) -> Int {
        var removed = 0
        while let (channel, at) = order.first, at <= time {
            _ = order.popFirst()
            removed += expire(channel, through: time)
        }
        return removed
    }

    /// Removes the copies of a channel.
    mutating func remove(channel: String) {
        _ = expire(channel, through: .seconds(Int64.max / 2))
    }
}

extension AwaitedCopies {
    /// Removes one copy from the count and the memory, after it was removed from its queue.
    private mutating func forget(_ occurrence: Occurrence) {
        bytes -= occurrence.cost
        let count = counts[occurrence] ?? 0
        counts[occurrence] = count > 1 ? count - 1 : nil
        if channels[occurrence.channel]?.first == nil { channels[occurrence.channel] = nil }
    }

    private mutating func trimOrder() {
        while let (channel, at) = order.first {
            if let first = channels[channel]?.first, first.at <= at { return }
            _ = order.popFirst()
        }
    }
}
