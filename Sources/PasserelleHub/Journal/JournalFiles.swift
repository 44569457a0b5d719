// SPDX-License-Identifier: MIT

/// The segments of a journal, and the operations on them that the next batch performs.
///
/// It knows which bytes are in which file, and how many of them are on the disk. `Journal` decides
/// which records are written, and when.
struct JournalFiles {
    private(set) var segments: [JournalSegment]
    /// The number of records that were replaced by tombstones.
    private(set) var retracted = 0
    /// Records that follow the last segment's bytes.
    private var buffer: [UInt8] = []
    private var operations: [DiskOperation]
    /// Retractions in files; they follow `operations`, which may write the retracted records.
    private var retractions: [DiskOperation] = []
    /// The segments that the next batch syncs.
    private var unsynced: Set<Int> = []
    private var changesDirectory = false
    private var lastNumber: Int
    /// The operations of the batch under way that must be repeated if it fails.
    private var mandatoryOperations: [DiskOperation] = []

    /// Continues with the files of a recovered journal; a segment must be begun before any record.
    init(after found: JournalRecovery.Result) {
        segments = found.segments
        lastNumber =
            found.segments.map(\.number).filter { $0 <= JournalSegment.greatestNumber }.max() ?? 0
        // Bytes written by a killed process can be read, but a power loss can still destroy them.
        operations = found.repairs + found.segments.map { .sync(segment: $0.number) }
    }

    /// The bytes of all segments.
    var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    /// The bytes that are not known to be on the disk.
    var unsyncedBytes: Int { segments.reduce(buffer.count) { $0 + $1.bytes - $1.syncedBytes } }
    /// The length that the last segment will have.
    var lastBytes: Int { buffer.count + (segments.last?.bytes ?? 0) }
    /// True if there are operations for a batch.
    var hasWork: Bool { !buffer.isEmpty || !operations.isEmpty || !retractions.isEmpty }

    // MARK: - Changes

    /// Appends a record to the last segment; returns its length in bytes.
    @discardableResult
    mutating func append(_ record: JournalRecord) -> Int {
        let start = buffer.count
        record.append(to: &buffer)
        let bytes = buffer.count - start
        if case .event(let event) = record {
            let last = segments.count - 1
            segments[last].add(event, at: segments[last].bytes + start, bytes: bytes)
        }
        return bytes
    }

    /// Begins a new segment, which takes the next records.
    mutating func beginSegment() {
        takeBuffer()
        // Later bytes must reach the disk later: a deletion must not be there before its message.
        operations += syncs
        // Numbers above the greatest are not continued, but a file may have the next one.
        repeat { lastNumber += 1 } while segments.contains { $0.number == lastNumber }
        segments.append(JournalSegment(number: lastNumber))
        operations.append(.create(segment: lastNumber))
        unsynced.insert(lastNumber)
        changesDirectory = true
    }

    /// Removes segments that a complete copy replaces.
    mutating func remove(_ numbers: [Int]) {
        operations += numbers.map { .remove(segment: $0) }
        segments.removeAll { numbers.contains($0.number) }
        retractions.removeAll { numbers.contains($0.retraction?.segment ?? 0) }
        unsynced.subtract(numbers)
        changesDirectory = true
    }

    /// Retracts (deletes) messages, in memory at once and in the files with the next batch; returns
    /// true if a record is affected.
    mutating func retract(_ retraction: Retraction) -> Bool {
        var isFound = false
        for index in segments.indices {
            for operation in segments[index].retract(retraction) {
                isFound = true
                if index == segments.count - 1, retractInBuffer(operation) { continue }
                retractions.append(operation)
                unsynced.insert(segments[index].number)
            }
        }
        return isFound
    }

    /// Overwrites a record of the last segment in the buffer; returns false if it is not there.
    private mutating func retractInBuffer(_ operation: DiskOperation) -> Bool {
        guard case .retract(_, let offset, let bytes, let retraction) = operation,
            let begin = segments.last?.bytes, offset >= begin,
            offset + bytes <= begin + buffer.count
        else { return false }
        let range = offset - begin..<offset - begin + bytes
        if let tombstone = JournalRecord.retracted(Array(buffer[range]), retraction) {
            buffer.replaceSubrange(range, with: tombstone)
            retracted += 1
        }
        return true
    }

    /// Drops all bytes that are in no batch yet; `rollBack` must follow when the batch ends.
    mutating func dropWaiting() {
        buffer = []
        operations.removeAll { !$0.isMandatory }
    }

    // MARK: - Batches

    /// Returns the operations of the next batch.
    mutating func takeBatch() -> [DiskOperation] {
        takeBuffer()
        let batch = operations + retractions + syncs + (changesDirectory ? [.syncDirectory] : [])
        mandatoryOperations = batch.filter(\.isMandatory)
        for index in segments.indices { segments[index].batchEnd = segments[index].bytes }
        clear()
        return batch
    }

    /// Records that the batch has succeeded.
    mutating func batchSucceeded() {
        retracted += mandatoryOperations.count { $0.retraction != nil }
        mandatoryOperations = []
        for index in segments.indices { segments[index].syncedBytes = segments[index].batchEnd }
    }

    /// Returns the files to the state after the last successful batch, as far as possible, and
    /// keeps only the given segments, or all if `nil`; returns the unfinished retractions.
    mutating func rollBack(keeping kept: [Int]?) -> [Retraction] {
        mandatoryOperations += (operations + retractions).filter(\.isMandatory)
        buffer = []
        clear()
        var changes: [DiskOperation] = []
        var remaining: [JournalSegment] = []
        for var segment in segments {
            guard segment.syncedBytes > 0, kept?.contains(segment.number) ?? true else {
                changes.append(.remove(segment: segment.number))
                continue
            }
            if segment.bytes > segment.syncedBytes {
                changes.append(.cut(segment: segment.number, to: segment.syncedBytes))
            }
            segment.cut(to: segment.syncedBytes)
            remaining.append(segment)
        }
        segments = remaining
        // The remaining bytes may not be on the disk yet, but must be before a segment follows.
        unsynced = Set(remaining.map(\.number))
        let ends = Dictionary(uniqueKeysWithValues: remaining.map { ($0.number, $0.bytes) })
        let unfinished = mandatoryOperations.compactMap(\.retraction)
        // A record beyond its segment's end does not exist.
        mandatoryOperations.removeAll {
            $0.retraction.map { $0.end > ends[$0.segment] ?? 0 } ?? false
        }
        operations = mandatoryOperations + changes
        mandatoryOperations = []
        return unfinished.map(\.value)
    }

    /// Turns the buffer into a write operation.
    private mutating func takeBuffer() {
        guard !buffer.isEmpty else { return }
        let last = segments.count - 1
        operations.append(
            .write(segment: segments[last].number, at: segments[last].bytes, bytes: buffer))
        segments[last].bytes += buffer.count
        unsynced.insert(segments[last].number)
        buffer = []
    }

    private var syncs: [DiskOperation] { unsynced.sorted().map { .sync(segment: $0) } }

    private mutating func clear() {
        operations = []
        retractions = []
        unsynced = []
        changesDirectory = false
    }
}

extension DiskOperation {
    /// True for an operation that must be performed in the end, even if batches fail.
    fileprivate var isMandatory: Bool {
        switch self {
        case .retract, .remove, .cut: true
        case .create, .write, .sync, .syncDirectory: false
        }
    }

    /// The place and content of a retraction; `nil` for another operation.
    fileprivate var retraction: (segment: Int, end: Int, value: Retraction)? {
        guard case .retract(let segment, let offset, let bytes, let value) = self else {
            return nil
        }
        return (segment, offset + bytes, value)
    }
}

/// One operation on the journal's files; operations run in order, and a failure ends the batch.
package enum DiskOperation: Equatable, Sendable {
    /// Creates an empty segment, which must not exist yet.
    case create(segment: Int)
    /// Writes bytes at an offset, which is the end of the bytes written before.
    case write(segment: Int, at: Int, bytes: [UInt8])
    /// Reads a record and overwrites it with `JournalRecord.retracted`, unless that returns `nil`.
    case retract(segment: Int, at: Int, bytes: Int, Retraction)
    /// Truncates a segment to a length in bytes.
    case cut(segment: Int, to: Int)
    /// Syncs a segment to the disk.
    case sync(segment: Int)
    /// Removes a segment; it is not a failure if the segment does not exist.
    case remove(segment: Int)
    /// Syncs the directory to the disk, so that created and removed segments are durable.
    case syncDirectory
}
