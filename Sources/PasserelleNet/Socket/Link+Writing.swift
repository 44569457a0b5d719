// SPDX-License-Identifier: MIT
import CLinux
import Glibc

extension Link {
    /// Sends all of `bytes`: what the kernel takes now goes out, the rest waits in the queue.
    ///
    /// Before the link is open everything waits. More than `outputLimit` waiting bytes end the
    /// link with `.overflow`. Does nothing once the link has ended or finishes.
    package func send(_ bytes: [UInt8]) {
        guard stage != .over, stage != .lingering, !flags.contains(.finishing), !bytes.isEmpty
        else { return }
        var sent = 0
        if stage == .open, output == nil, !flags.contains(.wantsRoom) {
            guard let taken = bytes.withUnsafeBytes({ transmit($0) }) else { return }
            sent = taken
        }
        guard sent < bytes.count else {
            // TLS took it all, and still holds a record: the owner is told when that is out.
            if let tls, tls.pending > 0 { flags.insert(.wantsRoom) }
            return updateInterest()
        }
        let queue = output ?? OutputQueue()
        output = queue
        queue.append(bytes, from: sent)
        if queue.count > outputLimit { return fail(.overflow) }
        updateInterest()
    }

    /// Gives the kernel (or TLS) what it takes of `bytes` now, and says how many that was.
    ///
    /// Nothing is copied, queued or, on a plain link, allocated. When it falls short, `linkHasRoom`
    /// comes once there is room; until then, and while `send` has bytes waiting, it gives 0 without
    /// a system call. What TLS took counts as sent: the rest may be any other bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard stage == .open, output == nil, flags.isDisjoint(with: [.wantsRoom, .finishing]) else {
            return notNow(bytes.count)
        }
        if tls != nil {
            guard let taken = transmit(bytes) else { return 0 }
            if taken < bytes.count { flags.insert(.wantsRoom) }
            updateInterest()
            return taken
        }
        let sent = Glibc.send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
        return sent == bytes.count ? sent : fellShort(sent)
    }

    /// Writes queued bytes and, when none is left, does what waited for that.
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
            // Told before the poller is: an owner that fills the link again saves two calls.
            owner?.linkHasRoom(self)
        }
        updateInterest()
    }

    /// Hands bytes to TLS or the kernel: how many it took, or `nil` when that ended the link.
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
    private func fellShort(_ sent: Int) -> Int {
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
    private func notNow(_ count: Int) -> Int {
        if isOpen, count > 0 { flags.insert(.wantsRoom) }
        return 0
    }
}

private let sendFlags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
