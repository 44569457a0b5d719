// SPDX-License-Identifier: MIT
import CLinux
import Glibc

extension Link {
    /// Times that the kernel sends again, or asks a full peer, before no answer means a dead peer.
    ///
    /// At the usual pace that is 6 s: each wait is twice the one before it, from 0.2 s on.
    package static let unansweredSends: UInt8 = 5

    /// How much of what was sent the peer has not taken: here, in the kernel, or on its way.
    ///
    /// What lies in the peer's own kernel counts as taken on TCP, and as not taken on a Unix socket.
    package var unreadBytes: Int {
        queuedBytes + max(0, Int(CLinux_unread_bytes(fileDescriptor)))
    }

    /// Whether the peer has not acknowledged anything for so many sends (`TCP_INFO`).
    ///
    /// A peer that reads nothing but lives answers each question with its closed window, which
    /// `TCP_USER_TIMEOUT` would take for death. Always false on a Unix socket.
    package var isUnanswered: Bool {
        // tcpi_state, tcpi_ca_state, tcpi_retransmits, tcpi_probes: one byte each.
        var start: (UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0)
        var count = socklen_t(4)
        guard getsockopt(fileDescriptor, Int32(IPPROTO_TCP), TCP_INFO, &start, &count) == 0,
            count == 4
        else { return false }
        return max(start.2, start.3) >= Self.unansweredSends
    }
}
