// SPDX-License-Identifier: MIT

package import PasserelleHub

/// Files as a kernel and a disk keep them.
///
/// Written bytes survive a killed process. Synced bytes survive the loss of power; of the rest, any
/// part may survive.
package struct SimulatedDisk {
    private struct File {
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        /// True if the directory was synced since the file was created.
        var isListed = false
    }

    private var files: [Int: File] = [:]
    /// Removed files, which come back if the directory was not synced.
    private var removed: [Int: File] = [:]
    /// Operations that succeed before one fails; `nil` if none fails.
    package var operationsLeft: Int?

    /// Creates an empty disk on which every operation succeeds.
    package init() {}

    /// The numbers of the existing files.
    package var segments: [Int] { files.keys.sorted() }
    /// The bytes of all files together.
    package var bytes: Int { files.values.reduce(0) { $0 + $1.bytes.count } }
    /// The bytes of a file; empty if it does not exist.
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

    /// Performs a batch; returns `false` if an operation failed, after `part` of 1000 of its bytes.
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
        case .retract(let segment, let at, let count, let retraction):
            guard at + count <= self[segment].count else { return }
            let record = Array(self[segment][at..<at + count])
            guard let tombstone = JournalRecord.retracted(record, retraction) else { return }
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
        case .syncDirectory:
            removed = [:]
            for segment in files.keys { files[segment]?.isListed = true }
        }
    }

    private mutating func write(_ bytes: [UInt8], _ segment: Int, _ at: Int) {
        guard var file = files[segment]?.bytes else { return }
        file.replaceSubrange(at..<min(file.count, at + bytes.count), with: bytes)
        files[segment]?.bytes = file
    }

    /// Simulates a loss of power: an arbitrary part of the unsynced data survives.
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

    /// Simulates the worst loss of power: no unsynced data survives.
    package mutating func loseUnsynced() {
        files = files.filter(\.value.isListed).mapValues { file in
            File(bytes: file.synced, synced: file.synced, isListed: true)
        }
        removed = [:]
    }

    /// Damages one byte, if there is any.
    package mutating func damage(using random: inout SeededRandom) {
        guard let segment = segments.randomElement(using: &random), !self[segment].isEmpty else {
            return
        }
        let place = Int.random(in: 0..<self[segment].count, using: &random)
        files[segment]?.bytes[place] ^= UInt8.random(in: 1...255, using: &random)
    }
}
