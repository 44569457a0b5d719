// SPDX-License-Identifier: MIT

import PasserelleHub

/// The streams and waiting requests of known users, by user, so that a revocation can end them.
final class UserReaders {
    private struct Item {
        let reader: any AuthorizedReader
        let isStream: Bool
    }

    private var readers: [[UInt8]: [ObjectIdentifier: Item]] = [:]
    /// The ids of each reader's users.
    private var users: [ObjectIdentifier: [[UInt8]]] = [:]

    /// Adds a reader with the ids of all users named for it; an anonymous reader is not stored.
    func add(_ reader: any AuthorizedReader, of userIDs: [String], isStream: Bool = false) {
        guard !userIDs.isEmpty else { return }
        let id = ObjectIdentifier(reader)
        let keys = userIDs.map { Array($0.utf8) }
        users[id] = keys
        let item = Item(reader: reader, isStream: isStream)
        for key in keys { readers[key, default: [:]][id] = item }
    }

    /// The ids of a reader's users.
    func userIDs(of reader: any AuthorizedReader) -> [String] {
        (users[ObjectIdentifier(reader)] ?? []).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Removes a reader that has ended.
    func remove(_ reader: any AuthorizedReader) {
        let id = ObjectIdentifier(reader)
        for key in users.removeValue(forKey: id) ?? [] {
            readers[key]?[id] = nil
            if readers[key]?.isEmpty == true { readers[key] = nil }
        }
    }

    /// Ends a user's readers of a channel, or all of them; returns the numbers of ended streams and
    /// of other readers.
    func end(
        _ userID: String, on channel: String?, for reason: Denial
    ) -> (streams: Int, others: Int) {
        let items = readers[Array(userID.utf8)] ?? [:]
        let ending = items.values.filter { item in
            channel.map { item.reader.cursor.reads($0) } ?? true
        }
        for item in ending { item.reader.end(for: reason) }
        let streams = ending.count(where: \.isStream)
        return (streams, ending.count - streams)
    }

    /// The number of users with a reader.
    var count: Int { readers.count }
}
