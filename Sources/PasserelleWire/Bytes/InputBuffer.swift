// SPDX-License-Identifier: MIT

/// Holds the bytes of a peer that no parser has used yet.
///
/// Taking from the front costs no move: a start index advances, and the storage is compacted when
/// half of it is used up. An empty buffer owns no heap memory, so an idle connection costs none.
package struct InputBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    /// Makes an empty buffer without storage.
    package init() {}

    /// Gives how many bytes wait.
    package var count: Int { bytes.count - start }

    /// Tells whether no byte waits; then no heap memory is held either.
    package var isEmpty: Bool { bytes.isEmpty }

    /// Gives the size of the storage held, which is 0 when empty.
    package var capacity: Int { bytes.capacity }

    /// Gives the waiting byte at that distance from the first.
    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0, "read before the first byte")
        return bytes[start + index]
    }

    /// Gives what `body` finds in the waiting bytes, and drops none of them.
    package func read<T, E: Error>(_ body: (Span<UInt8>) throws(E) -> T) throws(E) -> T {
        try body(bytes.span.extracting(droppingFirst: start))
    }

    /// Adds what has come.
    package mutating func append(_ new: Span<UInt8>) {
        compact()
        bytes.append(copying: new)
    }

    /// Adds what has come; an empty buffer takes the array over without a copy.
    package mutating func append(_ new: [UInt8]) {
        compact()
        if bytes.isEmpty { bytes = new } else { bytes.append(contentsOf: new) }
    }

    /// Drops the first `n` bytes, and the storage with the last of them.
    package mutating func consume(_ n: Int) {
        precondition(n >= 0 && n <= count, "consumed more than there is")
        start += n
        if start == bytes.count {
            bytes = []
            start = 0
        }
    }

    /// Drops what `parse` says it has used, and gives its value; `nil` leaves all as it is.
    package mutating func take<T, E: Error>(
        _ parse: (Span<UInt8>) throws(E) -> (used: Int, value: T)?
    ) throws(E) -> T? {
        guard let result = try parse(bytes.span.extracting(droppingFirst: start)) else {
            return nil
        }
        consume(result.used)
        return result.value
    }

    /// Moves the first `n` bytes to the end of `target`.
    package mutating func move(_ n: Int, to target: inout [UInt8]) {
        precondition(n >= 0 && n <= count, "moved more than there is")
        if target.isEmpty, start == 0, n == bytes.count {
            target = bytes
        } else {
            target.append(copying: bytes.span.extracting(start..<start + n))
        }
        consume(n)
    }

    /// Gives all that waits and leaves the buffer empty.
    package mutating func takeAll() -> [UInt8] {
        var all: [UInt8] = []
        move(count, to: &all)
        return all
    }

    private mutating func compact() {
        guard start > 0, start >= bytes.count - start else { return }
        bytes.removeFirst(start)
        start = 0
    }
}
