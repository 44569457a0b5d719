// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// What a descriptor is that somebody else opened and handed over.
package enum DescriptorKind: Equatable, Sendable {
    /// A stream socket that listens, TCP or Unix; an abstract Unix name begins with `@`.
    case listener(ListenAddress)
    /// A stream socket that is connected, or not yet listening.
    case connection
    /// A socket for datagrams or packets.
    case datagrams
    /// A socket of a family that we do not speak.
    case otherFamily
    /// No socket: a pipe, a file, or nothing at all.
    case noSocket

    /// Asks the kernel what `descriptor` is.
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
        if let name = ListeningSocket.name(of: descriptor), let host = name.host {
            return .tcp(host: host, port: name.port ?? 0)
        }
        var storage = sockaddr_un()
        var count = socklen_t(MemoryLayout<sockaddr_un>.size)
        return withUnsafeMutableBytes(of: &storage) { raw in
            let result = raw.withMemoryRebound(to: sockaddr.self) {
                getsockname(descriptor, $0.baseAddress, &count)
            }
            let family = raw.load(as: sa_family_t.self)
            guard result == 0, Int32(family) == AF_UNIX else { return nil }
            let path = raw[MemoryLayout<sa_family_t>.size..<min(Int(count), raw.count)]
            let isAbstract = path.first == 0
            let bytes = (isAbstract ? path.dropFirst() : path).prefix { $0 != 0 }
            return .unix(path: (isAbstract ? "@" : "") + String(decoding: bytes, as: UTF8.self))
        }
    }
}
