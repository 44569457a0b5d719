// SPDX-License-Identifier: MIT

/// What is to be done when: a heap by deadline, equal deadlines in the order they were set.
///
/// Knows no clock; setting and cancelling cost O(log n), and a cancelled timer holds nothing.
struct Timers {
    private struct Slot {
        var deadline: Duration = .zero
        var order: UInt64 = 0
        var body: (() -> Void)?
        var place: Int32 = -1
        var generation: UInt32 = 0
    }

    private var slots: [Slot] = []
    private var free: [Int32] = []
    private var heap: [Int32] = []
    private var lastOrder: UInt64 = 0

    /// How many timers are set.
    var count: Int { heap.count }

    /// The earliest deadline; `nil` when no timer is set.
    var next: Duration? { heap.first.map { slots[Int($0)].deadline } }

    /// A mark that lies behind every timer set so far and before every timer set later.
    var mark: UInt64 { lastOrder }

    /// Sets a timer.
    mutating func set(at deadline: Duration, _ body: @escaping () -> Void) -> TimerToken {
        let index: Int32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = Int32(slots.count)
            slots.append(Slot())
        }
        lastOrder += 1
        slots[Int(index)].deadline = deadline
        slots[Int(index)].order = lastOrder
        slots[Int(index)].body = body
        slots[Int(index)].generation &+= 1
        heap.append(index)
        rise(heap.count - 1)
        return TimerToken(slot: index, generation: slots[Int(index)].generation)
    }

    /// Forgets a timer; does nothing when it fired or was cancelled before.
    mutating func cancel(_ token: TimerToken) {
        let index = Int(token.slot)
        guard slots.indices.contains(index), slots[index].generation == token.generation,
            slots[index].place >= 0
        else { return }
        _ = remove(place: Int(slots[index].place))
    }

    /// Takes the body of the earliest timer that is due at `now` and was set up to `mark`.
    mutating func takeDue(at now: Duration, upTo mark: UInt64) -> (() -> Void)? {
        guard let first = heap.first, slots[Int(first)].deadline <= now,
            slots[Int(first)].order <= mark
        else { return nil }
        return remove(place: 0)
    }

    private mutating func remove(place: Int) -> (() -> Void)? {
        let index = heap[place]
        let last = heap.removeLast()
        if place < heap.count {
            heap[place] = last
            slots[Int(last)].place = Int32(place)
            rise(place)
            sink(Int(slots[Int(last)].place))
        }
        let body = slots[Int(index)].body
        slots[Int(index)].body = nil
        slots[Int(index)].place = -1
        free.append(index)
        return body
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
