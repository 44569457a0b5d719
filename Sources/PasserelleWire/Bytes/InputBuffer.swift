// SPDX-License-Identifier: MIT

/// Bytes of a peer that no parser has consumed yet.
///
/// Consuming from the front advances a start index; the storage is compacted when half of it is
/// consumed. An empty buffer owns no heap memory, so an idle connection needs none.
package struct InputBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var start = 0

    /// The number of unconsumed bytes.
    package var count: Int { bytes.count - start }

    /// True if no byte is left; the buffer then holds no heap memory either.
    package var isEmpty: Bool { bytes.isEmpty }

    /// The size of the storage held; 0 if the buffer is empty.
    package var capacity: Int { bytes.capacity }

    /// The unconsumed byte at a distance from the first.
    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0, "read before the first byte")
        return bytes[start + index]
    }

    /// Returns the result of `body` on the unconsumed bytes, without consuming any.
    package func read<T, E: Error>(_ body: (Span<UInt8>) throws(E) -> T) throws(E) -> T {
        try body(bytes.span.extracting(droppingFirst: start))
    }

    /// Appends received bytes.
    package mutating func append(_ new: Span<UInt8>) {
        compact()
        bytes.append(copying: new)
    }

    /// Appends received bytes; an empty buffer takes over the array without a copy.
    package mutating func append(_ new: [UInt8]) {
        compact()
        if bytes.isEmpty { bytes = new } else { bytes.append(contentsOf: new) }
    }

    /// Consumes the first `n` bytes; frees the storage if they are the last.
    package mutating func consume(_ n: Int) {
        precondition(n >= 0 && n <= count, "consumed more bytes than there are")
        start += n
        if start == bytes.count {
            bytes = []
            start = 0
        }
    }

    /// Runs `parse`, consumes the bytes it used and returns the value; a `nil` result consumes
    /// none.
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
        precondition(n >= 0 && n <= count, "moved more bytes than there are")
        if target.isEmpty, start == 0, n == bytes.count {
            target = bytes
        } else {
            target.append(copying: bytes.span.extracting(start..<start + n))
        }
        consume(n)
    }

    /// Returns all unconsumed bytes and leaves the buffer empty.
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
