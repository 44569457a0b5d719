// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct JournalReaderTests {
    private let bytes = JournalRecords.bytes

    @Test func `every record comes back as it was, with its place`() throws {
        let items = try JournalRecords.read([bytes])
        #expect(JournalRecords.records(items) == JournalRecords.all)
        var place = 0
        for case .record(let record, let at, let count) in items {
            #expect(at == place && count == record.encoded.count)
            place += count
        }
        #expect(place == bytes.count)
    }

    @Test func `the same bytes cut at each index give the same records`() throws {
        let whole = try JournalRecords.read([bytes])
        for cut in 0...bytes.count {
            #expect(try JournalRecords.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
        }
        #expect(try JournalRecords.read(bytes.map { [$0] }) == whole)
    }

    @Test func `a segment that ends at any byte gives the records before, and what is torn`() throws
    {
        let whole = JournalRecords.records(try JournalRecords.read([bytes]))
        for end in 0..<bytes.count {
            let items = try JournalRecords.read([Array(bytes[..<end])])
            let records = JournalRecords.records(items)
            #expect(records == Array(whole.prefix(records.count)))
            let held = records.reduce(0) { $0 + $1.encoded.count }
            #expect(held <= end)
            if held < end {
                #expect(items.last == .torn(at: held, bytes: end - held))
            } else {
                #expect(items.count == records.count)
            }
        }
    }

    @Test func `any bit that flips costs one record, which is told`() throws {
        let whole = JournalRecords.records(try JournalRecords.read([bytes]))
        for place in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[place] ^= 1 << bit
                let items = try JournalRecords.read([damaged])
                let records = JournalRecords.records(items)
                #expect(records.count == whole.count - 1)
                var rest = whole[...]
                #expect(
                    records.allSatisfy { record in
                        rest = rest.drop { $0 != record }
                        return rest.popFirst() != nil
                    })
                #expect(items.count == whole.count)
            }
        }
    }

    @Test func `noise before, between and behind is passed over`() throws {
        let record = JournalRecord.mark(sequence: 1, time: JournalRecords.time)
        let noise: [[UInt8]] = [
            [0], [0xFF], [0xFF, 0xC1], [0xFF, 0xC1, 0xFE],
            [0xFF, 0xC1, 0xFE] + [0, 0, 0, 0, 1, 0, 0],
            [UInt8](repeating: 0, count: 5000),
            [0xFF, 0xC1, 0xFE, 0, 0, 0, 0, 1, 255, 255, 0, 0, 1],
            Array(record.encoded.dropLast()),
        ]
        for noise in noise {
            let items = try JournalRecords.read([
                noise + record.encoded + noise + record.encoded + noise
            ])
            #expect(JournalRecords.records(items) == [record, record])
            #expect(items.first == .damaged(at: 0, bytes: noise.count))
            #expect(items.count == 5)
            guard case .torn(_, noise.count)? = items.last else {
                Issue.record("\(items)")
                return
            }
        }
    }

    @Test func `a length beyond the limit is damage at once, and not waited for`() throws {
        var reader = JournalReader()
        let length = UInt32(JournalRecord.payloadBytes + 1)
        let head: [UInt8] = [0xFF, 0xC1, 0xFE, 0, 0, 0, 0, 1]
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        let record = JournalRecord.mark(sequence: 1, time: JournalRecords.time)
        reader.append(head + bytes + [1] + record.encoded)
        #expect(try reader.next() == .damaged(at: 0, bytes: 13))
        #expect(try reader.next() != nil)
    }

    @Test func `a record of a newer version stops the reading, one of an older is damage`() throws {
        for (version, isNewer) in [(UInt8(2), true), (255, true), (0, false)] {
            var bytes = JournalRecord.mark(sequence: 1, time: JournalRecords.time).encoded
            bytes[7] = version
            let checksum = CRC32C.of(bytes.span, 7..<bytes.count)
            for place in 0..<4 {
                bytes[3 + place] = UInt8(truncatingIfNeeded: checksum >> (8 * UInt32(place)))
            }
            if isNewer {
                #expect(throws: JournalError.newerVersion(version)) {
                    try JournalRecords.read([bytes])
                }
            } else {
                #expect(try JournalRecords.read([bytes]) == [.torn(at: 0, bytes: bytes.count)])
            }
        }
    }

    @Test func `what is buried keeps its place and its length, and nothing that was said`() throws {
        let content = Event.Content.message(
            name: "new-message", data: Array("\"secret\"".utf8), userID: "u")
        let record = JournalRecords.event(4, content, key: "secret-key")
        let burial = Burial(channel: "presence-bail-é", key: "secret-key", through: 4)
        let tombstone = try #require(JournalRecord.buried(record.encoded, burial))
        #expect(tombstone.count == record.encoded.count)
        #expect(JournalRecord.decode(tombstone) == JournalRecords.event(4, .tombstone))
        #expect(!String(decoding: tombstone, as: UTF8.self).contains("secret"))
        for other in [
            Burial(channel: "c", key: "secret-key", through: 4),
            Burial(channel: "presence-bail-é", key: "other", through: 4),
            Burial(channel: "presence-bail-é", key: "secret-key", through: 3),
        ] {
            #expect(JournalRecord.buried(record.encoded, other) == nil)
        }
        #expect(JournalRecord.buried(tombstone, burial) == nil)
        #expect(JournalRecord.buried(Array(record.encoded.dropLast()), burial) == nil)
    }

    @Test
    func `a channel of which only refusals are left may have been heard where some are missing`()
        throws
    {
        func wasHeard(
            _ sequences: [(UInt64, after: UInt64)], behindMessage: Bool = false
        ) throws -> Bool? {
            var bytes = JournalRecord.beginning(EpochLine(1), followsHole: false).encoded
            if behindMessage {
                let event = JournalEvent(
                    sequence: 1, previous: 0, time: JournalRecords.time, channel: "c",
                    content: .message(name: "e", data: Array("1".utf8), userID: nil))
                bytes += JournalRecord.event(event).encoded
            }
            for (sequence, previous) in sequences {
                let event = JournalEvent(
                    sequence: sequence, previous: previous, time: JournalRecords.time, channel: "c",
                    content: .refused(status: 403, message: "no"))
                bytes += JournalRecord.event(event).encoded
            }
            var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
            recovery.begin(segment: 1)
            try recovery.append(bytes)
            try recovery.end(isLast: true)
            return recovery.finish().past.channels.first?.wasHeard
        }
        #expect(try wasHeard([(5, after: 0), (9, after: 5)]) == false)
        #expect(try wasHeard([(5, after: 0), (17, after: 13)]) == true)
        // What is over the log's bounds counts too, though none of it is left.
        let refusals = (2...600).map { (UInt64($0), after: UInt64($0 - 1)) }
        #expect(try wasHeard(refusals, behindMessage: true) == true)
    }
}
