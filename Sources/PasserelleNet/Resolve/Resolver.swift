// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// Name resolution by the system's rules (getaddrinfo(3)), on separate threads.
///
/// At most `threadLimit` names are looked up at once, each on a short-lived thread; others wait.
/// There is no thread when no lookup is pending.
enum Resolver {
    /// The reason a name has no address: the resolver's message.
    struct Failure: Error, Equatable, Sendable {
        let words: String
    }

    typealias Answer = Result<[SocketAddress], Failure>

    static let threadLimit = 4

    /// Looks a name up on this thread, which may block for long; only for the start of a program.
    static func addresses(host: String, port: Int, isPassive: Bool = false) -> Answer {
        guard (0...65_535).contains(port) else { return .failure(Failure(words: "no such port")) }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (isPassive ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return .failure(Failure(words: words(host: host, code: code))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry?.pointee {
            if let address = current.ai_addr {
                addresses.append(SocketAddress(address, count: current.ai_addrlen))
            }
            entry = current.ai_next
        }
        guard !addresses.isEmpty else {
            return .failure(Failure(words: "\(host) has no address"))
        }
        return .success(addresses)
    }

    private static func words(host: String, code: Int32) -> String {
        let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let shown = host.utf8.count <= 255 ? host : "a name of \(host.utf8.count) bytes"
        return "cannot resolve \(shown): \(reason)"
    }
}
