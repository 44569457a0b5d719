// SPDX-License-Identifier: MIT

/// A UTC time in milliseconds since 1970.
package struct WallTime: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: WallTime, right: WallTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The RFC 3339 form with milliseconds, `2026-03-02T09:01:10.412Z`.
    package var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the RFC 3339 form, 24 bytes for years 0 to 9999; other times are clamped.
    package func append(to bytes: inout [UInt8]) {
        let lowest: Int64 = -62_167_219_200_000
        let highest: Int64 = 253_402_300_799_999
        let clamped = min(max(milliseconds, lowest), highest)
        let days = clamped.floored(by: 86_400_000)
        let rest = clamped - days * 86_400_000
        let (year, month, day) = Self.civil(days: days)
        digits(year, 4, "-", &bytes)
        digits(month, 2, "-", &bytes)
        digits(day, 2, "T", &bytes)
        digits(rest / 3_600_000, 2, ":", &bytes)
        digits(rest / 60_000 % 60, 2, ":", &bytes)
        digits(rest / 1000 % 60, 2, ".", &bytes)
        digits(rest % 1000, 3, "Z", &bytes)
    }

    /// Returns the Gregorian date of a day number since 1970-01-01, counted in eras of 400 years.
    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floored(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private func digits(
        _ value: Int64, _ width: Int, _ end: Unicode.Scalar, _ bytes: inout [UInt8]
    ) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: end))
    }
}

extension Int64 {
    /// Divides and rounds towards negative infinity, for dates before 1970.
    fileprivate func floored(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

/// The two clocks of one turn: the steady one for ages and deadlines, the wall clock for display.
package struct Moment: Equatable, Sendable {
    /// Time on a clock that never steps back, from an arbitrary start.
    package let steady: Duration
    /// UTC.
    package let wall: WallTime

    package init(steady: Duration, wall: WallTime) {
        self.steady = steady
        self.wall = wall
    }
}
