// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import Testing

struct PositionTests {
    @Test(arguments: [
        (UInt64(0), UInt64(0), "0-0"), (35, 1842, "z-1842"), (UInt64.max, UInt64.max, nil),
    ])
    func `the text form is parsed to the same position`(
        epoch: UInt64, sequence: UInt64, text: String?
    ) {
        let position = Position(epoch: epoch, sequence: sequence)
        if let text { #expect(position.text == text) }
        #expect(Position(position.text) == position)
        #expect(position.text.utf8.count <= Position.maximumTextBytes)
    }

    @Test(arguments: [
        "", "-", "a-", "-1", "a-1-2", "A-1", "a-+1", "a--1", "a-01", "0a-1", "a-1 ", "a-1\n", "é-1",
        "a-18446744073709551616", "3w5e11264sgsg-1", "a-\u{0}", String(repeating: "1", count: 99),
    ])
    func `a text that a gateway cannot have written is not a position`(text: String) {
        #expect(Position(text) == nil)
    }
}

struct WallTimeTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"), (1_772_442_070_412, "2026-03-02T09:01:10.412Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (Int64.max, "9999-12-31T23:59:59.999Z"), (Int64.min, "0000-01-01T00:00:00.000Z"),
    ])
    func `a time is written in the form of RFC 3339`(milliseconds: Int64, text: String) {
        #expect(WallTime(milliseconds: milliseconds).text == text)
    }
}
