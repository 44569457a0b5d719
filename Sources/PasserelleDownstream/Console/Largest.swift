// SPDX-License-Identifier: MIT

/// The first in an order of all that it was offered: as many as its limit says.
///
/// An offer that is none of them costs one comparison, so that many can be looked at.
struct Largest<Element> {
    /// In the order given.
    private(set) var elements: [Element] = []
    private let limit: Int
    private let precedes: (Element, Element) -> Bool

    init(_ limit: Int, by precedes: @escaping (Element, Element) -> Bool) {
        self.limit = limit
        self.precedes = precedes
    }

    /// Keeps an element where it is among the first; answers whether it is.
    @discardableResult
    mutating func offer(_ element: Element) -> Bool {
        if elements.count >= limit {
            guard let last = elements.last, precedes(element, last) else { return false }
            elements.removeLast()
        }
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(element, elements[middle]) { high = middle } else { low = middle + 1 }
        }
        elements.insert(element, at: low)
        return true
    }
}
