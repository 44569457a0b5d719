// SPDX-License-Identifier: MIT

import CLinux
import Glibc

/// The steps that open a link: resolve, connect to each address in turn, TLS handshake.
///
/// Belongs to its link, which the attempt's timer and the lookup keep alive.
final class DialAttempt {
    /// The delay before another attempt at a Unix listener that has a full queue.
    private static let retryDelay = Duration.milliseconds(10)

    private unowned let link: Link
    private unowned(unsafe) let loop: EventLoop
    private let tls: TLSClient?
    private let deadline: Duration
    private var wholeTimer: TimerToken?
    private var addressTimer: TimerToken?
    private var lookup: UInt64?
    private var addresses: [SocketAddress] = []
    private var nextAddress = 0
    private var failure = LinkEnd.timedOut

    /// The name that the peer's certificate must match.
    var host = ""

    init(link: Link, tls: TLSClient?, timeout: Duration) {
        self.link = link
        self.tls = tls
        loop = link.loop
        deadline = loop.timerBase + timeout
        wholeTimer = loop.scheduleTask(in: timeout) { [link] in link.fail(.timedOut) }
    }

    /// Begins with an address or a name.
    func start(_ address: ListenAddress) {
        switch address {
        case .unix(let path):
            if tls != nil {
                return link.fail(.tls("a Unix socket has no host name for TLS to verify"))
            }
            guard let address = SocketAddress(unixPath: path) else {
                return link.fail(.failed(SystemError(call: "connect", code: ENAMETOOLONG)))
            }
            resolved(.success([address]))
        case .tcp(let host, let port):
            self.host = host
            if let tls, !tls.verifies, !ListenAddress.isLoopbackHost(host) {
                return link.fail(.tls(TLSClient.refusal(host: host)))
            }
            if let number = UInt16(exactly: port),
                let address = SocketAddress(numericHost: host, port: number)
            {
                resolved(.success([address]))
            } else {
                lookup = loop.lookups.start(host: host, port: port, for: link, on: loop)
            }
        }
    }

    /// Continues with the addresses of the name, or ends the link if it has none.
    func resolved(_ answer: Resolver.Answer) {
        lookup = nil
        switch answer {
        case .success(let addresses):
            self.addresses = addresses
            connectNext()
        case .failure(let failure):
            link.fail(.resolve(failure.words))
        }
    }

    /// Handles the outcome of the attempt at the current address.
    func decided() {
        let code = SocketOptions.takeError(of: link.descriptor)
        guard code == 0 else {
            failed(.failed(SystemError(call: "connect", code: code)))
            return connectNext()
        }
        cancelAddressTimer()
        do {
            let peer = try SocketOptions.peer(of: link.descriptor)
            try connected(to: peer)
        } catch let error as SystemError {
            failed(.failed(error))
            connectNext()
        } catch {
            link.fail(.tls("\(error)"))
        }
    }

    /// Cancels the timers and the lookup, when the link has opened or ended.
    func cancel() {
        cancelAddressTimer()
        if let wholeTimer { loop.cancel(wholeTimer) }
        wholeTimer = nil
        if let lookup { loop.lookups.cancel(lookup) }
        lookup = nil
    }

    private func connected(to peer: PeerAddress) throws {
        link.peer = peer
        guard let tls else { return link.opened() }
        guard tls.verifies || peer.isLoopback else {
            return link.fail(.tls(TLSClient.refusal(host: host)))
        }
        let session = try TLSSession(client: tls, host: host, descriptor: link.descriptor)
        link.beginHandshake(session)
    }

    private func connectNext() {
        while nextAddress < addresses.count {
            let address = addresses[nextAddress]
            nextAddress += 1
            if begin(address) { return }
        }
        link.fail(failure)
    }

    /// Starts one attempt; returns `true` if its outcome is pending.
    private func begin(_ address: SocketAddress) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else {
            failure = .failed(.last("socket"))
            return false
        }
        if address.family != AF_UNIX { SocketOptions.prepareTCP(descriptor) }
        let result = address.withSockaddr { Glibc.connect(descriptor, $0, $1) }
        let error = SystemError.last("connect")
        link.descriptor = descriptor
        if result != 0, error.code == EAGAIN, address.family == AF_UNIX {
            link.dropDescriptor()
            nextAddress -= 1
            addressTimer = loop.scheduleTask(in: Self.retryDelay) { [link] in
                link.dial?.connectNext()
            }
            return true
        }
        guard result == 0 || error.code == EINPROGRESS else {
            failed(.failed(error))
            return false
        }
        do {
            link.interest = .writable
            try loop.poller.watch(descriptor, for: .writable, by: link)
            link.flags.insert(.watched)
        } catch {
            failed(.failed(error))
            return false
        }
        let left = max(deadline - loop.timerBase, .zero) / (addresses.count - nextAddress + 1)
        addressTimer = loop.scheduleTask(in: left) { [link] in link.dial?.addressTimedOut() }
        return true
    }

    private func addressTimedOut() {
        addressTimer = nil
        failed(.timedOut)
        connectNext()
    }

    private func failed(_ end: LinkEnd) {
        failure = end
        cancelAddressTimer()
        link.dropDescriptor()
    }

    private func cancelAddressTimer() {
        if let addressTimer { loop.cancel(addressTimer) }
        addressTimer = nil
    }
}
