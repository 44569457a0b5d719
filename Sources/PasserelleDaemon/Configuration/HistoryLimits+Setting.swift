// SPDX-License-Identifier: MIT

extension HistoryLimits {
    /// Reads `512 events, 1 MiB, 1h`, of which each part may be left out and keeps its default.
    ///
    /// The order is free. A number of minutes is `m`, of mebibytes `M`.
    package init(setting text: String) throws(ValueProblem) {
        self.init()
        var told: Set<String> = []
        for part in try SettingList.parts(text) {
            let kind = try take(part)
            guard told.insert(kind).inserted else { throw .part(part, is: "says \(kind) again") }
        }
    }

    /// The limits as a setting says them.
    package var settingText: String {
        "\(events) events, \(ByteCount.text(bytes)), \(age.settingText)"
    }

    /// Takes one part, and gives the word for what it bounds.
    private mutating func take(_ part: String) throws(ValueProblem) -> String {
        var rest = part.utf8[...]
        let number = NumberAndUnit.take(&rest)
        if let number, rest.isEmpty, ["events", "event"].contains(number.unit) {
            guard (1...1_000_000).contains(number.number) else {
                throw .part(part, is: "is not between 1 and 1000000 events")
            }
            events = number.number
            return "events"
        }
        if let age = try? Duration(setting: part) {
            guard (.seconds(1)...Duration.seconds(30 * 86_400)).contains(age) else {
                throw .part(part, is: "is not between 1s and 30d")
            }
            self.age = age
            return "age"
        }
        guard let bytes = try? ByteCount.parse(part) else {
            throw .part(part, is: "is neither a number of events, nor a size, nor a duration")
        }
        guard (1_024...(1 << 30)).contains(bytes) else {
            throw .part(part, is: "is not between 1 KiB and 1 GiB")
        }
        self.bytes = bytes
        return "size"
    }
}
