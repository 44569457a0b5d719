// SPDX-License-Identifier: MIT

import CLinux
import Glibc

extension Link {
    /// Sends `bytes`: the kernel takes part of them now, and the rest waits in the queue.
    ///
    /// Before the link is open, all bytes wait. If more than `outputLimit` bytes wait, the link
    /// ends with `.overflow`. Does nothing if the link has ended or is finishing.
    package func send(_ bytes: [UInt8]) {
        guard stage != .over, stage != .lingering, !flags.contains(.finishing), !bytes.isEmpty
        else { return }
        var sent = 0
        if stage == .open, output == nil, !flags.contains(.wantsRoom) {
            guard let taken = bytes.withUnsafeBytes({ transmit($0) }) else { return }
            sent = taken
        }
        guard sent < bytes.count else {
            // TLS took all, but a record is pending: `linkBecameWritable` follows when it is sent.
            if let tls, tls.pending > 0 { flags.insert(.wantsRoom) }
            return updateInterest()
        }
        let queue = output ?? OutputQueue()
        output = queue
        queue.append(bytes, from: sent)
        if queue.count > outputLimit { return fail(.overflow) }
        updateInterest()
    }

    /// Passes `bytes` to the kernel (or TLS) and returns the number of bytes taken.
    ///
    /// Copies and queues nothing, and does not allocate on a plain link. If some are left,
    /// `linkBecameWritable` follows when there is room. Until then, and while output of `send`
    /// waits, it returns 0 without a system call. Bytes taken by TLS count as sent, so any others
    /// may follow.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard stage == .open, output == nil, flags.isDisjoint(with: [.wantsRoom, .finishing]) else {
            return writeBlocked(bytes.count)
        }
        if tls != nil {
            guard let taken = transmit(bytes) else { return 0 }
            if taken < bytes.count || (self.tls?.pending ?? 0) > 0 { flags.insert(.wantsRoom) }
            updateInterest()
            return taken
        }
        let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
        return sent == bytes.count ? sent : handleShortWrite(sent)
    }

    /// Writes queued bytes; when the queue is empty, performs the actions that waited for it.
    func flush() {
        if let tls, tls.pending > 0 {
            guard flush(tls) else { return }
        }
        while let queue = output, tls?.pending ?? 0 == 0 {
            var isOver = false
            let (lent, taken) = queue.takeFront { bytes in
                guard let taken = transmit(bytes) else {
                    isOver = true
                    return 0
                }
                return taken
            }
            if isOver { return }
            if queue.count == 0 {
                output = nil
                flags.insert(.wantsRoom)
            } else if taken < lent {
                break
            }
        }
        if output == nil, tls?.pending ?? 0 == 0 { drained() } else { updateInterest() }
    }

    private func drained() {
        if flags.contains(.finishing) { return flushed() }
        if flags.contains(.peerFinished), !flags.contains(.staysHalfOpen) {
            return fail(.closedByPeer)
        }
        if flags.contains(.wantsRoom) {
            flags.remove(.wantsRoom)
            // Before the poller is updated: if the owner fills the link again, two calls are saved.
            owner?.linkBecameWritable(self)
        }
        updateInterest()
    }

    /// Passes bytes to TLS or the kernel; returns the number taken, or `nil` if the link ended.
    private func transmit(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if let tls { return transmit(bytes, through: tls) }
        let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
        if sent >= 0 { return sent }
        let error = SystemError.last("send")
        if error.code == EAGAIN || error.code == EINTR { return 0 }
        fail(.failed(error))
        return nil
    }

    @inline(never)
    private func handleShortWrite(_ sent: Int) -> Int {
        if sent < 0 {
            let error = SystemError.last("send")
            guard error.code == EAGAIN || error.code == EINTR else {
                fail(.failed(error))
                return 0
            }
        }
        flags.insert(.wantsRoom)
        updateInterest()
        return max(sent, 0)
    }

    @inline(never)
    private func writeBlocked(_ count: Int) -> Int {
        if isOpen, count > 0 { flags.insert(.wantsRoom) }
        return 0
    }
}

private let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)

extension Link {
    /// Bytes that were sent but not taken by the peer: queued here, in the kernel, or in transit.
    ///
    /// Bytes in the peer's kernel count as taken on TCP, but not on a Unix socket.
    package var unreadBytes: Int {
        queuedBytes + max(0, Int(CLinux_unread_bytes(fileDescriptor)))
    }

    /// The peer's acknowledgements (`TCP_INFO`); `nil` on a Unix socket.
    package var acknowledgement: PeerAcknowledgement? {
        var info = tcp_info()
        let size = socklen_t(MemoryLayout<tcp_info>.size)
        var count = size
        guard getsockopt(fileDescriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &count) == 0,
            count == size
        else { return nil }
        return PeerAcknowledgement(
            silence: .milliseconds(Int64(info.tcpi_last_ack_recv)),
            timeout: .microseconds(Int64(info.tcpi_rto)),
            retransmissions: Int(info.tcpi_retransmits),
            probes: Int(info.tcpi_probes), backoff: Int(info.tcpi_backoff))
    }

    /// True if the peer acknowledges nothing although the kernel keeps retransmitting.
    ///
    /// Always false on a Unix socket, since the kernel itself reports the peer's end.
    package var peerIsDead: Bool { acknowledgement?.isDead ?? false }
}

extension Link {
    /// Reads once into the loop's buffer and passes the bytes to the owner.
    func receive() {
        if let tls { return receive(from: tls) }
        let buffer = loop.receiveBuffer
        let room = min(buffer.count, max(1, Int(receiveLimit)))
        let count = recv(descriptor, buffer.baseAddress, room, Int32(0))
        if count > 0 { return notifyOwner(received: count) }
        if count == 0 { return peerFinished() }
        let error = SystemError.last("recv")
        if error.code != EAGAIN && error.code != EINTR { fail(.failed(error)) }
    }

    /// Passes the first `count` bytes of the loop's buffer to the owner, then overwrites them: they
    /// may belong to a message that is deleted later.
    func notifyOwner(received count: Int) {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: loop.receiveBuffer[..<count])
        defer { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
        UnsafeRawBufferPointer(bytes).withMemoryRebound(to: UInt8.self) { bytes in
            owner?.link(self, received: bytes.span)
        }
    }

    /// Handles the end of the peer's output.
    func peerFinished() {
        flags.insert(.peerFinished)
        if flags.contains(.staysHalfOpen) {
            updateInterest()
            owner?.linkPeerFinished(self)
        } else if queuedBytes > 0 {
            updateInterest()
        } else {
            fail(.closedByPeer)
        }
    }

    /// Handles an error or hang-up while the link is not reading.
    func hungUpWhileNotReading(_ events: Interest) {
        if events.contains(.failed) {
            let code = SocketOptions.takeError(of: descriptor)
            if code != 0 { return fail(.failed(SystemError(call: "send", code: code))) }
        }
        guard flags.contains(.paused),
            flags.isDisjoint(with: [.peerFinished, .finishing, .wantsRoom]),
            output == nil
        else { return fail(.closedByPeer) }
        // Unread bytes may wait; the owner receives them when it resumes.
        flags.insert(.suspended)
        loop.poller.suspend(descriptor)
    }
}
