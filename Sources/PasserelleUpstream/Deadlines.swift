// SPDX-License-Identifier: MIT

/// Things that fall due, the earliest first, of equals the one that was added first: a binary heap.
struct Deadlines<Element> {
    private struct Entry {
        let at: Duration
        let number: UInt64
        let element: Element

        static func < (left: Entry, right: Entry) -> Bool {
            (left.at, left.number) < (right.at, right.number)
        }
    }

    private var heap: [Entry] = []
    private var added: UInt64 = 0

    var count: Int { heap.count }
    /// When the earliest falls due.
    var first: Duration? { heap.first?.at }

    /// Adds a thing with its time.
    mutating func add(_ element: Element, at time: Duration) {
        heap.append(Entry(at: time, number: added, element: element))
        added += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
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
            where child < heap.count && heap[child] < heap[least] { least = child }
            guard least != parent else { return earliest.element }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
