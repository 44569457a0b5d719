// SPDX-License-Identifier: MIT

/// The acknowledgements of a TCP peer (`TCP_INFO`).
///
/// If a peer lives but does not read, it still answers each window probe with its closed window. A
/// dead peer answers no probe. `TCP_USER_TIMEOUT` does not make that distinction: it also ends a
/// connection if the window stays closed.
package struct PeerAcknowledgement: Equatable, Sendable {
    /// The minimum time without any acknowledgement after which a peer can count as dead.
    package static let deadSilence: Duration = .seconds(15)
    /// The minimum time of unanswered retransmissions or probes: packets may be lost, and a network
    /// may fail for a few seconds.
    package static let deadUnansweredTime: Duration = .seconds(9.5)
    /// The same if the peer is silent for `longSilence`, so that a stream that was idle for less
    /// than a keep-alive period ends within 30 s.
    package static let shortUnansweredTime: Duration = .seconds(5)
    package static let longSilence: Duration = .seconds(25)
    /// The longest wait between two sends, requested from the kernel (`TCP_RTO_MAX_MS`).
    package static let longestWait: Duration = .seconds(10)

    /// The time since the last acknowledgement of any kind.
    package var silence: Duration
    /// The kernel's time-out for the next retransmission, doubled by each previous one.
    package var timeout: Duration
    /// Consecutive retransmissions that were not acknowledged.
    package var retransmissions = 0
    /// Consecutive probes of a closed window that were not acknowledged.
    package var probes = 0
    /// The number of times the wait between two probes was doubled.
    package var backoff = 0

    /// The minimum time for which the kernel has sent without an answer.
    ///
    /// `silence` cannot be used for that: if the connection was idle, it includes the idle time.
    package var unansweredTime: Duration {
        var unansweredTime: Duration = .zero
        if retransmissions > 0 {
            unansweredTime = timeout - timeout / (1 << min(retransmissions, 16))
        }
        if probes > 1 {
            let wait = min(timeout * (1 << min(max(backoff - 1, 0), 16)), Self.longestWait)
            // The second probe may be in transit after one that was lost.
            if probes > 2 || silence >= wait * 2 + Self.answerTime {
                unansweredTime = max(unansweredTime, wait)
            }
        }
        return unansweredTime
    }

    /// The time that the answer to a probe may take.
    private static let answerTime: Duration = .seconds(3)

    /// True if the peer counts as dead.
    package var isDead: Bool {
        silence >= Self.deadSilence
            && unansweredTime
                >= (silence >= Self.longSilence
                    ? Self.shortUnansweredTime : Self.deadUnansweredTime)
    }
}
