// SPDX-License-Identifier: MIT

import PasserelleNet

/// A queue in which clients take turns.
///
/// Each client has its own line: first in, first out. A client that adds many elements delays only
/// its own.
struct FairQueue<Client: Hashable, Element> {
    private struct Item {
        let number: UInt64
        let element: Element
    }

    /// The elements of one client; those before `head` were removed.
    private struct Line {
        var items: [Item] = []
        var head = 0

        var count: Int { items.count - head }
        var first: Item? { count > 0 ? items[head] : nil }
        var last: Item? { count > 0 ? items.last : nil }

        mutating func removeFirst() {
            head += 1
            guard head * 2 >= items.count else { return }
            items.removeFirst(head)
            head = 0
        }

        mutating func remove(_ number: UInt64) -> Bool {
            var (low, high) = (head, items.count)
            while low < high {
                let middle = (low + high) / 2
                if items[middle].number < number { low = middle + 1 } else { high = middle }
            }
            guard low < items.count, items[low].number == number else { return false }
            items.remove(at: low)
            return true
        }
    }

    private var lines: [Client: Line] = [:]
    /// The clients with a line, in the order of their turns.
    private var turns: [Client] = []
    private var lastNumber: UInt64 = 0
    /// The number of elements in the queue.
    private(set) var count = 0

    /// Returns the number of elements of one client.
    func count(of client: Client) -> Int { lines[client]?.count ?? 0 }

    /// Returns the newest element of one client.
    func last(of client: Client) -> Element? { lines[client]?.last?.element }

    /// Appends an element to its client's line; returns its number, for `remove`.
    mutating func add(_ element: Element, of client: Client) -> UInt64 {
        lastNumber += 1
        if lines[client] == nil {
            lines[client] = Line()
            turns.append(client)
        }
        lines[client]?.items.append(Item(number: lastNumber, element: element))
        count += 1
        return lastNumber
    }

    /// Removes an element by its number.
    mutating func remove(_ number: UInt64, of client: Client) {
        guard lines[client]?.remove(number) == true else { return }
        count -= 1
        // A client keeps its turn while its line is empty, so that it gains no turn by leaving.
        if turns.count > 2 * count + 64 { dropEmptyLines() }
    }

    /// Removes the first element of the next client for which `mayGo` returns true.
    mutating func popFirst(where mayGo: (Client) -> Bool = { _ in true }) -> Element? {
        var index = 0
        while index < turns.count {
            let client = turns[index]
            guard let item = lines[client]?.first else {
                lines[client] = nil
                turns.remove(at: index)
                continue
            }
            guard mayGo(client) else {
                index += 1
                continue
            }
            turns.remove(at: index)
            turns.append(client)
            lines[client]?.removeFirst()
            count -= 1
            return item.element
        }
        return nil
    }

    /// Removes the first element of one client.
    mutating func popFirst(of client: Client) -> Element? {
        guard let item = lines[client]?.first else { return nil }
        lines[client]?.removeFirst()
        count -= 1
        return item.element
    }

    private mutating func dropEmptyLines() {
        turns.removeAll { client in
            guard lines[client]?.count == 0 else { return false }
            lines[client] = nil
            return true
        }
    }
}

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
