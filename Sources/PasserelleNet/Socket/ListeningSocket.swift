// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Makes sockets that listen.
enum ListeningSocket {
    private static let kind = Int32(
        SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// Binds and listens; the descriptor, and the file it made if it is a Unix socket.
    static func open(
        _ address: ListenAddress, mode: UInt16, group: UInt32?
    ) throws(ListenError) -> (Int32, UnixSocketFile?) {
        switch address {
        case .tcp(let host, let port):
            (try openTCP(address, host: host, port: port), nil)
        case .unix(let path):
            try openUnix(address, path: path, mode: mode, group: group)
        }
    }

    /// Checks that a descriptor is a listening stream socket and makes it fit for the loop.
    static func adopt(_ descriptor: Int32) -> Bool {
        guard SocketOptions.number(SOL_SOCKET, SO_ACCEPTCONN, of: descriptor) == 1,
            SocketOptions.number(SOL_SOCKET, SO_TYPE, of: descriptor)
                == Int32(SOCK_STREAM.rawValue),
            fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { return false }
        if name(of: descriptor) != nil { SocketOptions.prepareTCP(descriptor) }
        return true
    }

    /// The IP address and port that a socket is bound to; `nil` for a Unix socket.
    static func name(of descriptor: Int32) -> PeerAddress? {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            let result = raw.withMemoryRebound(to: sockaddr.self) {
                getsockname(descriptor, $0.baseAddress, &count)
            }
            guard result == 0 else { return nil }
            return PeerAddress(
                socketAddress: UnsafeRawBufferPointer(rebasing: raw.prefix(Int(count))))
        }
    }

    private static func openTCP(
        _ address: ListenAddress, host: String, port: Int
    ) throws(ListenError) -> Int32 {
        let answer = Resolver.addresses(host: host, port: port, isPassive: true)
        let addresses: [SocketAddress]
        switch answer {
        case .success(let found): addresses = found
        case .failure(let failure): throw .resolve(address, failure.words)
        }
        var failure = SystemError(call: "bind", code: EADDRNOTAVAIL)
        for candidate in addresses {
            let descriptor = socket(candidate.family, kind, 0)
            guard descriptor >= 0 else {
                failure = .last("socket")
                continue
            }
            SocketOptions.set(SOL_SOCKET, SO_REUSEADDR, 1, of: descriptor)
            SocketOptions.prepareTCP(descriptor)
            guard candidate.lend({ bind(descriptor, $0, $1) }) == 0 else {
                failure = .last("bind")
                _ = close(descriptor)
                continue
            }
            if listen(descriptor, Listener.backlog) == 0 { return descriptor }
            failure = .last("listen")
            _ = close(descriptor)
        }
        throw .system(address, failure)
    }

    private static func openUnix(
        _ address: ListenAddress, path: String, mode: UInt16, group: UInt32?
    ) throws(ListenError) -> (Int32, UnixSocketFile?) {
        guard let place = SocketAddress(unixPath: path) else {
            throw .longPath(bytes: path.utf8.count, limit: ListenAddress.unixPathLimit)
        }
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .system(address, .last("socket")) }
        do {
            var result = place.lend { bind(descriptor, $0, $1) }
            if result != 0, errno == EADDRINUSE {
                try UnixSocketFile.removeStale(path: path, place)
                result = place.lend { bind(descriptor, $0, $1) }
            }
            guard result == 0 else { throw ListenError.system(address, .last("bind")) }
            if let group, chown(path, uid_t.max, group) != 0 {
                throw ListenError.system(address, .last("chown"))
            }
            // Before listen(2): until then nobody can connect, whatever the umask made of it.
            guard chmod(path, mode_t(mode)) == 0 else {
                throw ListenError.system(address, .last("chmod"))
            }
            guard listen(descriptor, Listener.backlog) == 0 else {
                throw ListenError.system(address, .last("listen"))
            }
            return (descriptor, UnixSocketFile(path: path))
        } catch let error as ListenError {
            _ = close(descriptor)
            throw error
        } catch {
            preconditionFailure("only listening errors are thrown above")
        }
    }
}
