// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// Enforces the limits on clients' connections, requests and streams, and builds the refusals.
final class Quotas {
    /// Refused connections per second that get an answer; further ones are closed without.
    static let refusalRate = 500

    let limits: ClientLimits
    /// How often each limit was reached.
    private(set) var counts = RefusalCounts()
    private var occupancy: Occupancy
    private var requestLimiter: RateLimiter
    private var refusalLimiter = RateLimiter(rate: refusalRate, burst: refusalRate, addressLimit: 2)
    private let proxies: TrustedProxies
    private let loop: EventLoop
    private let onLog: (Limit, PeerAddress) -> Void
    private var logThrottle = LogThrottle<Limit>()

    init(loop: EventLoop, configuration: DownstreamConfiguration, services: DownstreamServices) {
        self.loop = loop
        limits = configuration.limits
        proxies = configuration.proxies
        onLog = services.limitReached
        occupancy = Occupancy(limits)
        requestLimiter = RateLimiter(rate: limits.requestRate, burst: limits.requestBurst)
    }

    // MARK: - Accounts

    /// Returns the address that a connection counts for; `nil` for loopback and trusted proxies.
    private func account(of peer: PeerAddress) -> PeerAddress? {
        peer.isLoopback || proxies.isTrusted(peer) ? nil : peer.network
    }

    /// Returns the address that a request counts for; if a trusted proxy names no client, the
    /// request counts for the proxy, also on loopback.
    func account(of client: PeerAddress, through peer: PeerAddress) -> PeerAddress? {
        proxies.isTrusted(peer) ? client.network : account(of: peer)
    }

    // MARK: - Connections

    /// Counts a new connection; returns the refusal if it exceeds a limit.
    func admit(_ link: Link) -> Refusal? {
        guard let limit = occupancy.connected(from: account(of: link.peer)) else { return nil }
        return .reached(limit, retryAfter: Refusal.spreadRetry)
    }

    /// Returns true if a refused connection may get an answer: at most `refusalRate` a second, and
    /// none during a TLS handshake, when no answer can be sent.
    func mayAnswerRefused(_ link: Link) -> Bool {
        let shared = PeerAddress(pid: 0, uid: 0, gid: 0)
        return link.isOpen && refusalLimiter.acquire(for: shared, at: loop.now) == nil
    }

    /// Stops counting a connection that was admitted.
    func ended(_ link: Link) {
        occupancy.disconnected(from: account(of: link.peer))
    }

    // MARK: - Requests and streams

    /// Refuses a request if its client exceeds the request rate.
    func checkRequestRate(of client: PeerAddress, through peer: PeerAddress) throws(Refusal) {
        guard let account = account(of: client, through: peer),
            let wait = requestLimiter.acquire(for: account, at: loop.now)
        else { return }
        let seconds = Int((wait / .seconds(1)).rounded(.up))
        throw .reached(.requestRate, retryAfter: max(1, seconds))
    }

    /// Charges a request's additional cost to its client's rate.
    func charge(_ cost: Int, to client: PeerAddress, through peer: PeerAddress) {
        guard cost > 0, let account = account(of: client, through: peer) else { return }
        requestLimiter.charge(cost, to: account, at: loop.now)
    }

    /// Returns the client to which a request's held channels are charged: its user if the gateway
    /// has verified it, else its address; `nil` if they are not counted.
    func holder(
        _ client: PeerAddress, through peer: PeerAddress, user: String?
    ) -> HeldChannels.Client? {
        if let user { return .user(ByteKey(user)) }
        return account(of: client, through: peer).map { .address($0) }
    }

    /// Counts a new stream; returns the address it counts for, or throws if it exceeds a limit.
    func open(
        for client: PeerAddress, through peer: PeerAddress, user: String?
    ) throws(Refusal) -> PeerAddress? {
        let account = account(of: client, through: peer)
        guard let limit = occupancy.opened(for: account, user: user) else { return account }
        throw .reached(limit, retryAfter: Refusal.spreadRetry)
    }

    /// Counts a stream of another process; returns `false` if it exceeds a limit.
    func tookOver(_ account: PeerAddress?, user: String?) -> Bool {
        occupancy.opened(for: account, user: user) == nil
    }

    /// Stops counting a stream; its connection still counts until it ends.
    func closed(for account: PeerAddress?, user: String?) {
        occupancy.closed(for: account, user: user)
    }

    // MARK: - Tests of /diagnose

    /// Counts a test that waits; returns the address it counts for, or throws if it exceeds a
    /// limit.
    func beginDiagnosis(
        for client: PeerAddress, through peer: PeerAddress
    ) throws(Refusal) -> PeerAddress? {
        let account = account(of: client, through: peer)
        guard let limit = occupancy.beganDiagnosis(of: account) else { return account }
        throw .reached(limit, retryAfter: Refusal.spreadRetry)
    }

    /// Stops counting a test.
    func endedDiagnosis(of account: PeerAddress?) {
        occupancy.endedDiagnosis(of: account)
    }

    // MARK: - Reached limits

    /// Counts that a client reached a limit, and logs it at most once a minute.
    func reached(_ limit: Limit?, by client: PeerAddress) {
        guard let limit else { return }
        counts[limit] += 1
        guard limit.isLogged, logThrottle.passes(limit, now: loop.now) != nil else { return }
        onLog(limit, client)
    }
}

extension Refusal {
    /// 429 if the limit is the client's, 503 if it is the gateway's.
    fileprivate static func reached(_ limit: Limit, retryAfter seconds: Int) -> Refusal {
        let (status, word, message) =
            switch limit {
            case .connections:
                (503, "too-many-connections", "Too many connections")
            case .addressConnections:
                (429, "too-many-connections", "Too many connections from your address")
            case .streams: (503, "too-many-streams", "Too many event streams")
            case .addressStreams:
                (429, "too-many-streams", "Too many event streams to your address")
            case .userStreams:
                (429, "too-many-streams", "Too many event streams for this user")
            case .diagnoses: (503, "too-many-diagnoses", "Too many network tests")
            case .addressDiagnoses:
                (429, "too-many-diagnoses", "Too many network tests from your address")
            default: (429, "rate-limited", "Too many requests from your address")
            }
        return Refusal(
            status, word, message + "; retry later.", fields: ["Retry-After": String(seconds)],
            limit: limit)
    }
}
