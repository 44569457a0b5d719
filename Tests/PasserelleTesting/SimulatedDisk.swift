// SPDX-License-Identifier: MIT

package import PasserelleHub

/// Files as a kernel and a disk keep them: what was written survives a killed process, what was
/// synced survives the loss of power, of the rest any part does.
package struct SimulatedDisk {
    private struct File {
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        /// True once the folder was synced with it.
        var isListed = false
    }

    private var files: [Int: File] = [:]
    /// Files that are gone, and come back where the folder was not synced.
    private var removed: [Int: File] = [:]
    /// Operations that are still done before one fails; `nil`: none fails.
    package var operationsLeft: Int?

    /// An empty disk that does whatever it is asked to.
    package init() {}

    /// The numbers of the files there are.
    package var segments: [Int] { files.keys.sorted() }
    /// Bytes of all files together.
    package var bytes: Int { files.values.reduce(0) { $0 + $1.bytes.count } }
    /// What a file holds; nothing where there is none.
    package subscript(segment: Int) -> [UInt8] { files[segment]?.bytes ?? [] }

    /// The numbers N of all texts `text-N-` in any file.
    package var texts: Set<Int> {
        let needle = Array("text-".utf8)
        var found: Set<Int> = []
        for bytes in files.values.map(\.bytes) {
            for start in bytes.indices where bytes[start] == needle[0] {
                guard bytes[start...].starts(with: needle) else { continue }
                let digits = bytes[(start + needle.count)...].prefix { $0 != 0x2D }
                if let number = Int(String(decoding: digits, as: UTF8.self)) {
                    found.insert(number)
                }
            }
        }
        return found
    }

    /// Does a batch, and answers whether all of it was done; `part` of 1000 of the operation that
    /// fails is done.
    package mutating func perform(_ batch: [DiskOperation], part: Int = 0) -> Bool {
        for operation in batch {
            if operationsLeft == 0 {
                if case .write(let segment, let at, let bytes) = operation {
                    write(Array(bytes.prefix(bytes.count * part / 1000)), segment, at)
                }
                return false
            }
            operationsLeft = operationsLeft.map { $0 - 1 }
            perform(operation)
        }
        return true
    }

    private mutating func perform(_ operation: DiskOperation) {
        switch operation {
        case .create(let segment): files[segment] = File()
        case .write(let segment, let at, let bytes):
            precondition(files[segment]?.bytes.count == at, "written behind what there is")
            write(bytes, segment, at)
        case .bury(let segment, let at, let count, let burial):
            guard at + count <= self[segment].count else { return }
            let record = Array(self[segment][at..<at + count])
            guard let tombstone = JournalRecord.buried(record, burial) else { return }
            write(tombstone, segment, at)
        case .cut(let segment, let count):
            if let length = files[segment]?.bytes.count, length > count {
                files[segment]?.bytes.removeLast(length - count)
            }
        case .sync(let segment):
            let bytes = self[segment]
            files[segment]?.synced = bytes
        case .remove(let segment):
            if let file = files.removeValue(forKey: segment), file.isListed {
                removed[segment] = file
            }
        case .syncFolder:
            removed = [:]
            for segment in files.keys { files[segment]?.isListed = true }
        }
    }

    private mutating func write(_ bytes: [UInt8], _ segment: Int, _ at: Int) {
        guard var file = files[segment]?.bytes else { return }
        file.replaceSubrange(at..<min(file.count, at + bytes.count), with: bytes)
        files[segment]?.bytes = file
    }

    /// Takes the power away: of what was not synced, some is there.
    package mutating func losePower(using random: inout SeededRandom) {
        for (segment, file) in removed.sorted(by: { $0.key < $1.key })
        where Bool.random(using: &random) {
            files[segment] = file
        }
        for (segment, file) in files.sorted(by: { $0.key < $1.key }) {
            guard file.isListed || Bool.random(using: &random) else {
                files[segment] = nil
                continue
            }
            var left = Bool.random(using: &random) ? file.bytes : file.synced
            let other = file.bytes
            if left.count < other.count {
                let end = Int.random(in: left.count...other.count, using: &random)
                left += other[left.count..<end]
            }
            files[segment]?.bytes = left
            files[segment]?.synced = left
            files[segment]?.isListed = true
        }
        removed = [:]
    }

    /// Takes the power away at its worst: of what was not synced, nothing is there.
    package mutating func loseUnsynced() {
        files = files.filter(\.value.isListed).mapValues { file in
            File(bytes: file.synced, synced: file.synced, isListed: true)
        }
        removed = [:]
    }

    /// Damages a byte somewhere, where there is any.
    package mutating func damage(using random: inout SeededRandom) {
        guard let segment = segments.randomElement(using: &random), !self[segment].isEmpty else {
            return
        }
        let place = Int.random(in: 0..<self[segment].count, using: &random)
        files[segment]?.bytes[place] ^= UInt8.random(in: 1...255, using: &random)
    }
}
