// SPDX-License-Identifier: MIT

/// Things that fall due, the earliest first: a binary heap.
struct Deadlines<Element> {
    private var heap: [(at: Duration, element: Element)] = []

    var count: Int { heap.count }
    /// When the earliest falls due.
    var first: Duration? { heap.first?.at }

    /// Adds a thing with its time.
    mutating func add(_ element: Element, at time: Duration) {
        heap.append((time, element))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].at < heap[parent].at else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest out, if it is due at `now`.
    mutating func popFirst(through now: Duration) -> Element? {
        guard let earliest = heap.first, earliest.at <= now else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return earliest.element }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].at < heap[least].at { least = child }
            guard least != parent else { return earliest.element }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
