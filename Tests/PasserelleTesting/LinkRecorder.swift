// SPDX-License-Identifier: MIT
package import PasserelleNet

/// An owner that writes down everything its link tells.
package final class LinkRecorder: LinkOwner {
    /// How often the link told that it opened: once at most.
    package private(set) var openings = 0
    /// All bytes that came, in order.
    package private(set) var received: [UInt8] = []
    /// How often there was room again.
    package private(set) var rooms = 0
    /// How often the peer told that it sends no more.
    package private(set) var peerFinishes = 0
    /// Every end: one at most.
    package private(set) var ends: [LinkEnd] = []
    /// Called with each batch of bytes after it was written down.
    package var onReceived: ((Link, [UInt8]) -> Void)?
    /// Called each time there is room again.
    package var onRoom: ((Link) -> Void)?
    /// Called when the link opened.
    package var onOpened: ((Link) -> Void)?
    /// Whether bytes are kept in `received`; switch off for floods.
    package var keepsBytes = true
    /// How many bytes came.
    package private(set) var receivedCount = 0

    /// Starts with nothing written down.
    package init() {}

    /// Whether the link opened.
    package var isOpened: Bool { openings > 0 }
    /// Whether the link ended.
    package var isEnded: Bool { !ends.isEmpty }
    /// The bytes that came, as text.
    package var text: String { String(decoding: received, as: UTF8.self) }

    /// Counts the opening.
    package func linkOpened(_ link: Link) {
        openings += 1
        onOpened?(link)
    }

    /// Keeps the bytes.
    package func link(_ link: Link, received bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        receivedCount += copy.count
        if keepsBytes { received += copy }
        onReceived?(link, copy)
    }

    /// Counts the room.
    package func linkHasRoom(_ link: Link) {
        rooms += 1
        onRoom?(link)
    }

    /// Counts the half-close.
    package func linkPeerFinished(_ link: Link) { peerFinishes += 1 }

    /// Keeps the end.
    package func linkEnded(_ link: Link, _ end: LinkEnd) { ends.append(end) }
}
