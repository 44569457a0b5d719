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

/// The checksum CRC-32C (Castagnoli; RFC 3720 §12.1 and appendix B.4), eight bytes per step.
package enum CRC32C {
    /// Returns the checksum of a range of bytes.
    package static func of(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        let tables = Self.tables.span
        var crc = UInt32.max
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            let low = crc ^ word(bytes, index)
            let high = word(bytes, index + 4)
            crc =
                tables[1792 + Int(low & 0xFF)] ^ tables[1536 + Int(low >> 8 & 0xFF)]
                ^ tables[1280 + Int(low >> 16 & 0xFF)] ^ tables[1024 + Int(low >> 24)]
                ^ tables[768 + Int(high & 0xFF)] ^ tables[512 + Int(high >> 8 & 0xFF)]
                ^ tables[256 + Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
            index += 8
        }
        while index < range.upperBound {
            crc = tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)] ^ (crc >> 8)
            index += 1
        }
        return ~crc
    }

    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, _ index: Int) -> UInt32 {
        UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]) << 16
            | UInt32(bytes[index + 3]) << 24
    }

    /// Eight tables of 256: table `n` has the effect of a byte `n` places before the end.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 2048)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<2048 {
            let shorter = tables[index - 256]
            tables[index] = tables[Int(shorter & 0xFF)] ^ (shorter >> 8)
        }
        return tables
    }()
}
