// SPDX-License-Identifier: MIT

/// Takes apart what people write as `10m`, `256 MiB` or `512 events`.
enum NumberAndUnit {
    /// Takes digits, spaces, letters and the spaces behind them; nil where no digit or no letter
    /// is, or the number does not fit.
    static func take(_ rest: inout Substring.UTF8View) -> (number: Int, unit: String)? {
        var number = 0
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty else { return nil }
        for digit in digits {
            let (tens, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, carries) = tens.addingReportingOverflow(Int(digit) - 0x30)
            guard !overflows, !carries else { return nil }
            number = sum
        }
        rest = rest.dropFirst(digits.count)
        rest = rest.drop { $0 == 0x20 }
        let letters = rest.prefix { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }
        guard !letters.isEmpty else { return nil }
        rest = rest.dropFirst(letters.count)
        rest = rest.drop { $0 == 0x20 }
        return (number, String(decoding: letters, as: UTF8.self))
    }
}
