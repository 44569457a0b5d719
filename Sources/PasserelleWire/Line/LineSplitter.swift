// SPDX-License-Identifier: MIT

/// A splitter that cuts bytes into lines at LF and continues after a line that is too long.
///
/// It holds at most one line and the bytes appended since `next` last returned `nil`. If no part of
/// a line is left, it holds no memory.
package struct LineSplitter: Sendable {
    /// The maximum length of a line in bytes, without its LF but with a CR before it.
    package static let maximumLength = 65_536

    private let limit: Int
    private var bytes: [UInt8] = []
    private var start = 0
    private var searched = 0
    /// True if the bytes up to the next LF belong to a refused line.
    private var isSkipping = false

    /// Creates a splitter.
    package init(limit: Int = LineSplitter.maximumLength) {
        self.limit = limit
    }

    /// True if no part of a line is held.
    package var isEmpty: Bool { bytes.isEmpty }

    /// The bytes that are held; `nil` while a line that is too long is being skipped.
    package var remainder: [UInt8]? { isSkipping ? nil : Array(bytes[start...]) }

    /// Appends received bytes.
    package mutating func append(_ more: Span<UInt8>) {
        bytes.append(copying: more)
    }

    /// Returns the next line without its line end (LF or CR LF), or `nil` if it is incomplete.
    ///
    /// Throws once when a line exceeds the limit; the next call continues after its LF.
    package mutating func next() throws(LineError) -> [UInt8]? {
        while searched < bytes.count {
            guard bytes[searched] == UInt8(ascii: "\n") else {
                searched += 1
                if !isSkipping, searched - start > limit {
                    isSkipping = true
                    throw .tooLong(limit: limit)
                }
                continue
            }
            var end = searched
            if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            let line = isSkipping ? nil : Array(bytes[start..<end])
            searched += 1
            start = searched
            isSkipping = false
            if let line {
                if start == bytes.count { compact() }
                return line
            }
        }
        if isSkipping { start = bytes.count }
        compact()
        return nil
    }

    /// Drops the consumed bytes; frees the storage if it is empty.
    private mutating func compact() {
        if start == bytes.count {
            bytes = []
        } else if start > 0 {
            bytes.removeFirst(start)
        }
        searched = bytes.count
        start = 0
    }
}
