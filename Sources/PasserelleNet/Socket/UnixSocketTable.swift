// SPDX-License-Identifier: MIT

/// Reads the kernel's list of Unix sockets, `/proc/net/unix` (proc_net_unix(5)).
enum UnixSocketTable {
    /// Returns the paths of sockets that are bound and neither listen nor are connected.
    ///
    /// A connection that a listener accepted also has the listener's path, but another state.
    static func unconnectedPaths(_ table: [UInt8]) -> [ArraySlice<UInt8>] {
        table.split(separator: 0x0A).dropFirst().compactMap { line in
            // Num RefCount Protocol Flags Type St Inode Path: the path is the rest of the line.
            let fields = line.split(separator: 0x20, maxSplits: 7)
            guard fields.count == 8, fields[3].allSatisfy({ $0 == 0x30 }),
                fields[5].elementsEqual("01".utf8), fields[7].first != 0x40
            else { return nil }
            return fields[7]
        }
    }
}
