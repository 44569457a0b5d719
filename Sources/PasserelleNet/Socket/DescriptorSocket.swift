// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// One end of a pair of Unix sockets that carries bytes and descriptors (unix(7)).
///
/// It is the caller's turn to close received descriptors.
package final class DescriptorSocket {
    /// Bytes that are received in one call.
    package static let receiveBytes = 262_144
    /// Bytes that the kernel may hold for the other end.
    package static let sendBytes: Int32 = 4 * 1_048_576

    /// Why nothing can be sent or received.
    package enum Failure: Error, Equatable {
        /// The other end is closed.
        case ended
        /// The other end did not read, or write, in time.
        case timedOut
        case system(SystemError)
    }

    package private(set) var descriptor: Int32
    private var loop: EventLoop?
    private var onReadable: (() -> Void)?

    /// Takes over a stream socket.
    package init(adopting descriptor: Int32) throws(SystemError) {
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("fcntl") }
        self.descriptor = descriptor
        SocketOptions.set(SOL_SOCKET, SO_SNDBUF, Self.sendBytes, of: descriptor)
    }

    /// Creates a pair; the descriptor of the other end is closed on exec.
    package static func pair() throws(SystemError) -> (here: DescriptorSocket, there: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .last("socketpair") }
        return (try DescriptorSocket(adopting: ends[0]), ends[1])
    }

    deinit { close() }

    /// Calls `body` in each turn in which there is something to receive, until `close`.
    package func watch(
        on loop: EventLoop, _ body: @escaping () -> Void
    ) throws(SystemError) {
        onReadable = body
        try loop.poller.watch(descriptor, for: [.readable, .peerFinished], by: Watcher(self))
        self.loop = loop
    }

    /// Closes a descriptor that belongs to no object.
    package static func closeDescriptor(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

    /// Closes this end.
    package func close() {
        guard descriptor >= 0 else { return }
        loop?.poller.unwatch(descriptor)
        loop = nil
        onReadable = nil
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Sends all bytes, with the descriptors at the first of them; waits until the deadline.
    package func send(
        _ bytes: [UInt8], with descriptors: [Int32] = [], until deadline: ContinuousClock.Instant
    ) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let passed = done == 0 ? descriptors : []
            let count = bytes.withUnsafeBytes { all in
                CLinux_send_descriptors(
                    descriptor, all.baseAddress?.advanced(by: done), all.count - done, passed,
                    Int32(passed.count))
            }
            let error = SystemError.last("sendmsg")
            if count > 0 {
                done += count
            } else if error.code == EAGAIN {
                try wait(for: POLLOUT, until: deadline)
            } else if error.code != EINTR {
                throw [EPIPE, ECONNRESET].contains(error.code) ? .ended : .system(error)
            }
        }
    }

    /// Appends what can be received now; returns `false` if nothing can.
    package func receive(
        _ bytes: inout [UInt8], _ descriptors: inout [Int32]
    ) throws(Failure) -> Bool {
        var buffer = [UInt8](repeating: 0, count: Self.receiveBytes)
        var received = [Int32](repeating: -1, count: 16)
        var number: Int32 = 0
        let count = CLinux_receive_descriptors(
            descriptor, &buffer, buffer.count, &received, &number)
        let error = SystemError.last("recvmsg")
        descriptors += received.prefix(Int(number))
        if count > 0 {
            bytes += buffer[..<count]
            return true
        }
        guard count < 0, error.code != ECONNRESET else { throw .ended }
        guard error.code == EAGAIN || error.code == EINTR else { throw .system(error) }
        return false
    }

    /// Waits until there is something to receive.
    package func waitToReceive(until deadline: ContinuousClock.Instant) throws(Failure) {
        try wait(for: POLLIN, until: deadline)
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) throws(Failure) {
        while true {
            let rest = deadline - .now
            guard rest > .zero else { throw .timedOut }
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            if poll(&entry, 1, Int32(min(rest, .seconds(60)) / .milliseconds(1)) + 1) > 0 { return }
        }
    }

    fileprivate func readable() { onReadable?() }

    /// Watches the socket for the loop, which must not keep the socket alive.
    private final class Watcher: ReadinessHandler {
        private weak var socket: DescriptorSocket?

        init(_ socket: DescriptorSocket) { self.socket = socket }

        func ready(_ events: Interest) { socket?.readable() }

        func loopEnded() {}
    }
}
