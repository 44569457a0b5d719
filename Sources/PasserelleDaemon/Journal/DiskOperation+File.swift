// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

extension DiskOperation {
    /// What is to be done with the segment's file.
    var fileOperation: FileOperation {
        switch self {
        case .create(let segment): .create(Self.name(segment))
        case .write(let segment, let at, let bytes): .write(Self.name(segment), at: at, bytes)
        case .bury(let segment, let at, let count, let burial):
            .rewrite(Self.name(segment), at: at, count: count) {
                JournalRecord.buried($0, burial)
            }
        case .cut(let segment, let count): .cut(Self.name(segment), to: count)
        case .sync(let segment): .sync(Self.name(segment))
        case .remove(let segment): .remove(Self.name(segment))
        case .syncFolder: .syncFolder
        }
    }

    /// The number of the segment whose file has that name, if any has.
    static func segment(named name: String) -> Int? {
        guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number > 0,
            self.name(number) == name
        else { return nil }
        return number
    }

    private static let prefix = "journal-"

    /// The name of a segment's file.
    static func name(_ segment: Int) -> String { prefix + String(segment) }
}
