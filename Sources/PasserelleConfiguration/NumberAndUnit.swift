// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet

/// Parses and formats sizes such as `64 KiB`.
package enum ByteCount {
    /// Parses `65536`, `65536 B`, `64k`, `64 KiB`, `256 MiB` or `1G`; the maximum is 1024 GiB.
    ///
    /// A number without a unit is in bytes. `k`, `M` and `G` are powers of 1024; `kB`, `MB` and
    /// `GB` are powers of 1000.
    package static func parse(_ text: String) throws(ValueProblem) -> Int {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        var rest = (isPlain ? text + "B" : text).utf8[...]
        guard let (number, unit) = NumberAndUnit.take(&rest), rest.isEmpty,
            let scale = scale(unit: unit)
        else { throw .not("a size") }
        let (bytes, overflows) = number.multipliedReportingOverflow(by: scale)
        guard !overflows, bytes <= 1 << 40 else { throw .outside(low: "0", high: "1024 GiB") }
        return bytes
    }

    /// Formats `bytes` with the largest binary unit that divides it.
    package static func text(_ bytes: Int) -> String {
        for (unit, scale) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes > 0 && bytes.isMultiple(of: scale) {
            return "\(bytes / scale) \(unit)"
        }
        return "\(bytes) B"
    }

    private static func scale(unit: String) -> Int? {
        // A lone `m` is refused, because in durations it means minutes.
        switch unit == "m" ? unit : unit.uppercased() {
        case "B", "BYTE", "BYTES": 1
        case "K", "KI", "KIB": 1 << 10
        case "M", "MI", "MIB": 1 << 20
        case "G", "GI", "GIB": 1 << 30
        case "KB": 1_000
        case "MB": 1_000_000
        case "GB": 1_000_000_000
        default: nil
        }
    }
}

/// Parses amounts such as `10m`, `256 MiB` or `512 events`.
package enum NumberAndUnit {
    /// Consumes digits, spaces, letters and trailing spaces; returns `nil` if digits or letters are
    /// missing, or if the number overflows.
    package static func take(_ rest: inout Substring.UTF8View) -> (number: Int, unit: String)? {
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

extension Duration {
    /// Parses a sum of whole numbers with units, such as `250ms`, `10m` or `1h 30m`; at most 10,000
    /// days.
    ///
    /// Units: `ms`, `s`, `m`, `h`, `d`, or their names. Only zero can omit the unit.
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

    /// The duration as a setting with one unit: `90s` is `90s`, `120s` is `2m`.
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

    private static func milliseconds(unit: String) -> Int64? {
        // A lone `M` is refused, because in sizes it means mebibytes.
        switch unit == "M" ? unit : unit.lowercased() {
        case "ms", "msec", "millisecond", "milliseconds": 1
        case "s", "sec", "secs", "second", "seconds": 1_000
        case "m", "min", "mins", "minute", "minutes": 60_000
        case "h", "hr", "hrs", "hour", "hours": 3_600_000
        case "d", "day", "days": 86_400_000
        default: nil
        }
    }
}

extension LogLimits {
    /// Parses `512 events, 1 MiB, 1h`; each part can be omitted and then has its default.
    ///
    /// The parts can be in any order. `m` means minutes, `M` means mebibytes.
    package init(setting text: String) throws(ValueProblem) {
        self.init()
        var seen: Set<String> = []
        for part in try SettingList.parts(text) {
            let kind = try take(part)
            guard seen.insert(kind).inserted else { throw .part(part, is: "repeats the \(kind)") }
        }
    }

    /// The limits as a setting.
    package var settingText: String {
        "\(events) events, \(ByteCount.text(bytes)), \(age.settingText)"
    }

    /// Reads one part and returns the name of the limit that it sets.
    private mutating func take(_ part: String) throws(ValueProblem) -> String {
        var rest = part.utf8[...]
        let number = NumberAndUnit.take(&rest)
        if let number, rest.isEmpty, ["events", "event"].contains(number.unit) {
            guard (1...1_000_000).contains(number.number) else {
                throw .part(part, is: "is not between 1 and 1000000 events")
            }
            events = number.number
            return "number of events"
        }
        if let age = try? Duration(setting: part) {
            guard (.seconds(1)...Duration.seconds(30 * 86_400)).contains(age) else {
                throw .part(part, is: "is not between 1s and 30d")
            }
            self.age = age
            return "age"
        }
        // A number without a unit is ambiguous.
        guard !part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let bytes = try? ByteCount.parse(part)
        else {
            throw .part(part, is: "is neither a number of events, nor a size, nor a duration")
        }
        guard (1_024...(1 << 30)).contains(bytes) else {
            throw .part(part, is: "is not between 1 KiB and 1 GiB")
        }
        self.bytes = bytes
        return "size"
    }
}
