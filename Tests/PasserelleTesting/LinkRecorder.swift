// SPDX-License-Identifier: MIT
package import PasserelleNet

/// A link owner that records all calls.
package final class LinkRecorder: LinkOwner {
    /// The number of times the link opened: at most one.
    package private(set) var openings = 0
    /// All bytes received, in order.
    package private(set) var received: [UInt8] = []
    /// The number of times there was room again.
    package private(set) var rooms = 0
    /// The number of times the peer finished sending.
    package private(set) var peerFinishes = 0
    /// The ends reported: at most one.
    package private(set) var ends: [LinkEnd] = []
    /// Called with each batch of bytes after it was recorded.
    package var onReceived: ((Link, [UInt8]) -> Void)?
    /// Called each time there is room again.
    package var onRoom: ((Link) -> Void)?
    /// Called when the link opened.
    package var onOpened: ((Link) -> Void)?
    /// True if bytes are kept in `received`; can be disabled for floods.
    package var keepsBytes = true
    /// The number of bytes received.
    package private(set) var receivedCount = 0

    package init() {}

    /// True if the link opened.
    package var isOpened: Bool { openings > 0 }
    /// True if the link ended.
    package var isEnded: Bool { !ends.isEmpty }
    /// The bytes received, as text.
    package var text: String { String(decoding: received, as: UTF8.self) }

    package func linkOpened(_ link: Link) {
        openings += 1
        onOpened?(link)
    }

    package func link(_ link: Link, received bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        receivedCount += copy.count
        if keepsBytes { received += copy }
        onReceived?(link, copy)
    }

    package func linkBecameWritable(_ link: Link) {
        rooms += 1
        onRoom?(link)
    }

    package func linkPeerFinished(_ link: Link) { peerFinishes += 1 }

    package func linkEnded(_ link: Link, _ end: LinkEnd) { ends.append(end) }
}
