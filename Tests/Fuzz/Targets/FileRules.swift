// SPDX-License-Identifier: MIT
import PasserelleConfiguration
import PasserelleDaemon
import PasserelleHub

/// Invariants of the files that are read at start.
enum FileRules {
    /// Checks that the entries of an environment file have a name and are in order.
    static func environment(_ bytes: [UInt8]) {
        var line = 0
        for entry in EnvironmentFile.parse(bytes) {
            hold("an entry has a name", !entry.name.isEmpty)
            hold("entries stand in their order", entry.line >= line && entry.line >= 1)
            line = entry.line
        }
    }

    /// Checks that a journal's items cover its bytes in order, in any pieces, and survive encoding.
    ///
    /// If the first byte is odd, the rest is the content of a record with a valid head.
    static func journal(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let content = Array(bytes.dropFirst())
        let segment = first & 1 == 1 ? record(content) : content
        let whole = read([segment])
        hold(
            "a journal does not depend on how it is cut", whole == read(Pieces(segment).map { $0 }))
        guard let whole else { return }
        var end = 0
        for item in whole {
            let (at, count) = place(item)
            hold("items stand in order", at == end && count > 0)
            end = at + count
            guard case .record(let record, _, _) = item else { continue }
            var again: [UInt8] = []
            record.append(to: &again)
            hold("a record survives", JournalRecord.decode(again) == record)
        }
        hold("every byte belongs to an item", end == segment.count)
    }

    private static func place(_ item: JournalReader.Item) -> (at: Int, count: Int) {
        switch item {
        case .record(_, let at, let bytes), .damaged(let at, let bytes), .torn(let at, let bytes):
            (at, bytes)
        }
    }

    /// Returns the items; `nil` if a newer version wrote them.
    private static func read(_ pieces: [[UInt8]]) -> [JournalReader.Item]? {
        var reader = JournalReader()
        var items: [JournalReader.Item] = []
        do {
            for piece in pieces {
                reader.append(piece)
                while let item = try reader.next() { items.append(item) }
            }
            reader.finish()
            while let item = try reader.next() { items.append(item) }
        } catch {
            return nil
        }
        return items
    }

    /// Returns a record with a valid head, which is copied from another record.
    private static func record(_ content: [UInt8]) -> [UInt8] {
        var sample: [UInt8] = []
        JournalRecord.silence(since: WallTime(milliseconds: 0)).append(to: &sample)
        guard let kind = content.first else { return sample }
        let payload = content.dropFirst()
        var bytes = Array(sample[..<8])
        withUnsafeBytes(of: UInt32(payload.count).littleEndian) { bytes += $0 }
        bytes.append(kind)
        bytes += payload
        let checksum = CRC32C.of(bytes.span, 7..<bytes.count)
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(3..<7, with: $0) }
        return bytes
    }
}
