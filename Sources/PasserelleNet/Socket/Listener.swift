// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Accepts links at one address, TCP or Unix, plain or TLS.
///
/// The loop keeps it alive until `close`. `onAccept` receives each new link and must set its owner;
/// a link without an owner is closed. A plain link is open at once. A TLS link calls `linkOpened`
/// after its handshake, which the owner must bound in time.
package final class Listener {
    /// Connections that the kernel completes before they are accepted.
    package static let backlog: Int32 = 4_096
    /// Connections accepted in one turn, so that a flood of them does not starve the open links.
    package static let acceptsPerTurn = 256
    /// The pause of accepting after descriptors or memory ran out.
    package static let exhaustedPause = Duration.milliseconds(100)

    /// The name that systemd would give the socket.
    package var name = ""

    /// The TLS configuration of links accepted from now on; `nil` for plain links.
    package var tls: TLSServer?

    /// The number of times that no descriptor or memory was left for accepting.
    package private(set) var exhaustions = 0
    /// Called each time.
    package var onExhausted: () -> Void = {}
    /// The answer to a plain client that is refused then, given the bytes it has sent so far.
    package var refusal: (Span<UInt8>) -> [UInt8] = { _ in [] }

    private unowned(unsafe) let loop: EventLoop
    private let onAccept: (Link) -> Void
    private var descriptor: Int32
    private var reserve: Int32
    /// The file that `close` removes, if this listener bound one.
    package let file: String?
    private var unixFile: UnixSocketFile?
    private var pauseTimer: TimerToken?

    /// Binds and listens.
    ///
    /// A name is looked up at once, and its first address that can be bound is used. A Unix socket
    /// file left by a process that has ended is replaced, but not if a process uses it. `mode` is
    /// the file's mode; `group` is its group, if not the process's own. `close` removes the file.
    package convenience init(
        loop: EventLoop, address: ListenAddress, mode: UInt16 = 0o660, group: UInt32? = nil,
        tls: TLSServer? = nil, onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {
        let (descriptor, file) = try ListeningSocket.open(address, mode: mode, group: group)
        do {
            try self.init(
                loop: loop, listening: descriptor, path: address.path, file: file, tls: tls,
                onAccept: onAccept)
        } catch {
            file?.remove()
            throw .system(address, error)
        }
    }

    /// Takes over a listening socket, such as one from systemd.
    ///
    /// `close` removes a file only if it is the `file` of a process that handed the socket over.
    package convenience init(
        loop: EventLoop, adopting descriptor: Int32, file: String? = nil, tls: TLSServer? = nil,
        onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {
        guard ListeningSocket.adopt(descriptor) else {
            throw .notListening(descriptor: descriptor)
        }
        do {
            try self.init(
                loop: loop, listening: descriptor, path: file,
                file: file.flatMap { UnixSocketFile(path: $0) }, tls: tls, onAccept: onAccept)
        } catch {
            throw .descriptor(descriptor, error)
        }
    }

    private init(
        loop: EventLoop, listening descriptor: Int32, path: String?, file: UnixSocketFile?,
        tls: TLSServer?, onAccept: @escaping (Link) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.descriptor = descriptor
        self.tls = tls
        self.onAccept = onAccept
        self.file = path
        unixFile = file
        reserve = Self.openReserve()
        do {
            try loop.poller.watch(descriptor, for: .readable, by: self)
        } catch {
            closeDescriptors()
            throw error
        }
    }

    /// The bound port; `nil` for a Unix socket and after `close`.
    package var boundPort: Int? {
        ListeningSocket.name(of: descriptor)?.port
    }

    /// The descriptor, for a hand-over; -1 after `close`.
    package var fileDescriptor: Int32 { descriptor }

    /// Stops accepting; another process continues with the socket and its file.
    package func handedOver() {
        unixFile = nil
        close()
    }

    /// Stops accepting, and removes the Unix socket's file if it is still this listener's.
    package func close() {
        guard descriptor >= 0 else { return }
        if let pauseTimer { loop.cancel(pauseTimer) }
        loop.poller.unwatch(descriptor)
        loopEnded()
    }

    private func accept(_ accepted: Int32, _ address: SocketAddress) {
        let peer = SocketOptions.peer(of: accepted, address)
        do {
            let session = try tls.map { try TLSSession(server: $0, descriptor: accepted) }
            let link = try Link(loop: loop, connected: accepted, peer: peer, tls: session)
            onAccept(link)
            if link.owner == nil { link.close() }
        } catch {
            _ = Glibc.close(accepted)
        }
    }

    /// Handles the lack of descriptors or memory.
    ///
    /// Waiting clients are accepted on the reserve descriptor, one after the other, and refused at
    /// once, so that they are informed. Then accepting pauses, since the loop would spin on a
    /// socket that stays readable.
    private func descriptorsExhausted() {
        exhaustions += 1
        onExhausted()
        var rest = Self.acceptsPerTurn
        while rest > 0, reserve >= 0 {
            _ = Glibc.close(reserve)
            let refused = CLinux_accept(descriptor, nil, nil)
            if refused >= 0 { refuseClient(refused) }
            reserve = Self.openReserve()
            rest = refused >= 0 ? rest - 1 : 0
        }
        loop.poller.change(descriptor, to: [])
        pauseTimer = loop.scheduleTask(in: Self.exhaustedPause) { [weak self] in self?.acceptAgain()
        }
    }

    /// Refuses and closes a connection; reads first, since unread bytes would cause a reset.
    private func refuseClient(_ client: Int32) {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let count = recv(client, loop.receiveBuffer.baseAddress, loop.receiveBuffer.count, flags)
        if tls == nil {
            let received = UnsafeMutableRawBufferPointer(
                rebasing: loop.receiveBuffer[..<max(0, count)])
            defer { received.initializeMemory(as: UInt8.self, repeating: 0) }
            let answer = UnsafeRawBufferPointer(received).withMemoryRebound(to: UInt8.self) {
                refusal($0.span)
            }
            _ = answer.withUnsafeBytes { send(client, $0.baseAddress, $0.count, flags) }
        }
        _ = Glibc.close(client)
    }

    private func acceptAgain() {
        pauseTimer = nil
        guard descriptor >= 0 else { return }
        if reserve < 0 { reserve = Self.openReserve() }
        loop.poller.change(descriptor, to: .readable)
    }

    private func closeDescriptors() {
        _ = Glibc.close(descriptor)
        if reserve >= 0 { _ = Glibc.close(reserve) }
        descriptor = -1
        reserve = -1
    }

    private static func openReserve() -> Int32 { open("/dev/null", O_RDONLY | O_CLOEXEC) }
}

extension Listener: ReadinessHandler {
    func ready(_ events: Interest) {
        for _ in 0..<Self.acceptsPerTurn where descriptor >= 0 {
            let (accepted, address) = SocketAddress.filled { CLinux_accept(descriptor, $0, $1) }
            let code = errno
            if accepted >= 0 {
                accept(accepted, address)
                continue
            }
            switch code {
            case EAGAIN: return
            case ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                ENONET, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT:
                continue  // That connection has already failed (accept(2)): continue with the next.
            default: return descriptorsExhausted()
            }
        }
    }

    func loopEnded() {
        closeDescriptors()
        unixFile?.remove()
    }
}
