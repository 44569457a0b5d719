// SPDX-License-Identifier: MIT
import Glibc
package import PasserelleNet

/// A link and the descriptor of its peer, which the test controls.
package final class SocketPair {
    /// The link under test.
    package let link: Link
    /// The link's owner.
    package let recorder = LinkRecorder()
    /// The peer's descriptor, blocking; -1 once closed.
    package private(set) var peer: Int32

    /// Connects a link of `loop` to a descriptor by a Unix stream socket pair.
    package init(loop: EventLoop) throws {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw TestFailure("socketpair: errno \(errno)")
        }
        link = try Link(loop: loop, adopting: ends[0])
        peer = ends[1]
        link.owner = recorder
    }

    deinit {
        close()
    }

    /// Sends bytes from the peer.
    package func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.write(peer, $0.baseAddress, $0.count) }
    }

    /// Returns up to `limit` bytes that wait for the peer, or `nil` at the end of the stream.
    package func receive(_ limit: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(peer, &bytes, limit, Int32(MSG_DONTWAIT))
        if count == 0 { return nil }
        return Array(bytes.prefix(max(count, 0)))
    }

    /// Ends the peer's output.
    package func finishSending() { shutdown(peer, Int32(SHUT_WR)) }

    /// Closes the peer's descriptor.
    ///
    /// Shuts the connection down first: if another test is starting a process, that process has a
    /// copy of the descriptor until its program begins, and would delay the end.
    package func close() {
        guard peer >= 0 else { return }
        shutdown(peer, Int32(SHUT_RDWR))
        _ = Glibc.close(peer)
        peer = -1
    }
}
