// SPDX-License-Identifier: MIT

/// The first elements, in a given order, of all elements offered; at most `limit`.
///
/// An element that is not among them costs one comparison.
struct LargestElements<Element> {
    /// The elements in order.
    private(set) var elements: [Element] = []
    private let limit: Int
    private let precedes: (Element, Element) -> Bool

    init(_ limit: Int, by precedes: @escaping (Element, Element) -> Bool) {
        self.limit = limit
        self.precedes = precedes
    }

    /// Keeps an element if it is among the first; returns whether it is.
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
