// SPDX-License-Identifier: MIT

/// Cuts bytes into lines at LF, and goes on after a line that is too long.
///
/// It holds no more than what was appended since `next` last said nil, and one line; nothing at all
/// while no part of a line is there.
package struct LineSplitter: Sendable {
    /// The most bytes a line has, its LF not counted (a CR before it is).
    package static let maximumLength = 65_536

    private let limit: Int
    private var bytes: [UInt8] = []
    private var start = 0
    private var searched = 0
    /// Whether the bytes up to the next LF belong to a line that was refused.
    private var isSkipping = false

    /// Makes a splitter.
    package init(limit: Int = LineSplitter.maximumLength) {
        self.limit = limit
    }

    /// Whether nothing is held: no line and no part of one.
    package var isEmpty: Bool { bytes.isEmpty }

    /// Takes the next bytes.
    package mutating func append(_ more: Span<UInt8>) {
        bytes.append(addingCapacity: more.count) { out in
            for at in more.indices { out.append(more[at]) }
        }
    }

    /// The next whole line without its line end (LF or CR LF), or nil when more bytes are needed.
    ///
    /// A line that is too long is told once, as soon as it is; the next call goes on behind its LF.
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

    /// Lets go of what was told; of the storage too where nothing is left.
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
