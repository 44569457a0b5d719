// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// One byte stream on the loop: TCP or Unix, plain or TLS, accepted or dialled.
///
/// **Who owns whom.** The loop keeps an open link alive, and the link keeps its owner alive; both
/// let go when the link ends or is closed. So an owner may hold its link without a leak, needs
/// nobody else to hold it, and must call `close` or `finish` to be rid of an open link.
///
/// **Calls.** Everything happens on the loop's thread. No call on a link calls its owner back: an
/// end that is found while writing is told at the end of the turn. Each turn reads at most
/// `EventLoop.receiveBytes` of one link, so that a flood on one does not starve the others.
///
/// **Cost.** An idle plain link holds one heap object of about 128 bytes and no buffer; `write`
/// costs its one system call.
package final class Link {
    /// What a link is doing.
    enum Stage: UInt8 { case dialling, handshaking, open, lingering, over }

    /// What is remembered beside the stage.
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// The owner wants nothing read.
        static let paused = Flags(rawValue: 1)
        /// The owner is to be told when there is room.
        static let wantsRoom = Flags(rawValue: 2)
        /// The peer sends no more.
        static let peerFinished = Flags(rawValue: 4)
        /// The owner wants to go on sending then.
        static let staysHalfOpen = Flags(rawValue: 8)
        /// Ends once everything queued is out.
        static let finishing = Flags(rawValue: 16)
        /// The kernel tells nothing, since it would only repeat a hang-up to a paused link.
        static let silenced = Flags(rawValue: 32)
        /// The end stands, and the owner is yet to be told.
        static let endPending = Flags(rawValue: 64)
        /// The poller knows the descriptor.
        static let watched = Flags(rawValue: 128)
    }

    /// Bytes that may wait in a link's queue unless its owner sets another `outputLimit`.
    package static let defaultOutputLimit = 1_048_576

    // What each write looks at stands first: with many links, nothing of one is in the processor's
    // cache any more when it is written to again. And internal, unlike what other modules see: the
    // compiler then proves that `write` needs no check of exclusive access.
    var descriptor: Int32
    var stage: Stage
    var flags: Flags = []
    var interest: Interest = []
    var output: OutputQueue?
    var tls: TLSSession?
    unowned(unsafe) let loop: EventLoop

    /// Who is told what happens; let go when the link ends.
    package var owner: (any LinkOwner)?
    var dial: DialAttempt?

    /// How many bytes `send` may leave waiting; one more ends the link with `.overflow`.
    package var outputLimit = Link.defaultOutputLimit

    /// Who is at the other end; `0.0.0.0:0` until a dialled link is connected.
    package internal(set) var peer: PeerAddress

    /// Takes a connected stream socket, such as one end of a socketpair, and closes it at the end.
    package convenience init(loop: EventLoop, adopting descriptor: Int32) throws(SystemError) {
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { throw .last("fcntl") }
        let peer = try SocketOptions.peer(of: descriptor)
        try self.init(loop: loop, connected: descriptor, peer: peer, tls: nil)
    }

    /// Takes a connected, non-blocking socket; with `tls`, its handshake comes first.
    ///
    /// On an error the descriptor is still the caller's.
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

    /// A link without a descriptor, which a dial gives it.
    init(dialling loop: EventLoop) {
        self.loop = loop
        peer = PeerAddress(ipv4: 0, port: 0)
        descriptor = -1
        stage = .dialling
    }

    /// The descriptor, for accounting; -1 when there is none.
    package var fileDescriptor: Int32 { descriptor }

    /// Whether bytes can be sent: connected, the handshake done, and neither ended nor finishing.
    package var isOpen: Bool { stage == .open && !flags.contains(.finishing) }

    /// How many bytes wait for the kernel, TLS records that are already made included.
    package var queuedBytes: Int { (output?.count ?? 0) + (tls?.pending ?? 0) }

    /// Whether the link stays open for sending when the peer finishes.
    ///
    /// The owner is then told by `linkPeerFinished`. Without it, what is queued is still flushed, and then the link ends.
    package var staysHalfOpen: Bool {
        get { flags.contains(.staysHalfOpen) }
        set { if newValue { flags.insert(.staysHalfOpen) } else { flags.remove(.staysHalfOpen) } }
    }

    /// Reads nothing until `resume`: what the peer sends waits in the kernel and slows it down.
    package func pause() {
        flags.insert(.paused)
        updateInterest()
    }

    /// Reads again.
    package func resume() {
        flags.remove(.paused)
        if flags.contains(.silenced) {
            flags.remove(.silenced)
            interest = wantedInterest
            do {
                try loop.poller.hear(descriptor, for: interest)
            } catch {
                fail(.failed(error))
            }
        }
        updateInterest()
    }

    /// How long sent bytes may stay unacknowledged before the link ends (`TCP_USER_TIMEOUT`).
    ///
    /// In whole milliseconds; without effect on a Unix socket. Holds for a link that is yet to connect too.
    package func setUserTimeout(_ timeout: Duration) {
        if let dial {
            dial.userTimeout = timeout
        } else if descriptor >= 0 {
            SocketOptions.setUserTimeout(timeout, of: descriptor)
        }
    }

    /// Whether bytes are to be read now.
    var isReading: Bool {
        stage == .open && flags.isDisjoint(with: [.paused, .peerFinished, .finishing])
    }

    /// Tells the poller what this state waits for, if that changed.
    func updateInterest() {
        guard flags.contains(.watched), !flags.contains(.silenced) else { return }
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

extension Link: Watching {
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
                brokeUnread(events)
            }
        }
    }
}
