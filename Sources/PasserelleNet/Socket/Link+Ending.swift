// SPDX-License-Identifier: MIT
import CLinux
import Glibc

extension Link {
    /// How long a finished link waits for the peer's own end before its descriptor is closed.
    package static let lingerTime = Duration.seconds(2)

    /// Flushes what is queued, then closes; the owner is told `.closedHere` once all is flushed.
    ///
    /// Nothing is read for the owner any more. The descriptor itself stays for up to `lingerTime`
    /// until the peer closes too: closing it over unread bytes would make the kernel reset the
    /// connection, and the peer could lose the last answer. A peer that reads nothing keeps the link
    /// as long as its queue is not empty: how long that may be is the owner's to decide.
    package func finish() {
        guard stage != .over, stage != .lingering, !flags.contains(.finishing) else { return }
        flags.insert(.finishing)
        flags.remove(.wantsRoom)
        if flags.contains(.silenced) { resume() }
        if stage == .open, queuedBytes == 0 {
            flushed()
        } else if stage == .handshaking, tls?.isServer == true, output == nil {
            // Nobody may hold a link that has nothing to say by never shaking hands.
            fail(.closedHere)
        } else {
            updateInterest()
        }
    }

    /// Closes at once and drops what is queued; the owner hears nothing more, not even the end.
    package func close() {
        flags.remove(.endPending)
        release(sayingGoodbye: true)
        owner = nil
    }

    /// Ends the link now and has the owner told at the end of the turn.
    func fail(_ end: LinkEnd) {
        guard stage != .over else { return }
        release(sayingGoodbye: false)
        report(end)
    }

    /// Tells the owner the end that was reported, unless it closed the link since then.
    func tell(_ end: LinkEnd) {
        guard flags.contains(.endPending) else { return }
        flags.remove(.endPending)
        let owner = self.owner
        self.owner = nil
        owner?.linkEnded(self, end)
    }

    /// Everything is out: the peer is told the end, and its own end is awaited.
    func flushed() {
        tls?.sayGoodbye()
        linger(.closedHere)
    }

    /// Ends the stream towards the peer, waits a while for its own end, and has the owner told.
    func linger(_ end: LinkEnd) {
        tls = nil
        shutdown(descriptor, Int32(SHUT_WR))
        if flags.contains(.peerFinished) {
            release(sayingGoodbye: false)
        } else {
            stage = .lingering
            updateInterest()
            loop.after(Self.lingerTime) { [weak self] in self?.release(sayingGoodbye: false) }
        }
        report(end)
    }

    /// Reads on and drops what comes, until the peer's end.
    func drain() {
        let buffer = loop.receiveBuffer
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(0))
        if count > 0 { return }
        let code = errno
        if count == 0 || (code != EAGAIN && code != EINTR) { release(sayingGoodbye: false) }
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

    /// Lets go of the descriptor while a dial tries another address.
    func dropDescriptor() {
        if flags.contains(.watched) {
            flags.remove(.watched)
            loop.poller.unwatch(descriptor)
        }
        closeDescriptor()
    }

    private func release(sayingGoodbye: Bool) {
        guard stage != .over else { return }
        if sayingGoodbye, stage == .open { tls?.sayGoodbye() }
        stage = .over
        dial?.cancel()
        dial = nil
        output = nil
        tls = nil
        dropDescriptor()
    }

    private func report(_ end: LinkEnd) {
        flags.insert(.endPending)
        loop.ended(self, end)
    }

    private func closeDescriptor() {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
        descriptor = -1
    }
}
