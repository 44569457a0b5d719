// SPDX-License-Identifier: MIT

/// Decides which records are written, so that one that comes again and again is counted instead.
///
/// The first is written at once. Those like it that follow within the window are counted; when it is
/// over, the last of them is written with their number as `repeated`, and another window begins; a
/// window in which nothing came ends it. Of more than `limit` kinds the one that began first is let
/// go, with its number.
struct RepeatedRecords: Sendable {
    /// How long like records are counted.
    static let window: Duration = .seconds(60)
    /// How many kinds are remembered.
    static let limit = 16

    private struct Kind: Sendable {
        var last: LogRecord
        var since: Duration
        var count = 0

        /// The record that stands for those that were counted, where any were.
        var summary: [LogRecord] {
            guard count > 0 else { return [] }
            var record = last
            record.fields.append(LogRecord.Field(name: "repeated", value: "\(count)"))
            return [record]
        }
    }

    /// In the order of their windows' beginnings.
    private var kinds: [Kind] = []

    /// Something happened: gives the records to write now.
    ///
    /// Records for debugging are all written: whoever asks for them wants each.
    mutating func told(_ record: LogRecord, at now: Duration) -> [LogRecord] {
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

    /// Time passed: gives what was counted in windows that are over.
    ///
    /// A clock that went back ends them too.
    mutating func timePassed(at now: Duration) -> [LogRecord] {
        guard let first = kinds.first,
            now - first.since >= Self.window || now < first.since
        else { return [] }
        let over = kinds.filter { now - $0.since >= Self.window || now < $0.since }
        kinds.removeAll { now - $0.since >= Self.window || now < $0.since }
        for kind in over where kind.count > 0 { kinds.append(Kind(last: kind.last, since: now)) }
        return over.flatMap(\.summary)
    }

    /// The end has come: gives what is counted, and forgets all.
    mutating func ended() -> [LogRecord] {
        defer { kinds = [] }
        return kinds.flatMap(\.summary)
    }
}
