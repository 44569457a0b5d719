// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Makes listening sockets.
enum ListeningSocket {
    private static let kind = Int32(
        SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

    /// Binds and listens; returns the descriptor, and the file if it is a Unix socket.
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

    /// Configures a descriptor for the loop; returns `false` if it is no listening stream socket.
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

    /// Returns the IP address and port that a socket is bound to, or `nil` for a Unix socket.
    static func name(of descriptor: Int32) -> PeerAddress? {
        SocketAddress(boundTo: descriptor)?.peer
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
            guard candidate.withSockaddr({ bind(descriptor, $0, $1) }) == 0 else {
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
        let listen = { () throws(ListenError) in
            try listenUnix(descriptor, address, path: path, mode: mode, group: group)
        }
        do throws(ListenError) {
            let bind = { place.withSockaddr { Glibc.bind(descriptor, $0, $1) } }
            if bind() == 0 { return (descriptor, try listen()) }
            guard errno == EADDRINUSE else { throw .system(address, .last("bind")) }
            let file = try UnixSocketFile.replaceStale(path: path, place) {
                () throws(ListenError) in
                guard bind() == 0 else { throw .system(address, .last("bind")) }
                return try listen()
            }
            return (descriptor, file)
        } catch {
            _ = close(descriptor)
            throw error
        }
    }

    /// Listens on a bound socket after setting its file's mode and group; returns the file.
    private static func listenUnix(
        _ descriptor: Int32, _ address: ListenAddress, path: String, mode: UInt16, group: UInt32?
    ) throws(ListenError) -> UnixSocketFile? {
        let file = UnixSocketFile(path: path)
        do throws(ListenError) {
            if let group, chown(path, uid_t.max, group) != 0 {
                throw .system(address, .last("chown"))
            }
            // Before listen(2): until then no client can connect, so the umask does not matter.
            guard chmod(path, mode_t(mode)) == 0 else { throw .system(address, .last("chmod")) }
            guard listen(descriptor, Listener.backlog) == 0 else {
                throw .system(address, .last("listen"))
            }
            return file
        } catch {
            file?.remove()
            throw error
        }
    }
}

/// The limit of descriptors that the process may open.
package enum DescriptorLimit {
    /// Raises the limit to its maximum and returns it, or `Int.max` if the system reports none.
    ///
    /// That is safe: no call here depends on a descriptor's number.
    package static func raise() -> Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return .max }
        let held = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let now = setrlimit(kind, &limit) == 0 ? limit.rlim_max : held
        return Int(exactly: now) ?? .max
    }
}

/// The kind of a descriptor that another program opened and passed.
package enum DescriptorKind: Equatable, Sendable {
    /// A listening stream socket, TCP or Unix; an abstract Unix name begins with `@`.
    case listener(ListenAddress)
    /// A stream socket that is connected, or not yet listening.
    case connection
    /// A socket for datagrams or packets.
    case datagrams
    /// A socket of an unsupported family.
    case otherFamily
    /// Not a socket: a pipe, a file, or an invalid descriptor.
    case noSocket

    /// Asks the kernel for the kind of `descriptor`.
    package init(of descriptor: Int32) {
        guard let type = SocketOptions.number(SOL_SOCKET, SO_TYPE, of: descriptor) else {
            self = .noSocket
            return
        }
        guard let address = Self.address(of: descriptor) else {
            self = .otherFamily
            return
        }
        guard type == Int32(SOCK_STREAM.rawValue) else {
            self = .datagrams
            return
        }
        let listens = SocketOptions.number(SOL_SOCKET, SO_ACCEPTCONN, of: descriptor) == 1
        self = listens ? .listener(address) : .connection
    }

    private static func address(of descriptor: Int32) -> ListenAddress? {
        guard let address = SocketAddress(boundTo: descriptor) else { return nil }
        if let peer = address.peer, let host = peer.host {
            return .tcp(host: host, port: peer.port ?? 0)
        }
        return address.unixPath.map { .unix(path: $0) }
    }
}
