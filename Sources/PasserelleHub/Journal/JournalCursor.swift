// SPDX-License-Identifier: MIT

/// The read position in a record's payload.
///
/// A read past the end returns zero or `nil`, and sets `hasFailed`.
struct JournalCursor {
    var at: Int
    let end: Int
    /// True once a read went past the end or found an invalid value.
    private(set) var hasFailed = false

    mutating func byte(_ bytes: Span<UInt8>) -> UInt8 {
        guard let range = take(1) else { return 0 }
        return bytes[range.lowerBound]
    }

    mutating func number32(_ bytes: Span<UInt8>) -> UInt32 {
        guard let range = take(4) else { return 0 }
        let at = range.lowerBound
        return UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
    }

    mutating func number64(_ bytes: Span<UInt8>) -> UInt64 {
        let low = number32(bytes)
        return UInt64(low) | UInt64(number32(bytes)) << 32
    }

    /// Reads a sequence number; the read fails if it exceeds `greatestSequence`.
    mutating func sequence(_ bytes: Span<UInt8>) -> UInt64 {
        let number = number64(bytes)
        guard number <= JournalRecord.greatestSequence else {
            hasFailed = true
            return 0
        }
        return number
    }

    mutating func time(_ bytes: Span<UInt8>) -> WallTime? {
        let milliseconds = Int64(bitPattern: number64(bytes))
        return milliseconds == .min ? nil : WallTime(milliseconds: milliseconds)
    }

    mutating func text(_ bytes: Span<UInt8>) -> String? {
        let length = number32(bytes)
        guard length != .max, let range = take(Int(length)) else { return nil }
        guard let text = try? UTF8Span(validating: bytes.extracting(range)) else {
            hasFailed = true
            return nil
        }
        return String(copying: text)
    }

    mutating func run(_ bytes: Span<UInt8>) -> [UInt8]? {
        let length = number32(bytes)
        guard length != .max, let range = take(Int(length)) else { return nil }
        return [UInt8](capacity: range.count) { output in
            for index in range { output.append(bytes[index]) }
        }
    }

    mutating func member(_ bytes: Span<UInt8>) -> Member? {
        guard let userID = text(bytes) else { return nil }
        return Member(userID: userID, userInfo: run(bytes))
    }

    private mutating func take(_ count: Int) -> Range<Int>? {
        guard end - at >= count else {
            hasFailed = true
            return nil
        }
        defer { at += count }
        return at..<at + count
    }
}
