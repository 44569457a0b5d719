// SPDX-License-Identifier: MIT

extension Duration {
    /// Reads whole numbers with units, the greatest sum being 10,000 days: `250ms`, `10m`, `1h 30m`.
    ///
    /// Units: `ms`, `s` `sec`, `m` `min`, `h`, `d`. Only zero may stand without one.
    package init(setting text: String) throws(ValueProblem) {
        let problem = ValueProblem.not("a duration")
        guard text != "0" else {
            self = .zero
            return
        }
        var total: Int64 = 0
        var rest = text.utf8[...]
        repeat {
            guard let (number, unit) = NumberAndUnit.take(&rest) else { throw problem }
            guard let scale = Self.milliseconds(unit: unit) else { throw problem }
            let (product, overflows) = Int64(number).multipliedReportingOverflow(by: scale)
            let (sum, carries) = total.addingReportingOverflow(product)
            guard !overflows, !carries, sum <= Self.greatest else {
                throw .outside(low: "0", high: "10000d")
            }
            total = sum
        } while !rest.isEmpty
        self = .milliseconds(total)
    }

    /// The duration as a setting says it, in one unit: `90s` is `90s`, `120s` is `2m`.
    package var settingText: String {
        let (seconds, attoseconds) = components
        guard attoseconds == 0 else { return "\(milliseconds)ms" }
        guard seconds != 0 else { return "0" }
        for (unit, scale): (String, Int64) in [("d", 86_400), ("h", 3_600), ("m", 60)]
        where seconds % scale == 0 {
            return "\(seconds / scale)\(unit)"
        }
        return "\(seconds)s"
    }

    private static let greatest: Int64 = 10_000 * 86_400_000

    private var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    private static func milliseconds(unit: String) -> Int64? {
        switch unit {
        case "ms": 1
        case "s", "sec": 1_000
        case "m", "min": 60_000
        case "h": 3_600_000
        case "d": 86_400_000
        default: nil
        }
    }
}
