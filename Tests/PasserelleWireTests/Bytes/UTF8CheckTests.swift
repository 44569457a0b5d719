// SPDX-License-Identifier: MIT

@testable import PasserelleWire
import Testing

struct UTF8CheckTests {
    static let good: [[UInt8]] = [
        [], Array("plain".utf8), Array("κόσμε".utf8), Array("𐍈 ✓ é \u{10FFFF} \u{FFFF}".utf8),
        [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80],
        [0xF4, 0x8F, 0xBF, 0xBF], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80],
    ]

    static let bad: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
        [0xFE], [0xFF], [0xC2, 0x41], [0xE2, 0x82, 0x41], [0xC2, 0xC2], [0x41, 0xF8],
    ]

    @Test(arguments: good) func `valid text is accepted whole and in pieces`(_ bytes: [UInt8]) {
        for cut in 0...bytes.count {
            #expect(accepts([Array(bytes[..<cut]), Array(bytes[cut...])]) == true)
        }
    }

    @Test(arguments: bad) func `invalid text is refused whole and in pieces`(_ bytes: [UInt8]) {
        for cut in 0...bytes.count {
            #expect(accepts([Array(bytes[..<cut]), Array(bytes[cut...])]) != true)
        }
    }

    @Test(arguments: bad) func `the check fails at the first impossible byte`(_ bytes: [UInt8]) {
        // If the standard library accepts no completion of the bytes, the check must fail.
        for count in 1...bytes.count {
            let start = Array(bytes[..<count])
            #expect((accepts([start]) != nil) == mayGoOn(start))
        }
    }

    @Test func `every pair and the edges of three agree with the standard library`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                expectAgreement([first, second])
                guard first >= 0xE0, second >= 0x80 else { continue }
                for third: UInt8 in [0x7F, 0x80, 0xBF, 0xC0] {
                    expectAgreement([first, second, third])
                }
            }
        }
    }

    private func expectAgreement(_ bytes: [UInt8]) {
        let isValid = accepts([bytes]) == true
        guard isValid != (String(validating: bytes, as: UTF8.self) != nil) else { return }
        Issue.record("disagreement on \(bytes)")
    }

    /// Returns true if the pieces are accepted and complete, `nil` if one is refused.
    private func accepts(_ pieces: [[UInt8]]) -> Bool? {
        var check = UTF8Check()
        for piece in pieces {
            guard check.accepts(piece.span) else { return nil }
        }
        return check.isComplete
    }

    /// Returns true if a continuation makes the bytes valid; tries the extreme ones.
    private func mayGoOn(_ bytes: [UInt8]) -> Bool {
        let tails: [[UInt8]] = [
            [], [0x80], [0xBF], [0x80, 0x80], [0xBF, 0xBF], [0x80, 0x80, 0x80],
            [0xBF, 0xBF, 0xBF], [0x90, 0x80, 0x80], [0xA0, 0x80], [0x8F, 0xBF, 0xBF], [0x9F, 0xBF],
        ]
        return tails.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
