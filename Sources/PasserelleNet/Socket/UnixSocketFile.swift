// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The file of a Unix socket that this process bound, identified by its inode.
package struct UnixSocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Records the file at `path`; returns `nil` if there is none.
    init?(path: String) {
        guard let found = Self.status(path) else { return nil }
        self.path = path
        device = found.st_dev
        inode = found.st_ino
    }

    /// Removes the file unless another one has replaced it.
    func remove() {
        guard let found = Self.status(path), found.st_dev == device, found.st_ino == inode else {
            return
        }
        unlink(path)
    }

    /// Removes a socket's file if no process has bound it, and refuses to remove any other file.
    ///
    /// `body` must bind and listen again. The directory is locked meanwhile (flock(2)), so that
    /// another process that does the same cannot remove the new file.
    static func replaceStale<Value>(
        path: String, _ place: SocketAddress, _ body: () throws(ListenError) -> Value
    ) throws(ListenError) -> Value {
        let directory = open(parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if directory >= 0 { close(directory) } }
        if directory >= 0, flock(directory, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            throw .inUse(path: path)
        }
        defer { if directory >= 0 { flock(directory, LOCK_UN) } }
        try removeStale(path: path, place)
        return try body()
    }

    private static func removeStale(
        path: String, _ place: SocketAddress
    ) throws(ListenError) {
        guard let found = status(path) else { return }
        guard found.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw .system(.unix(path: path), .last("socket")) }
        let result = place.withSockaddr { connect(probe, $0, $1) }
        let code = errno
        _ = close(probe)
        // Only ECONNREFUSED means that no process listens; with a full queue (EAGAIN), one does.
        guard result != 0, code == ECONNREFUSED else { throw .inUse(path: path) }
        guard !isBound(path, found) else { throw .bound(path: path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(.unix(path: path), .last("unlink"))
        }
    }

    /// Returns `true` if a socket is bound to the file at `path` and does not listen.
    package static func isBound(_ path: String) -> Bool {
        status(path).map { isBound(path, $0) } ?? false
    }

    /// Returns `true` if a socket is bound to the file and does not listen.
    ///
    /// A connection attempt cannot distinguish that from a stale file, but the kernel can. The list
    /// of paths is for a kernel that does not answer, for example because a service may not open
    /// netlink sockets, and for file systems on which it has other numbers for the file. The list
    /// cannot find a file that was renamed since.
    private static func isBound(_ path: String, _ file: stat) -> Bool {
        if CLinux_is_unix_bound(UInt64(file.st_dev), UInt64(file.st_ino)) == 1 { return true }
        guard case .success(let table) = FileReader.read("/proc/self/net/unix", limit: .max) else {
            return false
        }
        let name = path.utf8.split(separator: 0x2F).last.map { Array($0) } ?? []
        return UnixSocketTable.unconnectedPaths(table).contains { bound in
            // A relative path depends on a directory that only the other process knows.
            guard bound.first == 0x2F else {
                return Array(bound.split(separator: 0x2F).last ?? []) == name
            }
            guard let other = status(String(decoding: bound, as: UTF8.self)) else { return false }
            return other.st_dev == file.st_dev && other.st_ino == file.st_ino
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func status(_ path: String) -> stat? {
        var found = stat()
        return lstat(path, &found) == 0 ? found : nil
    }
}

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
