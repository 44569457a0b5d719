// SPDX-License-Identifier: MIT

/// What a link tells the one who uses it, always from the loop and never from inside a call on it.
package protocol LinkOwner: AnyObject {
    /// The way is open: an outbound link is connected and its TLS handshake done, or an accepted
    /// TLS link's handshake is done. An accepted plain link is open from the start: not called.
    func linkOpened(_ link: Link)

    /// Bytes came; the span is the loop's shared buffer and holds them for this call only.
    func link(_ link: Link, received bytes: Span<UInt8>)

    /// There is room again: after a `write` that fell short, or when the queue of `send` drained.
    func linkHasRoom(_ link: Link)

    /// The peer sends no more, but may still read; only where `staysHalfOpen` is set.
    func linkPeerFinished(_ link: Link)

    /// The link is over, told exactly once and as the last call; not after the owner's own `close`.
    func linkEnded(_ link: Link, _ end: LinkEnd)
}

extension LinkOwner {
    /// Does nothing.
    package func linkOpened(_ link: Link) {}
    /// Does nothing.
    package func linkHasRoom(_ link: Link) {}
    /// Does nothing.
    package func linkPeerFinished(_ link: Link) {}
}

/// Why a link is over.
package enum LinkEnd: Error, Equatable, Sendable {
    /// The peer closed in an orderly way.
    case closedByPeer
    /// `finish()` was called and everything queued has been handed to the kernel.
    case closedHere
    /// A system call failed: the peer reset, could not be reached, or answered no more.
    case failed(SystemError)
    /// The name could not be resolved; the resolver's words.
    case resolve(String)
    /// TLS failed; one sentence that says what.
    case tls(String)
    /// The proxy in between could not be used, or did not want to; one sentence that says why.
    case proxy(String)
    /// Connecting, the TLS handshake included, took longer than it was given.
    case timedOut
    /// More was queued than `outputLimit` allows.
    case overflow
}

extension LinkEnd: CustomStringConvertible {
    /// One clause for a log line.
    package var description: String {
        switch self {
        case .closedByPeer: "closed by the peer"
        case .closedHere: "closed here"
        case .failed(let error): error.description
        case .resolve(let words): words
        case .tls(let words): words
        case .proxy(let words): words
        case .timedOut: "timed out"
        case .overflow: "the peer reads too slowly: its output limit is reached"
        }
    }
}
