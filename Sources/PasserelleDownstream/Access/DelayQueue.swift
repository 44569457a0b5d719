// SPDX-License-Identifier: MIT

import PasserelleNet

/// Elements that fall due after one common delay, so the oldest is due first.
struct DelayQueue<Element> {
    /// The time between the addition of an element and its deadline.
    let delay: Duration
    private var items = FIFOQueue<(due: Duration, element: Element)>()

    init(delay: Duration) { self.delay = delay }

    var count: Int { items.count }

    /// Adds an element; `now` must not decrease.
    mutating func add(_ element: Element, at now: Duration) {
        items.append((now + delay, element))
    }

    /// Removes the elements that satisfy the predicate; O(n).
    mutating func removeAll(where isRemoved: (Element) -> Bool) {
        items.removeAll { isRemoved($0.element) }
    }

    /// Removes and returns the oldest element if it is due.
    mutating func popFirst(through now: Duration) -> Element? {
        guard let first = items.first, first.due <= now else { return nil }
        return popFirst()
    }

    /// Removes and returns the oldest element, due or not.
    mutating func popFirst() -> Element? { items.popFirst()?.element }
}
