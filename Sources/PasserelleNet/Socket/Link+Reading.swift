// SPDX-License-Identifier: MIT
import CLinux
import Glibc

extension Link {
    /// Reads once into the loop's buffer and tells the owner.
    func receive() {
        if let tls { return receive(from: tls) }
        let buffer = loop.receiveBuffer
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(0))
        if count > 0 { return tell(received: count) }
        if count == 0 { return peerFinished() }
        let error = SystemError.last("recv")
        if error.code != EAGAIN && error.code != EINTR { fail(.failed(error)) }
    }

    /// Tells the owner of the first `count` bytes of the loop's buffer, and overwrites them: they
    /// may be what somebody deletes later.
    func tell(received count: Int) {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: loop.receiveBuffer[..<count])
        defer { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
        UnsafeRawBufferPointer(bytes).withMemoryRebound(to: UInt8.self) { bytes in
            owner?.link(self, received: bytes.span)
        }
    }

    /// The peer sends no more.
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

    /// The kernel tells of an end while nothing is being read.
    func brokeUnread(_ events: Interest) {
        if events.contains(.failed) {
            let code = SocketOptions.takeError(of: descriptor)
            if code != 0 { return fail(.failed(SystemError(call: "send", code: code))) }
        }
        guard flags.contains(.paused),
            flags.isDisjoint(with: [.peerFinished, .finishing, .wantsRoom]),
            output == nil
        else { return fail(.closedByPeer) }
        // Unread bytes may wait: they are the owner's, once it resumes.
        flags.insert(.silenced)
        loop.poller.silence(descriptor)
    }
}
