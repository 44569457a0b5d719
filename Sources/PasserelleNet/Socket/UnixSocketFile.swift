// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// The file of a Unix socket that this process bound, known again by its inode.
struct UnixSocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Notes the file that stands at `path`; `nil` when none does.
    init?(path: String) {
        guard let found = Self.status(path) else { return nil }
        self.path = path
        device = found.st_dev
        inode = found.st_ino
    }

    /// Removes the file unless another one has taken its place.
    func remove() {
        guard let found = Self.status(path), found.st_dev == device, found.st_ino == inode else {
            return
        }
        unlink(path)
    }

    /// Removes a socket's file that nobody answers on, and refuses to remove anything else.
    static func removeStale(path: String, _ place: SocketAddress) throws(ListenError) {
        guard let found = status(path) else { return }
        guard found.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let probe = socket(AF_UNIX, kind, 0)
        guard probe >= 0 else { throw .system(.unix(path: path), .last("socket")) }
        let result = place.lend { connect(probe, $0, $1) }
        let code = errno
        _ = close(probe)
        // Only a refusal says that nobody listens; a full queue (EAGAIN) says that somebody does.
        guard result != 0, code == ECONNREFUSED else { throw .inUse(path: path) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(.unix(path: path), .last("unlink"))
        }
    }

    private static func status(_ path: String) -> stat? {
        var found = stat()
        return lstat(path, &found) == 0 ? found : nil
    }
}
