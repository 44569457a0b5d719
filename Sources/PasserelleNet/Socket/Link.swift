// SPDX-License-Identifier: MIT
package final class Link {
    package static let defaultOutputLimit = 1_048_576
    package var owner: (any LinkOwner)?
    package let peer: PeerAddress
    package var outputLimit = Link.defaultOutputLimit
    package var staysHalfOpen = false
    package var isOpen: Bool { false }
    package var queuedBytes: Int { 0 }
    package var fileDescriptor: Int32 { -1 }
    /// Takes a connected stream socket, such as one end of a socketpair.
    package init(loop: EventLoop, adopting descriptor: Int32) throws(SystemError) {
        peer = PeerAddress(pid: 0, uid: 0, gid: 0)
    }
    package func send(_ bytes: [UInt8]) {}
    package func write(_ bytes: UnsafeRawBufferPointer) -> Int { 0 }
    package func pause() {}
    package func resume() {}
    package func finish() {}
    package func close() {}
    package func setUserTimeout(_ timeout: Duration) {}
}
