// SPDX-License-Identifier: MIT

@testable import PasserelleHub

/// A record of each kind, and an event record with each content.
enum JournalRecords {
    static let time = WallTime(milliseconds: 1_767_225_600_123)

    static func event(
        _ sequence: UInt64, _ content: Event.Content, key: String? = nil
    ) -> JournalRecord {
        .event(
            JournalEvent(
                sequence: sequence, previous: sequence - 1, time: time, channel: "presence-bail-é",
                key: key, content: content))
    }

    static let all: [JournalRecord] = [
        .beginning(EpochHistory(9, after: [.init(epoch: 7, through: 3)]), followsGap: false),
        .beginning(EpochHistory(.max), followsGap: true),
        event(
            4, .message(name: "new-message", data: Array("{\"a\":1}".utf8), userID: "u"), key: "k"),
        event(5, .message(name: "", data: [], userID: nil)),
        event(6, .memberAdded(Member(userID: "u", userInfo: Array("{}".utf8)))),
        event(7, .memberAdded(Member(userID: "u", userInfo: nil))),
        event(8, .memberRemoved(userID: "u")),
        event(9, .refused(status: -1, message: "no")),
        event(10, .gap(Gap(.upstream, since: time, until: nil))),
        event(11, .gap(Gap(.restart, from: Position(epoch: 1, sequence: 2)))),
        event(12, .tombstone),
        event(13, .gap(Gap(.sequence, since: time, until: time))),
        .channel(
            "c", Channel.Horizon(sequence: 12, reason: .idle), silence: nil, time: time),
        .channel(
            "c", Channel.Horizon(sequence: 12, reason: .evicted), silence: time, time: time),
        .silence(since: time),
        .retraction(Retraction(channel: "c", key: "k", through: 12)),
        .member("c", SeenMember(Member(userID: "u", userInfo: nil), time: time, isPresent: true)),
        .mark(sequence: 13, time: WallTime(milliseconds: -1)),
    ]

    /// The bytes of all records, concatenated.
    static let bytes = all.flatMap(\.encoded)

    /// Returns the items that the parser finds in the pieces of a segment.
    static func read(_ pieces: [[UInt8]]) throws -> [JournalReader.Item] {
        var reader = JournalReader()
        var items: [JournalReader.Item] = []
        for piece in pieces {
            reader.append(piece)
            while let item = try reader.next() { items.append(item) }
        }
        reader.finish()
        while let item = try reader.next() { items.append(item) }
        return items
    }

    static func records(_ items: [JournalReader.Item]) -> [JournalRecord] {
        items.compactMap { if case .record(let record, _, _) = $0 { record } else { nil } }
    }
}
