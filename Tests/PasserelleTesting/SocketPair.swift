// SPDX-License-Identifier: MIT
import Glibc
package import PasserelleNet

/// A link and the bare descriptor at its other end, for a peer that does as it is told.
package final class SocketPair {
    /// The link under test.
    package let link: Link
    /// What it told.
    package let recorder = LinkRecorder()
    /// The peer's descriptor, blocking; -1 once closed.
    package private(set) var peer: Int32

    /// Joins a link of `loop` to a descriptor by a Unix stream socket pair.
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

    /// Has the peer send bytes.
    package func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.write(peer, $0.baseAddress, $0.count) }
    }

    /// What waits for the peer now, at most `limit` bytes; `nil` at the end of the stream.
    package func receive(_ limit: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(peer, &bytes, limit, Int32(MSG_DONTWAIT))
        if count == 0 { return nil }
        return Array(bytes.prefix(max(count, 0)))
    }

    /// Has the peer send no more.
    package func finishSending() { shutdown(peer, Int32(SHUT_WR)) }

    /// Closes the peer's descriptor.
    ///
    /// The connection is ended first: a process that another test is starting has the descriptor too,
    /// until its program begins, and the link would hear of the end only then.
    package func close() {
        guard peer >= 0 else { return }
        shutdown(peer, Int32(SHUT_RDWR))
        _ = Glibc.close(peer)
        peer = -1
    }
}
