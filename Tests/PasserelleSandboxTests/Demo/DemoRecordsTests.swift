// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

/// The records that the demo's application keeps of the events that its pages publish.
struct DemoRecordsTests {
    private func records(_ events: [(String, String)]) -> DemoRecords {
        var records = DemoRecords()
        for (index, (event, data)) in events.enumerated() {
            records.take(event, data: Array(data.utf8), at: "time \(index + 1)")
        }
        return records
    }

    private func ids(_ records: DemoRecords) -> [String] { records.records.map(\.id) }

    @Test func `messages and requests are kept in the order of their arrival`() {
        let records = records([
            ("new-message", #"{"message":{"id":"m1","content":"é"}}"#),
            ("new-request", #"{"request":{"id":"r1"}}"#),
            ("new-message", #"{"message":{"id":"m2"}}"#),
        ])
        #expect(ids(records) == ["m1", "r1", "m2"])
        #expect(
            String(decoding: records.json.finished(), as: UTF8.self)
                == #"{"records":[{"time":"time 1","event":"new-message","#
                + #""data":{"message":{"id":"m1","content":"é"}}},"#
                + #"{"time":"time 2","event":"new-request","#
                + #""data":{"request":{"id":"r1"}}},"#
                + #"{"time":"time 3","event":"new-message","#
                + #""data":{"message":{"id":"m2"}}}],"deleted":[]}"#)
    }

    @Test func `an updated request keeps its place and its time`() {
        let records = records([
            ("new-request", #"{"request":{"id":"r1","status":"PENDING"}}"#),
            ("new-message", #"{"message":{"id":"m1"}}"#),
            ("request-updated", #"{"request":{"id":"r1","status":"COMPLETED"}}"#),
        ])
        #expect(ids(records) == ["r1", "m1"])
        #expect(records.records[0].time == "time 1")
        #expect(records.records[0].event == "request-updated")
    }

    @Test func `a deleted message is gone, and its id is kept once`() {
        let records = records([
            ("new-message", #"{"message":{"id":"m1"}}"#),
            ("message-deleted", #"{"messageId":"m1"}"#),
            ("message-deleted", #"{"messageId":"m1"}"#),
        ])
        #expect(ids(records).isEmpty && records.deleted == ["m1"])
    }

    @Test(arguments: [
        ("new-message", "{}"), ("new-message", #"{"message":7}"#),
        ("new-message", #"{"message":{"id":9}}"#), ("new-request", #"{"message":{"id":"m"}}"#),
        ("message-deleted", #"{"messageId":{}}"#), ("other", #"{"message":{"id":"m"}}"#),
        ("new-message", "[]"), ("new-message", ""),
    ])
    func `an event without an id changes nothing`(event: String, data: String) {
        let records = records([(event, data)])
        #expect(records.records.isEmpty && records.deleted.isEmpty)
    }

    @Test(arguments: [-1, 0, 1])
    func `the oldest record is dropped over the limit`(excess: Int) {
        let count = DemoRecords.limit + excess
        let records = records(
            (0..<count).map { ("new-message", #"{"message":{"id":"m\#($0)"}}"#) })
        #expect(records.records.count == min(count, DemoRecords.limit))
        #expect(records.records.first?.id == "m\(max(0, excess))")
    }

    @Test(arguments: [-1, 0, 1])
    func `the oldest deleted id is dropped over the limit`(excess: Int) {
        let count = DemoRecords.deletedLimit + excess
        let records = records((0..<count).map { ("message-deleted", #"{"messageId":"m\#($0)"}"#) })
        #expect(records.deleted.count == min(count, DemoRecords.deletedLimit))
        #expect(records.deleted.first == "m\(max(0, excess))")
    }
}
