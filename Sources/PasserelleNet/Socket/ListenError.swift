// SPDX-License-Identifier: MIT

import Glibc

/// The reason a listener could not be opened.
package enum ListenError: Error, Equatable, Sendable {
    /// A system call failed.
    case system(ListenAddress, SystemError)
    /// A system call failed for a passed descriptor.
    case descriptor(Int32, SystemError)
    /// The host's name has no address; the resolver's message.
    case resolve(ListenAddress, String)
    /// Another process listens on the Unix socket.
    case inUse(path: String)
    /// Another process has bound the Unix socket, but does not listen on it.
    case bound(path: String)
    /// The file at the path is not a socket; it is kept.
    case notASocket(path: String)
    /// The path is longer than a Unix socket's can be.
    case longPath(bytes: Int, limit: Int)
    /// The passed descriptor is not a listening stream socket.
    case notListening(descriptor: Int32)
}

extension ListenError: CustomStringConvertible {
    /// One sentence without its full stop.
    package var description: String {
        switch self {
        case .system(let address, let error): "cannot listen on \(address): \(error)"
        case .descriptor(let number, let error): "cannot listen on descriptor \(number): \(error)"
        case .resolve(let address, let words): "cannot listen on \(address): \(words)"
        case .inUse(let path): "cannot listen on unix:\(path): another process listens there"
        case .bound(let path):
            "cannot listen on unix:\(path): another process has bound it and does not listen"
        case .notASocket(let path): "cannot listen on unix:\(path): the file there is not a socket"
        case .longPath(let bytes, let limit):
            "cannot listen: the socket's path has \(bytes) bytes, at most \(limit) fit"
        case .notListening(let descriptor):
            "descriptor \(descriptor) is not a listening stream socket"
        }
    }
}

extension ListenError {
    /// True if a later attempt may succeed with the same configuration: another process is in the
    /// way, or the system lacks a resource for now.
    package var isTransient: Bool {
        switch self {
        case .inUse, .bound, .resolve: true
        case .notASocket, .longPath, .notListening: false
        case .system(_, let error), .descriptor(_, let error): Self.passing.contains(error.code)
        }
    }

    private static let passing: Set<Int32> = [
        EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC, EDQUOT,
    ]

    /// The remedy, as the end of a sentence; `nil` if only another address helps.
    package var remedy: String? {
        guard case .system(let address, let error) = self else { return nil }
        switch (error.code, address) {
        case (ENOENT, .unix): return "make its directory"
        case (EACCES, .unix), (EPERM, .unix), (EROFS, .unix):
            return "let this process's user write to its directory"
        case (EACCES, .tcp):
            return "let this process use ports below 1024 (CAP_NET_BIND_SERVICE)"
        default: return nil
        }
    }
}
