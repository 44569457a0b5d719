// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// One byte stream on the loop: TCP or Unix, plain or TLS, accepted or dialled.
///
/// **Ownership.** The loop keeps an open link alive, and the link keeps its owner alive; both
/// references are released when the link ends or is closed. So an owner may hold its link without a
/// leak and needs no other reference to itself. To end an open link, it must call `close` or
/// `finish`.
///
/// **Calls.** All calls happen on the loop's thread. No call on a link calls its owner back: an end
/// found while writing is reported at the end of the turn. A turn reads at most
/// `EventLoop.receiveBufferSize` from one link, so that a flood on one does not starve the others.
///
/// **Cost.** An idle plain link holds one heap object of about 128 bytes and no buffer. `write`
/// costs one system call.
package final class Link {
    /// The stages of a link's life.
    enum Stage: UInt8 { case dialling, handshaking, open, lingering, over }

    /// State besides the stage.
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The owner paused reading.
        static let paused = Flags(rawValue: 1)
        /// The owner must be notified when there is room.
        static let wantsRoom = Flags(rawValue: 2)
        /// The peer has finished sending.
        static let peerFinished = Flags(rawValue: 4)
        /// The owner may send after the peer has finished.
        static let staysHalfOpen = Flags(rawValue: 8)
        /// The link ends when the queue is flushed.
        static let finishing = Flags(rawValue: 16)
        /// The poller reports no events, since it would only repeat a hang-up to a paused link.
        static let suspended = Flags(rawValue: 32)
        /// The link has ended, but the owner was not notified yet.
        static let endPending = Flags(rawValue: 64)
        /// The descriptor is registered in the poller.
        static let watched = Flags(rawValue: 128)
    }

    /// The limit of a link's queue in bytes, unless its owner sets another `outputLimit`.
    package static let defaultOutputLimit = 1_048_576

    // The fields that each write uses are first: with many links, they have left the processor's
    // cache before the next write. They are internal, not `package`, so that the compiler can prove
    // that `write` needs no check of exclusive access.
    var descriptor: Int32
    var stage: Stage
    var flags: Flags = []
    var interest: Interest = []
    var output: OutputQueue?
    var tls: TLSSession?
    unowned(unsafe) let loop: EventLoop

    /// The owner; released when the link ends.
    package var owner: (any LinkOwner)?
    var dial: DialAttempt?

    /// Bytes that `send` may leave waiting; if one more waits, the link ends with `.overflow`.
    package var outputLimit = Link.defaultOutputLimit

    /// The limit of one read in bytes; TLS still reads whole records.
    package var receiveLimit = Int32(EventLoop.receiveBufferSize)

    /// The address of the peer; `0.0.0.0:0` until a dialled link is connected.
    package internal(set) var peer: PeerAddress

    /// Takes over a connected stream socket, such as one end of a socketpair; closes it at the end.
    package convenience init(loop: EventLoop, adopting descriptor: Int32) throws(SystemError) {
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { throw .last("fcntl") }
        let peer = try SocketOptions.peer(of: descriptor)
        try self.init(loop: loop, connected: descriptor, peer: peer, tls: nil)
    }

    /// Takes over a connected, non-blocking socket; with `tls`, the handshake comes first.
    ///
    /// If it throws, the caller still owns the descriptor.
    init(
        loop: EventLoop, connected descriptor: Int32, peer: PeerAddress, tls: TLSSession?
    ) throws(SystemError) {
        self.loop = loop
        self.peer = peer
        self.tls = tls
        self.descriptor = descriptor
        stage = tls == nil ? .open : .handshaking
        interest = [.readable, .peerFinished]
        try loop.poller.watch(descriptor, for: interest, by: self)
        flags.insert(.watched)
    }

    /// Creates a link without a descriptor, for a dial.
    init(dialling loop: EventLoop) {
        self.loop = loop
        peer = PeerAddress(ipv4: 0, port: 0)
        descriptor = -1
        stage = .dialling
    }

    /// The descriptor, for accounting; -1 if there is none.
    package var fileDescriptor: Int32 { descriptor }

    /// True if bytes can be sent: connected, handshake done, and neither ended nor finishing.
    package var isOpen: Bool { stage == .open && !flags.contains(.finishing) }

    /// Bytes that wait for the kernel, including finished TLS records.
    package var queuedBytes: Int { (output?.count ?? 0) + (tls?.pending ?? 0) }

    /// True if the link stays open for sending when the peer finishes.
    ///
    /// The owner then receives `linkPeerFinished`. If false, the queue is flushed and the link
    /// ends.
    package var staysHalfOpen: Bool {
        get { flags.contains(.staysHalfOpen) }
        set { if newValue { flags.insert(.staysHalfOpen) } else { flags.remove(.staysHalfOpen) } }
    }

    /// Stops reading until `resume`: the peer's bytes wait in the kernel and slow it down.
    package func pause() {
        flags.insert(.paused)
        updateInterest()
    }

    /// Resumes reading.
    package func resume() {
        flags.remove(.paused)
        if flags.contains(.suspended) {
            flags.remove(.suspended)
            interest = wantedInterest
            do {
                try loop.poller.resume(descriptor, for: interest)
            } catch {
                fail(.failed(error))
            }
        }
        updateInterest()
    }

    /// True if the link reads now.
    var isReading: Bool {
        stage == .open && flags.isDisjoint(with: [.paused, .peerFinished, .finishing])
    }

    /// Updates the poller if this state waits for other events than before.
    func updateInterest() {
        guard flags.contains(.watched), !flags.contains(.suspended) else { return }
        let wanted = wantedInterest
        guard wanted.rawValue != interest.rawValue else { return }
        interest = wanted
        loop.poller.change(descriptor, to: wanted)
    }

    private var wantedInterest: Interest {
        var wanted: Interest = []
        switch stage {
        case .dialling: wanted = .writable
        case .handshaking, .lingering: wanted = [.readable, .peerFinished]
        case .open:
            if isReading { wanted = [.readable, .peerFinished] }
            if output != nil || flags.contains(.wantsRoom) { wanted.insert(.writable) }
        case .over: break
        }
        if let tls, tls.pending > 0 { wanted.insert(.writable) }
        return wanted
    }
}

extension Link: ReadinessHandler {
    func ready(_ events: Interest) {
        switch stage {
        case .dialling: dial?.decided()
        case .handshaking: advanceHandshake()
        case .lingering: drain()
        case .over: break
        case .open:
            if events.contains(.writable) { flush() }
            guard stage == .open else { return }
            if isReading {
                if !events.isDisjoint(with: [.readable, .peerFinished, .hungUp, .failed]) {
                    receive()
                }
            } else if !events.isDisjoint(with: [.hungUp, .failed]) {
                hungUpWhileNotReading(events)
            }
        }
    }
}

/// The delegate of a link; called on the loop, and never from within a call on the link.
package protocol LinkOwner: AnyObject {
    /// An outbound link is connected and its TLS handshake is done, or an accepted TLS link's
    /// handshake is done. Not called for an accepted plain link, which is open from the start.
    func linkOpened(_ link: Link)

    /// Bytes were received. The span is the loop's shared buffer and valid during this call only.
    func link(_ link: Link, received bytes: Span<UInt8>)

    /// There is room again: after a `write` that fell short, or when the queue of `send` is empty.
    func linkBecameWritable(_ link: Link)

    /// The peer has finished sending, but may still read. Called only if `staysHalfOpen` is set.
    func linkPeerFinished(_ link: Link)

    /// The link has ended. Called once, as the last call, but not after the owner's own `close`.
    func linkEnded(_ link: Link, _ end: LinkEnd)
}

extension LinkOwner {
    package func linkOpened(_ link: Link) {}
    package func linkBecameWritable(_ link: Link) {}
    package func linkPeerFinished(_ link: Link) {}
}
