// SPDX-License-Identifier: MIT

import Glibc

/// The reason a link has ended.
package enum LinkEnd: Error, Equatable, Sendable {
    /// The peer closed in an orderly way.
    case closedByPeer
    /// `finish()` was called, and the queue was passed to the kernel.
    case closedHere
    /// A system call failed: the peer reset the connection, was unreachable, or did not respond.
    case failed(SystemError)
    /// The name could not be resolved; the resolver's message.
    case resolve(String)
    /// TLS failed; one sentence with the reason.
    case tls(String)
    /// The proxy was unusable or refused; one sentence with the reason.
    case proxy(String)
    /// Connecting, including the TLS handshake, took longer than the timeout.
    case timedOut
    /// More bytes were queued than `outputLimit` allows.
    case overflow
}

extension LinkEnd {
    /// True if the kernel ended the link because the peer acknowledged nothing.
    package var isDeadPeer: Bool {
        if case .failed(let error) = self { error.code == ETIMEDOUT } else { false }
    }
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
