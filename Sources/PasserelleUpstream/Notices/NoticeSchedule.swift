// SPDX-License-Identifier: MIT

/// What waits for its time: taken in the order of the times, and of arrival where those are equal.
struct NoticeSchedule<Item: Equatable> {
    /// The latest first, so that the next one is the last.
    private var entries: [(at: Duration, item: Item)] = []

    /// When the next item's time comes.
    var next: Duration? { entries.last?.at }

    mutating func add(_ item: Item, at time: Duration) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].at <= time { high = middle } else { low = middle + 1 }
        }
        entries.insert((time, item), at: low)
    }

    mutating func takeDue(at now: Duration) -> Item? {
        guard let last = entries.last, last.at <= now else { return nil }
        return entries.removeLast().item
    }
}
