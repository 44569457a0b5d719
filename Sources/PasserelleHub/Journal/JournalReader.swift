// SPDX-License-Identifier: MIT

/// Reads one segment: fed its bytes in order, it answers its records and what is damaged.
///
/// After damage it goes on with the next record that is whole, which is found by its first bytes:
/// no text can hold them.
package struct JournalReader {
    /// What was found next, and where in the segment.
    package enum Item: Equatable, Sendable {
        case record(JournalRecord, at: Int, bytes: Int)
        /// Bytes that are no record, with records behind them.
        case damaged(at: Int, bytes: Int)
        /// Bytes that are no record, and nothing behind them.
        case torn(at: Int, bytes: Int)
    }

    private var buffer: [UInt8] = []
    private var index = 0
    /// The place in the segment of the buffer's first byte.
    private var base = 0
    private var skippedFrom: Int?
    private var held: Item?
    private var isFinished = false

    package init() {}

    /// Takes the segment's next bytes.
    package mutating func append(_ bytes: [UInt8]) {
        if index > 0 {
            base += index
            if index == buffer.count { buffer = [] } else { buffer.removeFirst(index) }
            index = 0
        }
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
    }

    /// Notes that the segment ends here.
    package mutating func finish() {
        isFinished = true
    }

    /// The next record or damaged part; `nil` where more bytes are needed, or at the end.
    package mutating func next() throws(JournalError) -> Item? {
        if let held {
            self.held = nil
            return held
        }
        while true {
            switch JournalRecord.find(buffer.span, at: index) {
            case .record(let record, let bytes):
                let item = Item.record(record, at: base + index, bytes: bytes)
                defer { index += bytes }
                guard let from = takeSkipped() else { return item }
                held = item
                return .damaged(at: from, bytes: base + index - from)
            case .senseless(let bytes): skip(bytes)
            case .newer(let version): throw .newerVersion(version)
            case .nothing: skipToMarker()
            case .partial:
                guard isFinished else { return nil }
                guard index < buffer.count else { return rest() }
                skipToMarker()
            }
        }
    }

    private mutating func rest() -> Item? {
        guard let from = takeSkipped() else { return nil }
        return .torn(at: from, bytes: base + index - from)
    }

    private mutating func takeSkipped() -> Int? {
        defer { skippedFrom = nil }
        return skippedFrom
    }

    private mutating func skip(_ count: Int) {
        if skippedFrom == nil { skippedFrom = base + index }
        index += count
    }

    /// Goes on to the next byte that a record may begin with.
    private mutating func skipToMarker() {
        let next = buffer[(index + 1)...].firstIndex(of: JournalRecord.marker.0)
        skip((next ?? buffer.count) - index)
    }
}

/// Why a journal cannot be read.
package enum JournalError: Error, Equatable, Sendable {
    /// A newer version of this program has written it.
    case newerVersion(UInt8)
}
