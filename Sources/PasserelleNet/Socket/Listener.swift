// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// Accepts links at one address, TCP or Unix, plain or TLS.
///
/// The loop keeps it alive until `close`. The new link is handed to `onAccept`, which sets its
/// owner: a plain link is open at once; a TLS link tells `linkOpened` after its handshake, and how
/// long that may take is the owner's to decide. A link that gets no owner is closed.
package final class Listener {
    /// Connections that the kernel completes before they are accepted.
    package static let backlog: Int32 = 4_096
    /// Connections accepted in one turn, so that a flood of them does not starve the open links.
    package static let acceptsPerTurn = 256
    /// How long nothing is accepted once descriptors or memory ran out.
    package static let exhaustedPause = Duration.milliseconds(100)

    /// What TLS links accepted from now on use; `nil`: they are plain.
    package var tls: TLSServer?

    /// How often accepting failed for a reason that lasts: no descriptor or memory was left.
    package private(set) var exhaustions = 0
    /// Told each time.
    package var exhausted: () -> Void = {}
    /// What a plain client hears that is shut out then.
    package var farewell: [UInt8] = []

    private unowned(unsafe) let loop: EventLoop
    private let onAccept: (Link) -> Void
    private var descriptor: Int32
    private var reserve: Int32
    private let unixFile: UnixSocketFile?
    private var pauseTimer: TimerToken?

    /// Binds and listens.
    ///
    /// A name is looked up at once, and the first of its addresses that can be bound is taken. A Unix
    /// socket file left behind by a process that is gone is replaced, one
    /// that somebody answers on is not; `mode` is the file's mode, `group` its group where that is
    /// not the process's own, and `close` removes the file.
    package convenience init(
        loop: EventLoop, address: ListenAddress, mode: UInt16 = 0o660, group: UInt32? = nil,
        tls: TLSServer? = nil, onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {
        let (descriptor, file) = try ListeningSocket.open(address, mode: mode, group: group)
        do {
            try self.init(
                loop: loop, listening: descriptor, file: file, tls: tls, onAccept: onAccept)
        } catch {
            file?.remove()
            throw .system(address, error)
        }
    }

    /// Takes over a socket that listens already, such as one that systemd passed; its file, if it
    /// has one, is not removed on `close`.
    package convenience init(
        loop: EventLoop, adopting descriptor: Int32, tls: TLSServer? = nil,
        onAccept: @escaping (Link) -> Void
    ) throws(ListenError) {
        guard ListeningSocket.adopt(descriptor) else {
            throw .notListening(descriptor: descriptor)
        }
        do {
            try self.init(
                loop: loop, listening: descriptor, file: nil, tls: tls, onAccept: onAccept)
        } catch {
            throw .descriptor(descriptor, error)
        }
    }

    private init(
        loop: EventLoop, listening descriptor: Int32, file: UnixSocketFile?, tls: TLSServer?,
        onAccept: @escaping (Link) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.descriptor = descriptor
        self.tls = tls
        self.onAccept = onAccept
        unixFile = file
        reserve = Self.openReserve()
        do {
            try loop.poller.watch(descriptor, for: .readable, by: self)
        } catch {
            closeDescriptors()
            throw error
        }
    }

    /// The port that is bound; `nil` for a Unix socket and after `close`.
    package var boundPort: Int? {
        ListeningSocket.name(of: descriptor)?.port
    }

    /// Accepts nothing more, and removes the Unix socket's file if it is still ours.
    package func close() {
        guard descriptor >= 0 else { return }
        if let pauseTimer { loop.cancel(pauseTimer) }
        loop.poller.unwatch(descriptor)
        loopEnded()
    }

    private func accept(_ accepted: Int32, _ address: sockaddr_storage, _ count: socklen_t) {
        let peer = SocketOptions.peer(of: accepted, address: address, count: count)
        do {
            let session = try tls.map { try TLSSession(server: $0, descriptor: accepted) }
            let link = try Link(loop: loop, connected: accepted, peer: peer, tls: session)
            onAccept(link)
            if link.owner == nil { link.close() }
        } catch {
            _ = Glibc.close(accepted)
        }
    }

    /// No descriptor or memory is left.
    ///
    /// Those that wait are let in on the reserve, one after the other, and shut out at once, so that
    /// they learn of it; then nothing is accepted for a while, so that the loop does not spin on a
    /// socket that stays readable.
    private func ranOut() {
        exhaustions += 1
        exhausted()
        var rest = Self.acceptsPerTurn
        while rest > 0, reserve >= 0 {
            _ = Glibc.close(reserve)
            let refused = CLinux_accept(descriptor, nil, nil)
            if refused >= 0 { shutOut(refused) }
            reserve = Self.openReserve()
            rest = refused >= 0 ? rest - 1 : 0
        }
        loop.poller.change(descriptor, to: [])
        pauseTimer = loop.after(Self.exhaustedPause) { [weak self] in self?.acceptAgain() }
    }

    /// Takes what has come, over which the kernel would reset the connection, and says farewell.
    private func shutOut(_ client: Int32) {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        _ = recv(client, loop.receiveBuffer.baseAddress, loop.receiveBuffer.count, flags)
        if tls == nil {
            _ = farewell.withUnsafeBytes { send(client, $0.baseAddress, $0.count, flags) }
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

extension Listener: Watching {
    func ready(_ events: Interest) {
        for _ in 0..<Self.acceptsPerTurn where descriptor >= 0 {
            var address = sockaddr_storage()
            var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let accepted = withUnsafeMutableBytes(of: &address) { raw in
                raw.withMemoryRebound(to: sockaddr.self) {
                    CLinux_accept(descriptor, $0.baseAddress, &count)
                }
            }
            let code = errno
            if accepted >= 0 {
                accept(accepted, address, count)
                continue
            }
            switch code {
            case EAGAIN: return
            case ECONNABORTED, EINTR, EPERM, EPROTO, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH,
                ENONET, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT:
                continue  // That connection is gone already (accept(2)): on to the next.
            default: return ranOut()
            }
        }
    }

    func loopEnded() {
        closeDescriptors()
        unixFile?.remove()
    }
}
