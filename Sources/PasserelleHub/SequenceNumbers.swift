// SPDX-License-Identifier: MIT

/// Finds the missing numbers in the sequence by which the application counts a channel's events.
///
/// The application counts the events of a channel by one. Publishers may overtake each other, so a
/// number is missing only if it has not arrived within `lateness` after a greater one. Numbers that
/// were passed, as that of an edited message, change nothing.
struct SequenceNumbers {
    /// How long a number is awaited after a greater one.
    static let lateness: Duration = .seconds(2)
    /// The most holes that are awaited at a time; with more, the oldest one is missing at once.
    static let holeLimit = 16

    /// Consecutive numbers that have not arrived.
    private struct Hole {
        let numbers: ClosedRange<UInt64>
        /// When the number before the hole arrived, and the one after it.
        let since: WallTime
        let until: WallTime
        let due: Duration

        func with(_ numbers: Range<UInt64>) -> [Hole] {
            numbers.isEmpty
                ? [] : [Hole(numbers: ClosedRange(numbers), since: since, until: until, due: due)]
        }
    }

    private var greatest: (number: UInt64, time: WallTime)?
    /// In the order in which they are due.
    private var holes: [Hole] = []

    /// True if numbers are awaited.
    var hasHoles: Bool { !holes.isEmpty }

    /// Records the number of an event.
    mutating func received(_ number: UInt64, at now: Moment) {
        guard let last = greatest else { return greatest = (number, now.wall) }
        guard number > last.number else { return fill(number) }
        if number - last.number > 1 {
            holes.append(
                Hole(
                    numbers: last.number + 1...number - 1, since: last.time, until: now.wall,
                    due: now.steady + Self.lateness))
        }
        greatest = (number, now.wall)
    }

    private mutating func fill(_ number: UInt64) {
        guard let index = holes.firstIndex(where: { $0.numbers.contains(number) }) else { return }
        let hole = holes[index]
        holes.replaceSubrange(
            index...index,
            with: hole.with(hole.numbers.lowerBound..<number)
                + hole.with(number + 1..<hole.numbers.upperBound + 1))
    }

    /// Returns a gap for the holes that are due, or beyond the limit, and forgets them; without a
    /// time, for all holes.
    mutating func takeMissing(at now: Duration? = nil) -> Gap? {
        let due = now.map { now in holes.count { $0.due <= now } } ?? holes.count
        let missing = holes.prefix(max(due, holes.count - Self.holeLimit))
        guard let first = missing.first, let last = missing.last else { return nil }
        holes.removeFirst(missing.count)
        return Gap(.sequence, since: first.since, until: last.until)
    }
}

extension SequenceNumbers {
    /// Appends the numbers in the form that `init(_:_:now:)` reads.
    func append(to bytes: inout [UInt8], at now: Duration) {
        bytes.append(number: greatest?.number ?? 0)
        bytes.append(time: greatest?.time)
        bytes.append(number: UInt32(holes.count))
        for hole in holes {
            bytes.append(number: hole.numbers.lowerBound)
            bytes.append(number: hole.numbers.upperBound)
            bytes.append(time: hole.since)
            bytes.append(time: hole.until)
            bytes.append(number: UInt64(max(0, (hole.due - now) / .milliseconds(1))))
        }
    }

    /// Reads the numbers that another process appended.
    init(_ bytes: Span<UInt8>, _ cursor: inout JournalCursor, now: Duration) {
        let number = cursor.number64(bytes)
        greatest = cursor.time(bytes).map { (number, $0) }
        for _ in 0..<min(Int(cursor.number32(bytes)), Self.holeLimit) {
            let first = cursor.number64(bytes)
            let last = cursor.number64(bytes)
            guard let since = cursor.time(bytes), let until = cursor.time(bytes), first <= last
            else { return }
            let rest = Int64(min(cursor.number64(bytes), 60_000))
            holes.append(
                Hole(
                    numbers: first...last, since: since, until: until,
                    due: now + .milliseconds(rest)))
        }
    }
}
