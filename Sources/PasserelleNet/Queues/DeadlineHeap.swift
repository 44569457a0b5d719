// SPDX-License-Identifier: MIT

/// A binary heap of elements by deadline; equal deadlines keep the order of insertion.
///
/// Reads no clock. Adding and removing cost O(log n). A removed element is released.
package struct DeadlineHeap<Element> {
    private struct Slot {
        var deadline: Duration = .zero
        var order: UInt64 = 0
        var element: Element?
        var place: Int32 = -1
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int32] = []
    private var heap: [Int32] = []

    /// Creates an empty heap.
    package init() {}

    package var count: Int { heap.count }

    /// The earliest deadline.
    package var first: Duration? { heap.first.map { slots[Int($0)].deadline } }

    /// A mark after every element added so far and before every element added later.
    private(set) var mark: UInt64 = 0

    /// Adds an element.
    @discardableResult
    package mutating func add(_ element: Element, at deadline: Duration) -> TimerToken {
        if free.isEmpty {
            free.append(Int32(slots.count))
            slots.append(Slot())
        }
        let index = free.removeLast()
        mark += 1
        slots[Int(index)].deadline = deadline
        slots[Int(index)].order = mark
        slots[Int(index)].element = element
        slots[Int(index)].generation &+= 1
        heap.append(index)
        rise(heap.count - 1)
        return TimerToken(slot: index, generation: slots[Int(index)].generation)
    }

    /// Removes an element; does nothing if it was removed before.
    mutating func remove(_ token: TimerToken) {
        let index = Int(token.slot)
        guard slots.indices.contains(index), slots[index].generation == token.generation,
            slots[index].place >= 0
        else { return }
        _ = remove(place: Int(slots[index].place))
    }

    /// Removes and returns the earliest element if it is due at `now` and was added before `mark`.
    package mutating func popFirst(through now: Duration, upTo mark: UInt64 = .max) -> Element? {
        guard let first = heap.first, slots[Int(first)].deadline <= now,
            slots[Int(first)].order <= mark
        else { return nil }
        return remove(place: 0)
    }

    private mutating func remove(place: Int) -> Element? {
        let index = heap[place]
        let last = heap.removeLast()
        if place < heap.count {
            heap[place] = last
            slots[Int(last)].place = Int32(place)
            rise(place)
            sink(Int(slots[Int(last)].place))
        }
        let element = slots[Int(index)].element.take()
        slots[Int(index)].place = -1
        free.append(index)
        return element
    }

    private func isEarlier(_ one: Int32, _ other: Int32) -> Bool {
        let (first, second) = (slots[Int(one)].deadline, slots[Int(other)].deadline)
        return first == second ? slots[Int(one)].order < slots[Int(other)].order : first < second
    }

    private mutating func rise(_ start: Int) {
        var place = start
        let moving = heap[place]
        while place > 0, isEarlier(moving, heap[(place - 1) / 2]) {
            put(heap[(place - 1) / 2], at: place)
            place = (place - 1) / 2
        }
        put(moving, at: place)
    }

    private mutating func sink(_ start: Int) {
        var place = start
        let moving = heap[place]
        while true {
            var child = place * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, isEarlier(heap[child + 1], heap[child]) { child += 1 }
            guard isEarlier(heap[child], moving) else { break }
            put(heap[child], at: place)
            place = child
        }
        put(moving, at: place)
    }

    private mutating func put(_ index: Int32, at place: Int) {
        heap[place] = index
        slots[Int(index)].place = Int32(place)
    }
}

/// The identity of one timer, never reused: can be cancelled after the timer fired.
package struct TimerToken: Hashable, Sendable {
    let slot: Int32
    let generation: UInt32
}
