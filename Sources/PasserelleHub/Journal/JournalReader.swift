// SPDX-License-Identifier: MIT

/// Parses one segment: takes its bytes in order, and returns records and damaged parts.
///
/// After damage it continues with the next whole record, which is found by its marker: no UTF-8
/// text can contain it.
package struct JournalReader {
    /// The next item, and its offset in the segment.
    package enum Item: Equatable, Sendable {
        case record(JournalRecord, at: Int, bytes: Int)
        /// Bytes that are not a record, followed by records.
        case damaged(at: Int, bytes: Int)
        /// Bytes that are not a record, at the end of the segment.
        case torn(at: Int, bytes: Int)
    }

    private var buffer: [UInt8] = []
    private var index = 0
    /// The offset of the buffer's first byte in the segment.
    private var base = 0
    private var skippedFrom: Int?
    private var held: Item?
    private var isFinished = false

    package init() {}

    /// Appends the segment's next bytes.
    package mutating func append(_ bytes: [UInt8]) {
        if index > 0 {
            base += index
            if index == buffer.count { buffer = [] } else { buffer.removeFirst(index) }
            index = 0
        }
        if buffer.isEmpty { buffer = bytes } else { buffer += bytes }
    }

    /// Marks the end of the segment.
    package mutating func finish() {
        isFinished = true
    }

    /// Returns the next record or damaged part, or `nil` if more bytes are needed or at the end.
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
            case .invalid(let bytes): skip(bytes)
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

    /// Skips to the next byte with which a record can begin.
    private mutating func skipToMarker() {
        let next = buffer[(index + 1)...].firstIndex(of: JournalRecord.marker.0)
        skip((next ?? buffer.count) - index)
    }
}

/// The reason why a journal cannot be read.
package enum JournalError: Error, Equatable, Sendable {
    /// The journal was written by a newer version of this program.
    case newerVersion(UInt8)
}
