// SPDX-License-Identifier: MIT

/// Reads a whole journal, segment after segment in the order of their numbers, into what a hub
/// begins with.
package struct JournalRecovery {
    /// What a journal holds.
    package struct Result {
        package let past: RestoredPast
        /// The files, for the journal to go on with.
        package let segments: [JournalSegment]
        /// What is to be done with the files before anything is added to them.
        package let repairs: [DiskOperation]
        /// Ends that were cut off, and places inside that cannot be read.
        package let torn: Int
        package let damaged: Int
    }

    private var past: JournalPast
    private var segments: [JournalSegment] = []
    private var reader = JournalReader()
    private var repairs: [DiskOperation] = []
    private var burials: [Burial] = []
    private var torn = 0
    private var damaged = 0

    /// Prepares to hold at most what `limits` allow; `now` tells how old entries are.
    package init(limits: LogLimits, now: Moment) {
        past = JournalPast(limits: limits, now: now)
    }

    /// Notes that a segment begins.
    package mutating func begin(segment number: Int) {
        segments.append(JournalSegment(number: number))
        reader = JournalReader()
        past.segmentBegan(number)
    }

    /// Takes the segment's next bytes; throws where a newer version has written them.
    package mutating func append(_ bytes: [UInt8]) throws(JournalError) {
        segments[segments.count - 1].bytes += bytes.count
        reader.append(bytes)
        try read(isLast: false)
    }

    /// Notes that the segment ends: only the last one may end in the middle of a record, and is cut
    /// behind the last whole one.
    package mutating func end(isLast: Bool) throws(JournalError) {
        reader.finish()
        try read(isLast: isLast)
        segments[segments.count - 1].certain = segments[segments.count - 1].bytes
    }

    /// Gives all that was read.
    package mutating func finish() -> Result {
        for burial in burials { bury(burial) }
        return Result(
            past: past.finish(), segments: segments, repairs: repairs, torn: torn, damaged: damaged)
    }

    private mutating func read(isLast: Bool) throws(JournalError) {
        while let item = try reader.next() {
            switch item {
            case .record(let record, let offset, let bytes):
                if case .event(let event) = record {
                    segments[segments.count - 1].add(event, at: offset, bytes: bytes)
                }
                if case .retraction(let burial) = record { burials.append(burial) }
                past.take(record)
            case .torn(let offset, _) where isLast:
                torn += 1
                segments[segments.count - 1].bytes = offset
                repairs.append(.cut(segment: segments[segments.count - 1].number, to: offset))
            case .damaged, .torn:
                damaged += 1
                past.damageCame()
            }
        }
    }

    /// Finishes what an earlier life may not have come to.
    private mutating func bury(_ burial: Burial) {
        for index in segments.indices {
            for place in segments[index].take(burial) {
                repairs.append(
                    .bury(
                        segment: segments[index].number, at: Int(place.offset),
                        bytes: Int(place.bytes), burial))
            }
        }
    }
}
