// SPDX-License-Identifier: MIT

/// An address that `Listener` binds and `Dial` connects to.
package enum ListenAddress: Hashable, Sendable {
    /// A name or an IP address (IPv6 without brackets), and a port; 0 lets the kernel choose.
    case tcp(host: String, port: Int)
    /// A Unix stream socket's path, at most `unixPathLimit` bytes.
    case unix(path: String)

    /// Bytes of the longest path that fits `sockaddr_un` with its closing zero (unix(7)).
    package static let unixPathLimit = 107

    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
    package static func parse(_ text: String) throws(ListenAddressError) -> ListenAddress {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, !path.utf8.contains(0) else { throw .emptyPath }
            guard path.utf8.count <= unixPathLimit else {
                throw .longPath(bytes: path.utf8.count, limit: unixPathLimit)
            }
            return .unix(path: path)
        }
        guard let colon = text.lastIndex(of: ":") else { throw .noPort }
        let digits = text[text.index(after: colon)...].utf8
        guard (1...5).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
            let port = Int(String(text[text.index(after: colon)...])), port <= 65_535
        else { throw .badPort }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .bareIPv6
        }
        guard !host.isEmpty, !host.utf8.contains(0) else { throw .noHost }
        return .tcp(host: String(host), port: port)
    }

    /// The path of a Unix socket.
    package var path: String? { if case .unix(let path) = self { path } else { nil } }

    /// True if only this host can reach it: a loopback address or name, or a Unix socket.
    package var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _): Self.isLoopbackHost(host)
        }
    }

    /// Returns `true` for 127.0.0.0/8, `::1`, `localhost` and names under it (RFC 6761 §6.3).
    package static func isLoopbackHost(_ host: String) -> Bool {
        if let address = PeerAddress(numericHost: host, port: 0) { return address.isLoopback }
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost")
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The form that `parse` reads.
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

/// The reason a text is not an address.
package struct ListenAddressError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One clause with the correct form.
    package let description: String

    private init(_ description: String) { self.description = description }

    package static let noHost = Self("the host is missing before the colon")
    package static let noPort = Self("takes HOST:PORT or unix:PATH")
    package static let badPort = Self("the port must be a number from 0 to 65535")
    package static let bareIPv6 = Self("an IPv6 address must be in brackets, as in [::1]:8080")
    package static let emptyPath = Self("the path after unix: is missing")
    package static func longPath(bytes: Int, limit: Int) -> Self {
        Self("the path has \(bytes) bytes, at most \(limit) fit")
    }
}
