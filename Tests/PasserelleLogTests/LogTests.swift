// SPDX-License-Identifier: MIT
@testable import PasserelleLog
import PasserelleTesting
import Synchronization
import Testing

struct LogTests {
    /// A sink that records its lines.
    private final class Lines: Sendable {
        private let kept = Mutex<[String]>([])
        var all: [String] { kept.withLock(\.self) }
        func keep(_ line: [UInt8]) {
            kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
    }

    private func line(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) -> String {
        let bytes = LogLine.bytes(.journald, LogRecord(.info, message, fields), time: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a record is one line with its time, level, message and fields`() {
        let lines = Lines()
        let log = Log(
            level: .info, form: .timed, clock: { 1_772_442_070_412 }, sink: { lines.keep($0) })
        log.warning("upstream is away", ["code": "4200", "reason": "going down", "next": "1s"])
        #expect(
            lines.all == [
                "time=2026-03-02T09:01:10.412Z level=warning msg=\"upstream is away\" code=4200"
                    + " reason=\"going down\" next=1s\n"
            ])
    }

    @Test func `under journald a record has a priority and no time`() {
        let lines = Lines()
        let log = Log(level: .debug, form: .journald, clock: { 0 }, sink: { lines.keep($0) })
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
        #expect(
            lines.all == [
                "<7>level=debug msg=d\n", "<6>level=info msg=i\n", "<4>level=warning msg=w\n",
                "<3>level=error msg=e\n",
            ])
    }

    @Test(arguments: LogLevel.allCases)
    func `records below the level are neither written nor evaluated`(level: LogLevel) {
        let lines = Lines()
        var made = 0
        func text() -> String {
            made += 1
            return "x"
        }
        let log = Log(level: .error, form: .journald, clock: { 0 }, sink: { lines.keep($0) })
        log.level = level
        log.debug(text(), ["a": text()])
        log.info(text(), ["a": text()])
        log.warning(text(), ["a": text()])
        log.error(text(), ["a": text()])
        let written = LogLevel.allCases.count { $0 >= level }
        #expect(lines.all.count == written)
        #expect(made == written * 2)
        #expect(log.level == level)
        #expect(LogLevel.allCases.filter(log.writes).count == written)
    }

    @Test(arguments: [
        ("plain-1.2/3:4@x,{}", "plain-1.2/3:4@x,{}"), ("", "\"\""), ("a b", "\"a b\""),
        ("a=b", "\"a=b\""), ("a\"b", "\"a\\\"b\""), ("a\\b", "\"a\\\\b\""), ("é", "\"é\""),
        ("a\nb\r\tc", "\"a\\nb\\r\\tc\""), ("\u{1B}[2J\u{0}\u{7F}", "\"\\u{1b}[2J\\u{0}\\u{7f}\""),
        ("\u{9B}2J", "\"\\u{9b}2J\""), ("a\u{202E}b\u{2028}", "\"a\\u{202e}b\\u{2028}\""),
    ])
    func `a value cannot break its line or control the terminal`(value: String, written: String) {
        #expect(line("m", ["k": value]) == "<6>level=info msg=m k=\(written)\n")
        #expect(line(value) == "<6>level=info msg=\(written)\n")
    }

    @Test func `a long value is truncated at its limit`() {
        let limit = LogLine.valueBytes
        for count in [limit - 1, limit] {
            let value = String(repeating: "x", count: count)
            #expect(line("m", ["k": value]) == "<6>level=info msg=m k=\(value)\n")
        }
        let cut = String(repeating: "x", count: limit)
        #expect(line("m", ["k": cut + "y"]) == "<6>level=info msg=m k=\"\(cut)…\"\n")
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (-1, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_735_689_599_001, "2024-12-31T23:59:59.001Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ])
    func `a time is written in UTC`(milliseconds: Int64, text: String) {
        #expect(UTCTime.text(milliseconds: milliseconds) == text)
    }

    @Test func `journald is recognized by its stream, not by the variable alone`() {
        #expect(Log.form(journalStream: nil) == .timed)
        #expect(Log.form(journalStream: "0:0") == .timed)
        #expect(Log.form(journalStream: "nonsense", descriptor: 0) == .timed)
    }

    @Test func `a level has its name`() {
        for level in LogLevel.allCases { #expect(LogLevel(name: level.name) == level) }
        #expect(LogLevel(name: "INFO") == .info)
        #expect(LogLevel(name: "verbose") == nil)
    }
}
