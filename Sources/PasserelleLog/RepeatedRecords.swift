// SPDX-License-Identifier: MIT

/// Suppresses repeated records: counts them and reports the count.
///
/// The first record is written at once. Equal records within the next `window` are counted. At the
/// end of the window, the last of them is written with their number as `repeated`, and a new window
/// begins. A window without records ends the suppression. If there are more than `limit` kinds of
/// records, the kind with the oldest window is dropped, after its count is written.
package struct RepeatedRecords: Sendable {
    /// The time for which equal records are counted.
    package static let window: Duration = .seconds(60)
    /// The maximum number of kinds of records.
    package static let limit = 16

    private struct Kind: Sendable {
        var last: LogRecord
        var since: Duration
        var count = 0

        /// The record that reports the count, if it is not zero.
        var summary: [LogRecord] {
            guard count > 0 else { return [] }
            var record = last
            record.fields.append(LogRecord.Field(name: "repeated", value: "\(count)"))
            return [record]
        }
    }

    /// The kinds, in the order in which their windows began.
    private var kinds: [Kind] = []

    /// Adds a record and returns the records to write now.
    ///
    /// Debug records are always written.
    package mutating func add(_ record: LogRecord, at now: Duration) -> [LogRecord] {
        var due = timePassed(at: now)
        guard record.level > .debug else { return due + [record] }
        if let index = kinds.firstIndex(where: { $0.last.isLike(record) }) {
            kinds[index].last = record
            kinds[index].count += 1
            return due
        }
        if kinds.count == Self.limit { due += kinds.removeFirst().summary }
        kinds.append(Kind(last: record, since: now))
        return due + [record]
    }

    /// Ends the windows that are over and returns the records to write.
    ///
    /// A clock that jumps backwards also ends a window.
    package mutating func timePassed(at now: Duration) -> [LogRecord] {
        guard let first = kinds.first,
            now - first.since >= Self.window || now < first.since
        else { return [] }
        let over = kinds.filter { now - $0.since >= Self.window || now < $0.since }
        kinds.removeAll { now - $0.since >= Self.window || now < $0.since }
        for kind in over where kind.count > 0 { kinds.append(Kind(last: kind.last, since: now)) }
        return over.flatMap(\.summary)
    }

    /// Ends all windows and returns the records to write.
    package mutating func ended() -> [LogRecord] {
        defer { kinds = [] }
        return kinds.flatMap(\.summary)
    }
}
