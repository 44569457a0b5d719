// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The objects that all surfaces share: the hub, the loop, the encoder, and work that is deferred
/// until the turn's updates are delivered.
final class DownstreamContext {
    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    let streams: EventStreams
    /// Detects peers that do not read.
    let stalls: StallWatch
    /// The open tests of the page `/diagnose`.
    let diagnoses: Diagnoses
    /// The operators' console; `nil` until it is connected.
    var console: (any OperatorConsole)?
    /// Enforces the limits on clients.
    let quotas: Quotas
    let configuration: DownstreamConfiguration
    let services: DownstreamServices
    /// Authorizes readers; `nil` if they are not checked.
    let authenticator: Authenticator?
    /// Counters of requests, by surface, and of lines.
    var tally = Tally()
    /// The client that first requested each held channel.
    var held = HeldChannels()
    /// Searches for evictable channels that found too few.
    var searches = ChannelSearches()
    /// The state of the connection to Channels, as it is reported to readers.
    let upstream: UpstreamReports
    /// Called when that state has changed, once the updates of the turn are delivered.
    var upstreamChanged: () -> Void = {}
    /// The filter that was requested last.
    private var lastFilter: EventFilter?
    /// The prepared answer to polls without new events.
    var notModified: NotModified
    /// Durations of the turns that delivered entries, until they were written.
    private(set) var latency = DurationHistogram()
    private var due: [() -> Void] = []
    /// True while the hub delivers its updates.
    private var isDelivering = false

    init(
        loop: EventLoop, hub: Hub, configuration: DownstreamConfiguration,
        services: DownstreamServices
    ) {
        self.loop = loop
        self.hub = hub
        self.configuration = configuration
        self.services = services
        encoder = EventEncoder(hub: hub)
        upstream = UpstreamReports(loop: loop)
        notModified = NotModified(vary: configuration.vary)
        authenticator = configuration.access.map { access in
            Authenticator(
                loop: loop, access: access, memberID: configuration.memberID,
                revocationLimit: configuration.limits.revocations,
                settingNames: configuration.settingNames,
                askRoute: services.askRoute, onDifferentUsers: services.reportDifferentUsers)
        }
        let quotas = Quotas(loop: loop, configuration: configuration, services: services)
        self.quotas = quotas
        stalls = StallWatch(
            loop: loop,
            bounds: StallWatch.Bounds(
                stall: configuration.stall, output: configuration.limits.output)
        ) { cause, peer in
            quotas.reached(cause.limit, by: peer)
            if cause == .dead { services.peerDied(peer) }
        }
        diagnoses = Diagnoses(loop: loop, stalls: stalls, quotas: quotas)
        streams = EventStreams(
            loop: loop, hub: hub, encoder: encoder, stalls: stalls, quotas: quotas,
            authenticator: authenticator, upstream: upstream, heartbeat: configuration.heartbeat,
            left: services.presence.left)
        prefetchReaders()
    }

    /// Prefetches the memory of each reader that the hub will notify shortly.
    private func prefetchReaders() {
        hub.prefetchHook = { readers, index in
            // The first word of a class-bound existential is the object's address. If it were
            // another value, the prefetch hint would be useless but harmless.
            let place = index * MemoryLayout<any Reader>.stride
            readers.withUnsafeBytes {
                Prefetch.memory(at: $0.load(fromByteOffset: place, as: UnsafeRawPointer.self))
            }
        }
    }

    /// The time of this turn, on both clocks.
    var now: Moment { loop.moment }

    /// Schedules work for when the hub has delivered its updates; readers may attach and detach in
    /// it.
    func afterDelivery(_ work: @escaping () -> Void) {
        due.append(work)
    }

    /// Returns the filter for the named events, `nil` if there are none; readers that ask for the
    /// same names one after the other share it.
    func filter(_ events: EventNames) -> EventFilter? {
        guard !events.isEmpty else { return nil }
        if let lastFilter, lastFilter.isFilter(for: events.list) { return lastFilter }
        let filter = EventFilter(events.list)
        lastFilter = filter
        return filter
    }

    /// Closes the connections with the most output if the total exceeds its limit; does so after
    /// delivery if the hub is delivering, since no reader may detach during that.
    func boundOutput() {
        if !isDelivering { stalls.boundOutput() }
    }

    /// Delivers the turn's updates, then runs the deferred work, until no work is left.
    func flush() {
        let retractions = hub.takeRetractions()
        if !retractions.isEmpty {
            streams.retracted(by: retractions)
            stalls.retracted(by: retractions)
        }
        let retracted = hub.takeRetracted()
        if !retracted.isEmpty { console?.retract(events: retracted) }
        if hub.takeLateRetraction() { console?.retractedLate() }
        forgetDropped()
        var deliveredUpdates = false
        repeat {
            isDelivering = true
            if hub.deliverUpdates() { deliveredUpdates = true }
            isDelivering = false
            let work = due
            due.removeAll(keepingCapacity: true)
            for item in work { item() }
        } while !due.isEmpty
        if upstream.takeChange() { upstreamChanged() }
        boundOutput()
        streams.turnEnded()
        if deliveredUpdates { latency.add(loop.turnDuration) }
    }
}

extension StallWatch.Cause {
    /// The limit that the connection reached; `nil` if its peer is dead.
    fileprivate var limit: Limit? {
        switch self {
        case .stalled: .stall
        case .dead: nil
        case .answerTime: .answerTime
        case .output: .output
        }
    }
}

extension DownstreamContext {
    /// Ends a user's streams, waiting requests and memberships, on one channel or on all, and
    /// invalidates earlier authorizations.
    func revoke(_ userID: String, on channel: String?) -> RevocationOutcome {
        let isRemembered = authenticator?.revoke(userID, channel: channel) ?? true
        let (streams, requests) = streams.users.end(
            userID, on: channel, for: .revokedByOperator)
        services.presence.revoked(channel, userID)
        tally.revocations += 1
        tally.revokedReaders += UInt64(streams + requests)
        return RevocationOutcome(
            streams: streams, requests: requests, isRemembered: isRemembered)
    }
}

extension EventLoop {
    /// The time of this turn on both clocks.
    var moment: Moment {
        Moment(steady: now, wall: WallTime(milliseconds: wallMilliseconds))
    }
}
