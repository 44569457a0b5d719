// SPDX-License-Identifier: MIT

import Glibc
private import Synchronization

/// Sends entries to journald without blocking; entries that it does not accept are counted.
///
/// libsystemd's `sd_journal_sendv` can block, for example while the disk is full, and would stall
/// the event loop.
package final class JournaldSocket: Sendable {
    /// The path of journald's datagram socket.
    package static let path = "/run/systemd/journal/socket"

    private let descriptor: Int32
    private let lostCount = Atomic<Int>(0)

    /// Connects to journald; returns `nil` if it does not listen at `path`.
    package init?(path: String = JournaldSocket.path) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        descriptor = socket(AF_UNIX, Int32(kind), 0)
        guard descriptor >= 0 else { return nil }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Sends one entry; the first entry sent after a loss includes the number of dropped entries.
    package func send(_ entry: [UInt8]) {
        let lost = lostCount.load(ordering: .relaxed)
        let bytes = lost == 0 ? entry : entry + Array("PASSERELLE_LOST=\(lost)\n".utf8)
        let sent = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if sent == bytes.count {
            lostCount.subtract(lost, ordering: .relaxed)
        } else {
            lostCount.add(1, ordering: .relaxed)
        }
    }
}
