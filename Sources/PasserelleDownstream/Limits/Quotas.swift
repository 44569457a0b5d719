// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// Holds clients to their limits: who may connect, ask and stream, and what they are told who may
/// not.
final class Quotas {
    /// How often the log is told of one limit at most.
    static let noteInterval: Duration = .seconds(60)
    /// How many turned-away connections a second are told why, at most; the others are cut.
    static let farewellRate = 500

    let limits: ClientLimits
    /// How often each limit was reached.
    private(set) var counts = RefusalCounts()
    private var occupancy: Occupancy
    private var pace: RequestPace
    private var farewells = RequestPace(rate: farewellRate, burst: farewellRate, addressLimit: 2)
    private let proxies: TrustedProxies
    private let loop: EventLoop
    private let noted: (Limit, PeerAddress) -> Void
    private let refused: (Refusal, PeerAddress) -> Void
    private var notedAt: [Limit: Duration] = [:]
    private let leaving = Leaving()

    init(loop: EventLoop, configuration: DownstreamConfiguration, services: DownstreamServices) {
        self.loop = loop
        limits = configuration.limits
        proxies = configuration.proxies
        noted = services.limitReached
        refused = { services.refused($0.status, $0.word, $1) }
        occupancy = Occupancy(limits)
        pace = RequestPace(rate: limits.requestRate, burst: limits.requestBurst)
    }

    // MARK: - Whose it is

    /// The address that a connection counts for; `nil` for this host's own, and for those of
    /// trusted proxies.
    private func account(of peer: PeerAddress) -> PeerAddress? {
        peer.isLoopback || proxies.isTrusted(peer) ? nil : peer.network
    }

    /// The address that a request counts for: whoever comes through a trusted proxy that names
    /// nobody counts for the proxy, wherever that is.
    private func account(of client: PeerAddress, through peer: PeerAddress) -> PeerAddress? {
        proxies.isTrusted(peer) ? client.network : account(of: peer)
    }

    // MARK: - Connections

    /// Counts a new connection; turns it away and gives `false` where it is one too many.
    func admits(_ link: Link) -> Bool {
        guard let limit = occupancy.connected(from: account(of: link.peer)) else { return true }
        turnAway(link, saying: .reached(limit, retryAfter: Self.spread()))
        return false
    }

    /// One that was admitted has ended.
    func ended(_ link: Link) {
        occupancy.disconnected(from: account(of: link.peer))
    }

    private func turnAway(_ link: Link, saying refusal: Refusal) {
        reached(refusal.limit, by: link.peer)
        refused(refusal, link.peer)
        let everybody = PeerAddress(pid: 0, uid: 0, gid: 0)
        // During its handshake there is nothing to say it in.
        guard link.isOpen, farewells.asked(by: everybody, at: loop.now) == nil else {
            return link.close()
        }
        link.owner = leaving
        link.send(
            HTTPWriter.response(
                refusal.response, version: .http11, keepAlive: false, isHEAD: false))
        link.finish()
    }

    // MARK: - Requests and streams

    /// Refuses a request of who asks too often.
    func checkPace(of client: PeerAddress, through peer: PeerAddress) throws(Refusal) {
        guard let account = account(of: client, through: peer),
            let wait = pace.asked(by: account, at: loop.now)
        else { return }
        let seconds = Int((wait / .seconds(1)).rounded(.up))
        throw .reached(.requestRate, retryAfter: max(1, seconds))
    }

    /// Counts a stream that is to begin; refuses one too many, else gives what it counts for.
    func open(
        for client: PeerAddress, through peer: PeerAddress, user: String?
    ) throws(Refusal) -> PeerAddress? {
        let account = account(of: client, through: peer)
        guard let limit = occupancy.opened(for: account, user: user) else { return account }
        throw .reached(limit, retryAfter: Self.spread())
    }

    /// One that was counted, with its connection, has ended.
    func closed(_ link: Link, for account: PeerAddress?, user: String?) {
        occupancy.closed(for: account, user: user)
        ended(link)
    }

    // MARK: - What was reached

    /// Counts that a limit stood against somebody, and tells the log at times.
    func reached(_ limit: Limit?, by client: PeerAddress) {
        guard let limit else { return }
        counts[limit] += 1
        guard limit.isToldOf else { return }
        if let last = notedAt[limit], loop.now - last < Self.noteInterval { return }
        notedAt[limit] = loop.now
        noted(limit, client)
    }

    /// In how many seconds to come back: spread, so that all who were refused together do not come
    /// back together.
    private static func spread() -> Int { 5 + Int(Random.uint32() % 10) }
}

/// The owner of a link on which nothing more is said.
private final class Leaving: LinkOwner {
    func link(_ link: Link, received bytes: Span<UInt8>) {}

    func linkEnded(_ link: Link, _ end: LinkEnd) {}
}

extension Refusal {
    /// 429 where it is about the client, 503 where about all of them.
    fileprivate static func reached(_ limit: Limit, retryAfter seconds: Int) -> Refusal {
        let (status, word, message) =
            switch limit {
            case .connections:
                (503, "too-many-connections", "There are as many connections as there may be")
            case .addressConnections:
                (429, "too-many-connections", "Your address has as many connections as it may have")
            case .streams: (503, "too-many-streams", "There are as many streams as there may be")
            case .addressStreams:
                (429, "too-many-streams", "Your address has as many streams as it may have")
            case .userStreams:
                (429, "too-many-streams", "This user has as many streams as they may have")
            default: (429, "rate-limited", "Your address asks too often")
            }
        var refusal = Refusal(
            status, word, message + "; come back.", fields: ["Retry-After": String(seconds)])
        refusal.limit = limit
        return refusal
    }
}
