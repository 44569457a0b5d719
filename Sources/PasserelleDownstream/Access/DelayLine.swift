// SPDX-License-Identifier: MIT

/// Things that fall due after the same delay each, so that the first in is the first due.
struct DelayLine<Element> {
    /// How long after it came a thing falls due.
    let delay: Duration
    private var items: [(due: Duration, element: Element)] = []
    private var head = 0

    init(delay: Duration) {
        self.delay = delay
    }

    var count: Int { items.count - head }

    /// Adds a thing; `now` never goes back.
    mutating func add(_ element: Element, at now: Duration) {
        items.append((now + delay, element))
    }

    /// Takes the first thing out, if it is due.
    mutating func popFirst(through now: Duration) -> Element? {
        guard head < items.count, items[head].due <= now else { return nil }
        return popFirst()
    }

    /// Takes the first thing out, due or not.
    mutating func popFirst() -> Element? {
        guard head < items.count else { return nil }
        let element = items[head].element
        head += 1
        if head * 2 >= items.count {
            items.removeFirst(head)
            head = 0
        }
        return element
    }
}
