// SPDX-License-Identifier: MIT

/// A first-in, first-out queue; taking an element is O(1) amortized.
package struct FIFOQueue<Item> {
    private var items: [Item] = []
    /// The index of the next element in `items`; earlier ones are already taken.
    private var head = 0

    /// Creates an empty queue.
    package init() {}

    package var count: Int { items.count - head }
    /// True if the queue is empty.
    package var isEmpty: Bool { head == items.count }
    /// The oldest element.
    package var first: Item? { isEmpty ? nil : items[head] }

    package mutating func append(_ item: Item) { items.append(item) }

    /// Removes and returns the oldest element.
    package mutating func popFirst() -> Item? {
        guard head < items.count else { return nil }
        let item = items[head]
        head += 1
        // Compacts once the taken elements are the larger half: each element is moved at most once.
        if head == items.count || head > 64 + items.count / 2 {
            items.removeFirst(head)
            head = 0
        }
        return item
    }

    /// Removes the elements that satisfy the predicate; O(n).
    package mutating func removeAll(where isRemoved: (Item) -> Bool) {
        items.removeFirst(head)
        head = 0
        items.removeAll(where: isRemoved)
    }
}

extension FIFOQueue: Sendable where Item: Sendable {}
