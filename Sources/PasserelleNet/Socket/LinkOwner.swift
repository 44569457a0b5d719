// SPDX-License-Identifier: MIT

import Glibc

/// The delegate of a link; called on the loop, and never from within a call on the link.
package protocol LinkOwner: AnyObject {
    /// An outbound link is connected and its TLS handshake is done, or an accepted TLS link's
    /// handshake is done. Not called for an accepted plain link, which is open from the start.
    func linkOpened(_ link: Link)

    /// Bytes were received. The span is the loop's shared buffer and valid during this call only.
    func link(_ link: Link, received bytes: Span<UInt8>)

    /// There is room again: after a `write` that fell short, or when the queue of `send` is empty.
    func linkHasRoom(_ link: Link)

    /// The peer has finished sending, but may still read. Called only if `staysHalfOpen` is set.
    func linkPeerFinished(_ link: Link)

    /// The link has ended. Called once, as the last call, but not after the owner's own `close`.
    func linkEnded(_ link: Link, _ end: LinkEnd)
}

extension LinkOwner {
    package func linkOpened(_ link: Link) {}
    package func linkHasRoom(_ link: Link) {}
    package func linkPeerFinished(_ link: Link) {}
}
