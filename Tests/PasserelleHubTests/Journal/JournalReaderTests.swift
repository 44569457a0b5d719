// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import Testing

struct JournalReaderTests {
    private let bytes = JournalRecords.bytes

    @Test func `every record is decoded with its offset`() throws {
        let items = try JournalRecords.read([bytes])
        #expect(JournalRecords.records(items) == JournalRecords.all)
        var place = 0
        for case .record(let record, let at, let count) in items {
            #expect(at == place && count == record.encoded.count)
            place += count
        }
        #expect(place == bytes.count)
    }

    @Test func `a stored name with the gateway's prefix is renamed`() throws {
        func message(_ name: String) -> JournalRecord {
            JournalRecords.event(4, .message(name: name, data: [0x31], userID: nil))
        }
        let items = try JournalRecords.read([message("passerelle:gap").encoded])
        #expect(JournalRecords.records(items) == [message("application:passerelle:gap")])
    }

    @Test func `bytes that are split at any index give the same records`() throws {
        let whole = try JournalRecords.read([bytes])
        for cut in 0...bytes.count {
            #expect(try JournalRecords.read([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole)
        }
        #expect(try JournalRecords.read(bytes.map { [$0] }) == whole)
    }

    @Test func `a segment cut at any byte gives its whole records and a torn part`() throws {
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

    @Test func `any flipped bit costs one record, and is reported`() throws {
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

    @Test func `invalid bytes before, between and after records are skipped`() throws {
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

    @Test func `a length beyond the limit is damage at once, without more bytes`() throws {
        var reader = JournalReader()
        let length = UInt32(JournalRecord.payloadBytes + 1)
        let head: [UInt8] = [0xFF, 0xC1, 0xFE, 0, 0, 0, 0, 1]
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        let record = JournalRecord.mark(sequence: 1, time: JournalRecords.time)
        reader.append(head + bytes + [1] + record.encoded)
        #expect(try reader.next() == .damaged(at: 0, bytes: 13))
        #expect(try reader.next() != nil)
    }

    @Test func `a record of a newer version stops the parser, an older one is damage`() throws {
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

    @Test func `a retracted record keeps its offset and length, but no content`()
        throws
    {
        let content = Event.Content.message(
            name: "new-message", data: Array("\"secret\"".utf8), userID: "u")
        let record = JournalRecords.event(4, content, key: "secret-key")
        let retraction = Retraction(channel: "presence-bail-é", key: "secret-key", through: 4)
        let tombstone = try #require(JournalRecord.retracted(record.encoded, retraction))
        #expect(tombstone.count == record.encoded.count)
        #expect(JournalRecord.decode(tombstone) == JournalRecords.event(4, .tombstone))
        #expect(!String(decoding: tombstone, as: UTF8.self).contains("secret"))
        for other in [
            Retraction(channel: "c", key: "secret-key", through: 4),
            Retraction(channel: "presence-bail-é", key: "other", through: 4),
            Retraction(channel: "presence-bail-é", key: "secret-key", through: 3),
        ] {
            #expect(JournalRecord.retracted(record.encoded, other) == nil)
        }
        #expect(JournalRecord.retracted(tombstone, retraction) == nil)
        #expect(JournalRecord.retracted(Array(record.encoded.dropLast()), retraction) == nil)
    }

    @Test
    func `a channel with only refusals may have been subscribed if entries are missing`()
        throws
    {
        func wasSubscribed(
            _ sequences: [(UInt64, after: UInt64)], behindMessage: Bool = false
        ) throws -> Bool? {
            var bytes = JournalRecord.beginning(EpochHistory(1), followsGap: false).encoded
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
            return recovery.finish().past.channels.first?.wasSubscribed
        }
        #expect(try wasSubscribed([(5, after: 0), (9, after: 5)]) == false)
        #expect(try wasSubscribed([(5, after: 0), (17, after: 13)]) == true)
        // Entries beyond the log's limits count too, although all of them are dropped.
        let refusals = (2...600).map { (UInt64($0), after: UInt64($0 - 1)) }
        #expect(try wasSubscribed(refusals, behindMessage: true) == true)
    }
}
