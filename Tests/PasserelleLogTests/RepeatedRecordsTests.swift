// SPDX-License-Identifier: MIT
@testable import PasserelleLog
import Testing

struct RepeatedRecordsTests {
    private var records = RepeatedRecords()

    private mutating func add(
        _ message: String, _ fields: KeyValuePairs<String, String> = [:],
        _ level: LogLevel = .warning, at seconds: Int
    ) -> [String] {
        records.add(LogRecord(level, message, fields), at: .seconds(seconds)).map(text)
    }

    private func text(_ record: LogRecord) -> String {
        record.message + record.fields.map { " \($0.name)=\($0.value)" }.joined()
    }

    @Test mutating func `the first record is written, and repeated ones are counted`() {
        #expect(add("away", at: 0) == ["away"])
        #expect(add("away", at: 1) == [] && add("away", at: 59) == [])
        #expect(add("away", at: 60) == ["away repeated=2"])
        #expect(records.timePassed(at: .seconds(119)).isEmpty)
        #expect(records.timePassed(at: .seconds(120)).map(text) == ["away repeated=1"])
        // A window without records ends the suppression.
        #expect(records.timePassed(at: .seconds(180)).isEmpty)
        #expect(add("away", at: 181) == ["away"])
    }

    @Test mutating func `records differ by level, message or field`() {
        #expect(add("a", ["channel": "1"], at: 0) == ["a channel=1"])
        #expect(add("a", ["channel": "2"], at: 0) == ["a channel=2"])
        #expect(add("a", ["channel": "1"], .error, at: 0) == ["a channel=1"])
        #expect(add("b", ["channel": "1"], at: 0) == ["b channel=1"])
        #expect(add("a", ["channel": "1", "more": "x"], at: 0) == ["a channel=1 more=x"])
        #expect(add("a", ["channel": "1"], at: 1) == [])
        #expect(add("a", ["channel": "2"], at: 1) == [])
    }

    @Test mutating func `records that differ only in retry_in are equal`() {
        #expect(add("away", ["retry_in": "1s", "cause": "x"], at: 0).count == 1)
        #expect(add("away", ["retry_in": "2s", "cause": "x"], at: 1) == [])
        #expect(add("away", ["retry_in": "4s", "cause": "y"], at: 2).count == 1)
        #expect(add("else", at: 60) == ["away retry_in=2s cause=x repeated=1", "else"])
    }

    @Test mutating func `debug records are all written`() {
        for _ in 0..<3 { #expect(add("x", [:], .debug, at: 0) == ["x"]) }
    }

    @Test mutating func `the number of kinds is limited`() {
        let limit = RepeatedRecords.limit
        for kind in 0..<limit { #expect(add("\(kind)", at: 0) == ["\(kind)"]) }
        #expect(add("0", at: 0) == [] && add("\(limit - 1)", at: 0) == [])
        #expect(add("\(limit)", at: 1) == ["0 repeated=1", "\(limit)"])
        #expect(add("0", at: 1) == ["0"], "0 was dropped, and then 1 to make room for it")
        #expect(add("2", at: 1) == [])
    }

    @Test mutating func `the count is written at the end, and when the clock goes back`() {
        #expect(add("away", at: 100) == ["away"] && add("away", at: 101) == [])
        #expect(records.timePassed(at: .seconds(50)).map(text) == ["away repeated=1"])
        #expect(add("away", at: 51) == [])
        #expect(records.ended().map(text) == ["away repeated=1"])
        #expect(records.ended().isEmpty)
    }
}
