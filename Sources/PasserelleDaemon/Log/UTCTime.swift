// SPDX-License-Identifier: MIT

/// Writes moments as people and RFC 3339 do, with no time zone data.
package enum UTCTime {
    /// `2026-03-02T09:01:10.412Z` for milliseconds since 1970; earlier moments are written as 1970.
    package static func text(milliseconds: Int64) -> String {
        let all = max(0, milliseconds)
        let ofDay = all % 86_400_000
        let (year, month, day) = civil(all / 86_400_000)
        let clock = [ofDay / 3_600_000, ofDay / 60_000 % 60, ofDay / 1_000 % 60]
            .map { padded($0, 2) }.joined(separator: ":")
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock)."
            + padded(ofDay % 1_000, 3) + "Z"
    }

    /// The civil date of a day counted from 1970-01-01, in years that begin in March.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * ofYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, ofYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
