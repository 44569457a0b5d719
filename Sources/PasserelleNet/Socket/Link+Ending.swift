// SPDX-License-Identifier: MIT

import CLinux
import Glibc

extension Link {
    /// The time a finished link waits for the peer's end before it closes the descriptor.
    package static let lingerTime = Duration.seconds(2)

    /// Flushes the queue, then closes; the owner receives `.closedHere` when all is flushed.
    ///
    /// The owner receives no more bytes. The descriptor stays open for up to `lingerTime` until the
    /// peer closes too: if it were closed with unread bytes, the kernel would reset the connection,
    /// and the peer could lose the last answer. While a peer reads nothing and the queue is not
    /// empty, the link stays open; the owner must bound that time.
    package func finish() {
        guard stage != .over, stage != .lingering, !flags.contains(.finishing) else { return }
        flags.insert(.finishing)
        flags.remove(.wantsRoom)
        if flags.contains(.suspended) { resume() }
        if stage == .open, queuedBytes == 0 {
            flushed()
        } else if stage == .handshaking, tls?.isServer == true, output == nil {
            // A peer must not hold an idle link open by never finishing the handshake.
            fail(.closedHere)
        } else {
            updateInterest()
        }
    }

    /// Closes at once and drops the queue; the owner receives no more calls, not even the end.
    package func close() {
        flags.remove(.endPending)
        release(sendingCloseNotify: true)
        owner = nil
    }

    /// Ends the link now; the owner is notified at the end of the turn.
    func fail(_ end: LinkEnd) {
        guard stage != .over else { return }
        release(sendingCloseNotify: false)
        report(end)
    }

    /// Notifies the owner of the reported end, unless it closed the link since then.
    func notifyOwner(_ end: LinkEnd) {
        guard flags.contains(.endPending) else { return }
        flags.remove(.endPending)
        let owner = self.owner
        self.owner = nil
        owner?.linkEnded(self, end)
    }

    /// Ends the stream after all output was sent, and waits for the peer's end.
    func flushed() {
        tls?.sendCloseNotify()
        linger(.closedHere)
    }

    /// Ends the stream to the peer, waits up to `lingerTime` for its end, and notifies the owner.
    func linger(_ end: LinkEnd) {
        tls = nil
        shutdown(descriptor, Int32(SHUT_WR))
        if flags.contains(.peerFinished) {
            release(sendingCloseNotify: false)
        } else {
            stage = .lingering
            updateInterest()
            loop.scheduleTask(in: Self.lingerTime) { [weak self] in
                self?.release(sendingCloseNotify: false)
            }
        }
        report(end)
    }

    /// Reads and drops bytes until the peer's end.
    func drain() {
        let buffer = loop.receiveBuffer
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(0))
        if count > 0 { return }
        let code = errno
        if count == 0 || (code != EAGAIN && code != EINTR) { release(sendingCloseNotify: false) }
    }

    func loopEnded() {
        flags.remove([.endPending, .watched])
        stage = .over
        dial = nil
        output = nil
        tls = nil
        closeDescriptor()
        owner = nil
    }

    /// Closes the descriptor when a dial tries another address.
    func dropDescriptor() {
        if flags.contains(.watched) {
            flags.remove(.watched)
            loop.poller.unwatch(descriptor)
        }
        closeDescriptor()
    }

    private func release(sendingCloseNotify: Bool) {
        guard stage != .over else { return }
        if sendingCloseNotify, stage == .open { tls?.sendCloseNotify() }
        stage = .over
        dial?.cancel()
        dial = nil
        output = nil
        tls = nil
        dropDescriptor()
    }

    private func report(_ end: LinkEnd) {
        flags.insert(.endPending)
        loop.scheduleEndNotification(of: self, end)
    }

    private func closeDescriptor() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}
