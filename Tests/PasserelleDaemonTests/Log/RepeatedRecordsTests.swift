// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleDaemon

struct RepeatedRecordsTests {
    private var records = RepeatedRecords()

    private mutating func told(
        _ message: String, _ fields: KeyValuePairs<String, String> = [:],
        _ level: LogLevel = .warning, at seconds: Int
    ) -> [String] {
        records.told(LogRecord(level, message, fields), at: .seconds(seconds)).map(text)
    }

    private func text(_ record: LogRecord) -> String {
        record.message + record.fields.map { " \($0.name)=\($0.value)" }.joined()
    }

    @Test mutating func `the first is written, those like it are counted`() {
        #expect(told("away", at: 0) == ["away"])
        #expect(told("away", at: 1) == [] && told("away", at: 59) == [])
        #expect(told("away", at: 60) == ["away repeated=2"])
        #expect(records.timePassed(at: .seconds(119)).isEmpty)
        #expect(records.timePassed(at: .seconds(120)).map(text) == ["away repeated=1"])
        // A window without any forgets it: the next one is news.
        #expect(records.timePassed(at: .seconds(180)).isEmpty)
        #expect(told("away", at: 181) == ["away"])
    }

    @Test mutating func `others come between, and differ by level, message or field`() {
        #expect(told("a", ["channel": "1"], at: 0) == ["a channel=1"])
        #expect(told("a", ["channel": "2"], at: 0) == ["a channel=2"])
        #expect(told("a", ["channel": "1"], .error, at: 0) == ["a channel=1"])
        #expect(told("b", ["channel": "1"], at: 0) == ["b channel=1"])
        #expect(told("a", ["channel": "1", "more": "x"], at: 0) == ["a channel=1 more=x"])
        #expect(told("a", ["channel": "1"], at: 1) == [])
        #expect(told("a", ["channel": "2"], at: 1) == [])
    }

    @Test mutating func `the time to the next attempt makes no difference, and the last is told`() {
        #expect(told("away", ["retry_in": "1s", "cause": "x"], at: 0).count == 1)
        #expect(told("away", ["retry_in": "2s", "cause": "x"], at: 1) == [])
        #expect(told("away", ["retry_in": "4s", "cause": "y"], at: 2).count == 1)
        #expect(told("else", at: 60) == ["away retry_in=2s cause=x repeated=1", "else"])
    }

    @Test mutating func `what is for debugging is all written`() {
        for _ in 0..<3 { #expect(told("x", [:], .debug, at: 0) == ["x"]) }
    }

    @Test mutating func `no more kinds are remembered than the limit`() {
        let limit = RepeatedRecords.limit
        for kind in 0..<limit { #expect(told("\(kind)", at: 0) == ["\(kind)"]) }
        #expect(told("0", at: 0) == [] && told("\(limit - 1)", at: 0) == [])
        #expect(told("\(limit)", at: 1) == ["0 repeated=1", "\(limit)"])
        #expect(told("0", at: 1) == ["0"], "it was let go, and 1 went for it")
        #expect(told("2", at: 1) == [])
    }

    @Test mutating func `at the end, and when the clock goes back, what is counted is told`() {
        #expect(told("away", at: 100) == ["away"] && told("away", at: 101) == [])
        #expect(records.timePassed(at: .seconds(50)).map(text) == ["away repeated=1"])
        #expect(told("away", at: 51) == [])
        #expect(records.ended().map(text) == ["away repeated=1"])
        #expect(records.ended().isEmpty)
    }
}
