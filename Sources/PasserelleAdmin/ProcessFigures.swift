// SPDX-License-Identifier: MIT

import Glibc
import PasserelleNet

/// The kernel's figures of this process.
package struct ProcessFigures: Equatable {
    package var residentBytes = 0
    package var virtualBytes = 0
    package var cpu: Duration = .zero
    package var openDescriptors = 0
    package var descriptorLimit: UInt64 = 0

    /// Reads the figures; returns `nil` if `/proc` cannot be read.
    package static func now() -> ProcessFigures? {
        guard let pages = memoryPages(), let descriptors = countDescriptors() else { return nil }
        let page = sysconf(Int32(_SC_PAGESIZE))
        var figures = ProcessFigures()
        figures.virtualBytes = pages.total * page
        figures.residentBytes = pages.resident * page
        figures.openDescriptors = descriptors
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        figures.cpu = usage.ru_utime.duration + usage.ru_stime.duration
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        figures.descriptorLimit = UInt64(limit.rlim_cur)
        return figures
    }

    /// Returns the first two numbers of `/proc/self/statm`.
    private static func memoryPages() -> (total: Int, resident: Int)? {
        guard case .success(let bytes) = FileReader.read("/proc/self/statm") else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let total = Int(words[0]), let resident = Int(words[1]) else {
            return nil
        }
        return (total, resident)
    }

    /// Returns the number of open descriptors; takes some milliseconds for ten thousand.
    private static func countDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Excludes `.`, `..` and the descriptor of this directory.
        return max(0, count - 3)
    }
}

extension timeval {
    fileprivate var duration: Duration { .seconds(tv_sec) + .microseconds(tv_usec) }
}
