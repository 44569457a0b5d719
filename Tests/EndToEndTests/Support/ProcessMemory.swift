// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting

/// The memory of another process, read as a debugger would (proc(5)).
///
/// Only root can read the gateway's.
struct ProcessMemory {
    let pid: Int32

    /// A part of the address space.
    struct Region {
        let range: Range<UInt64>
        let name: String
    }

    /// The occurrences of a text in all writable memory of the process, by the names of the
    /// regions.
    func places(of text: String) throws -> [String] {
        let memory = open("/proc/\(pid)/mem", O_RDONLY)
        guard memory >= 0 else {
            throw TestFailure("the memory of \(pid) cannot be read: \(errno)")
        }
        defer { close(memory) }
        let needle = Array(text.utf8)
        return try regions().flatMap { region in
            Self.find(needle, in: region, of: memory).map {
                "\(region.name) \(String($0, radix: 16))"
            }
        }
    }

    private func regions() throws -> [Region] {
        guard let file = fopen("/proc/\(pid)/maps", "r") else {
            throw TestFailure("no such process")
        }
        defer { fclose(file) }
        var found: [Region] = []
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, 4096, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count >= 5, words[1].hasPrefix("rw") else { continue }
            let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            found.append(
                Region(
                    range: ends[0]..<ends[1], name: words.count > 5 ? String(words[5]) : "anonymous"
                ))
        }
        return found
    }

    private static func find(_ needle: [UInt8], in region: Region, of memory: Int32) -> [UInt64] {
        var found: [UInt64] = []
        var bytes = [UInt8](repeating: 0, count: (1 << 20) + needle.count)
        var start = region.range.lowerBound
        while start < region.range.upperBound {
            let wanted = min(bytes.count, Int(region.range.upperBound - start))
            let count = bytes.withUnsafeMutableBytes {
                pread(memory, $0.baseAddress, wanted, off_t(start))
            }
            guard count > 0 else { break }
            found += Self.places(of: needle, in: bytes[..<count]).map { start + UInt64($0) }
            // The next piece overlaps, since the text may span two pieces.
            guard count == bytes.count else { break }
            start += UInt64(count - needle.count + 1)
        }
        return found
    }

    private static func places(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> [Int] {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let first = needle.first else { return [] }
            var found: [Int] = []
            var from = 0
            while from + needle.count <= bytes.count,
                let place = memchr(base + from, Int32(first), bytes.count - from)
            {
                let offset = base.distance(to: UnsafeRawPointer(place))
                from = offset + 1
                if offset + needle.count <= bytes.count, memcmp(place, needle, needle.count) == 0 {
                    found.append(offset)
                }
            }
            return found
        }
    }
}
