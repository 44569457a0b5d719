// SPDX-License-Identifier: MIT

import CLinux
import Glibc

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
