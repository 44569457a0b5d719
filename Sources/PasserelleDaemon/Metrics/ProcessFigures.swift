// SPDX-License-Identifier: MIT

import Glibc

/// What the kernel says of this process.
struct ProcessFigures: Equatable {
    var residentBytes = 0
    var virtualBytes = 0
    var cpu: Duration = .zero
    var openDescriptors = 0
    var descriptorLimit: UInt64 = 0

    /// Figures that are all zero.
    init() {}

    /// Asks the kernel; `nil` where `/proc` is not to be read.
    static func now() -> ProcessFigures? {
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

    /// The first two numbers of `/proc/self/statm`.
    private static func memoryPages() -> (total: Int, resident: Int)? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let total = Int(words[0]), let resident = Int(words[1]) else {
            return nil
        }
        return (total, resident)
    }

    /// How many descriptors are open; some milliseconds where there are ten thousand.
    private static func countDescriptors() -> Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without the folder itself and its parent, and the descriptor that reads it.
        return max(0, count - 3)
    }
}

extension timeval {
    fileprivate var duration: Duration { .seconds(tv_sec) + .microseconds(tv_usec) }
}
