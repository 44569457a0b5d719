// SPDX-License-Identifier: MIT

package import PasserelleNotices
package import PasserelleConfiguration
package import PasserelleLog
import PasserelleAdmin
package import PasserelleDownstream
package import PasserelleHub
package import PasserelleNet
package import PasserelleUpstream
package import PasserelleWire

/// The gateway: the event loop, the hub, Upstream and Downstream, and the listeners.
///
/// Events enter at Upstream, are stored in the hub, and leave through Downstream. Each turn of the
/// loop ends with a flush, which delivers the events of the turn.
package final class Gateway {
    package let loop: EventLoop
    package let hub: Hub
    package let upstream: Upstream
    package let rest: ChannelsREST
    /// Makes readers members of presence channels; `nil` if only the gateway is a member.
    package let delegation: PresenceDelegate?
    package let clientEvents: ClientEvents
    /// Notifies absent users, if there is a key for Inngest.
    package let notices: Notices?
    package let log: Log
    /// Writes the hub's changes to disk; `nil` without a state directory, and after a hand-over.
    package internal(set) var journalWriter: JournalWriter?
    package private(set) var downstream: Downstream
    /// Stores revocations; `nil` without a state directory or tokens, and after a hand-over.
    package internal(set) var revocationStore: RevocationStore?
    package var listeners: [Listener] = []
    /// The certificate of HTTP listeners on TCP; `nil` without TLS.
    package var certificate: ServedCertificate?
    /// Reports to the service manager; `nil` unless the gateway runs as a service.
    package var supervision: Supervision?
    /// Reads the configuration again at a reload; `nil` if it cannot.
    package var source: ConfigurationSource?
    /// The program that an upgrade starts; `nil` if this process cannot be upgraded.
    package var program: ProgramOnDisk?
    /// The process that replaces this one, while it does.
    var successor: OutgoingHandover?
    /// Called if the running upgrade fails.
    var upgradeFailures: [(String) -> Void] = []
    /// The number of upgrades that failed.
    var failedUpgrades: UInt64 = 0
    let configuration: Configuration
    private let early: EarlyUpstream?
    private var exitCode: Int32 = 0
    /// The latest metrics, and the turn in which they were computed.
    package var lastMetrics: (turn: Duration, text: [UInt8])?
    private var memberLosses = MemberLossLog()
    package let started: Moment

    /// Creates the gateway and opens the listeners; it connects to Channels in `run`.
    ///
    /// `activated` replaces the listeners of the configuration. If the gateway is `continuing` that
    /// of another process, `takeOver` must be called before `run`. `otherRoutes` answers requests
    /// that match no route of the gateway.
    package init(
        loop: EventLoop, configuration: Configuration, log: Log,
        activated: ActivatedSockets = ActivatedSockets(),
        continuing former: IncomingHandover? = nil,
        otherRoutes: @escaping (Gateway, HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool = {
            _, _, _ in false
        }
    ) throws(StartError) {
        self.loop = loop
        self.log = log
        self.configuration = configuration
        early = former?.early
        started = loop.moment
        (hub, journalWriter) = try Self.openHub(
            configuration, continuing: former?.hub, loop: loop, log: log, at: started)
        let server = try ChannelsServer(configuration)
        upstream = Upstream(loop: loop, hub: hub, server: server, continuing: early)
        rest = ChannelsREST(loop: loop, server: server)
        delegation =
            configuration.presence == .delegate
            ? PresenceDelegate(loop: loop, hub: hub, server: server) : nil
        let localReaders = delegation == nil ? LocalPresence(loop: loop) : nil
        notices = try Self.notices(
            configuration, loop: loop, hub: hub, rest: rest, log: log
        ) { [delegation] in delegation?.contains($0) ?? localReaders?.contains($0) ?? false }
        clientEvents = ClientEvents(
            loop: loop, hub: hub, upstream: upstream, delegation: delegation)
        weak var gateway: Gateway?
        let services = try Self.services(
            configuration, loop: loop, log: log, rest: rest,
            presence: PresenceServices(
                delegation: delegation, localReaders: localReaders, clientEvents: clientEvents),
            otherRoutes: otherRoutes
        ) { gateway }
        downstream = Downstream(
            loop: loop, hub: hub, configuration: try DownstreamConfiguration(configuration),
            services: services)
        revocationStore = try Self.keepRevocations(
            configuration, of: downstream, loop: loop, log: log)
        gateway = self
        connect(configuration)
        try listen(configuration, activated)
        expire()
    }

    /// Connects and runs the loop until a signal or a permanent refusal; returns the exit code.
    package func run() -> Int32 {
        loop.atTurnEnd { [unowned self] in
            upstream.flush()
            downstream.flush()
            // New readers of this turn may have subscribed to channels.
            upstream.flush()
            journalWriter?.flush()
            supervision?.turnEnded()
            successor?.turnEnded()
        }
        defer {
            journalWriter?.close()
            log.close()
        }
        if early == nil { upstream.start() }
        do throws(SystemError) {
            let signals = try SignalSource(loop: loop, signals: [2, 15, 1, 12]) { [unowned self] in
                received(signal: $0)
            }
            defer { signals.close() }
            try loop.run()
        } catch {
            log.error("the event loop failed", ["cause": "\(error)"])
            return 71
        }
        return exitCode
    }

    /// Stops in order: closes the listeners, the streams and the connections, then stops the loop.
    package func stop(exitCode: Int32 = 0) {
        self.exitCode = exitCode
        successor?.cancel()
        supervision?.stopping()
        for listener in listeners { listener.close() }
        listeners = []
        downstream.drain()
        delegation?.stop()
        upstream.stop()
        notices?.stop()
        // Queued output has a moment to be sent; a slow reader does not delay the stop further.
        loop.scheduleTask(in: .milliseconds(200)) { [loop] in loop.stop() }
    }

    private func received(signal: Int32) {
        if signal == 1 { return reload() }
        if signal == 12 { return upgrade() }
        log.info("stopping", ["signal": signal == 2 ? "SIGINT" : "SIGTERM"])
        stop()
    }

    // MARK: - State

    /// Creates the hub, with the state that another process handed over, or with the state of an
    /// earlier one if the state directory has it.
    private static func openHub(
        _ configuration: Configuration, continuing handedOver: HandedOverHub?, loop: EventLoop,
        log: Log, at now: Moment
    ) throws(StartError) -> (Hub, JournalWriter?) {
        let settings = HubConfiguration(configuration)
        if let handedOver {
            guard let hub = Hub(takingOver: handedOver, configuration: settings, at: now) else {
                throw StartError(description: "the running process handed over no log")
            }
            let writer = try continueJournal(configuration, of: hub, loop: loop, log: log, at: now)
            return (hub, writer)
        }
        guard let path = configuration.stateDirectory else {
            return (Hub(epoch: newEpoch(), configuration: settings, at: now), nil)
        }
        let directory = try StateDirectory(path, limits: settings.log, now: now)
        let hub = Hub(
            restoring: directory.found.past, epoch: newEpoch(), configuration: settings, at: now)
        var limits = JournalLimits()
        limits.sync = configuration.sync
        let journalWriter = try JournalWriter(
            directory, hub: hub, loop: loop, log: log, limits: limits)
        return (hub, journalWriter)
    }

    /// Continues the journal of another process, or of this one after it was closed.
    static func continueJournal(
        _ configuration: Configuration, of hub: Hub, loop: EventLoop, log: Log, at now: Moment
    ) throws(StartError) -> JournalWriter? {
        guard let path = configuration.stateDirectory else { return nil }
        let directory = try StateDirectory(path, limits: hub.configuration.log, now: now)
        var limits = JournalLimits()
        limits.sync = configuration.sync
        return try JournalWriter(
            directory, hub: hub, loop: loop, log: log, limits: limits, continues: true)
    }

    /// An epoch that differs from earlier ones: 52 random bits.
    private static func newEpoch() -> UInt64 {
        UInt64(Random.uint32()) << 20 | UInt64(Random.uint32() >> 12)
    }

    // MARK: - Callbacks

    /// Connects the callbacks of the parts to each other and to the log.
    private func connect(_ configuration: Configuration) {
        upstream.retractions = configuration.retractions
        upstream.sequencePath = configuration.sequencePath
        downstream.console = Consoles(
            loop: loop, hub: hub, stalls: downstream.stalls,
            showsContent: configuration.consoleShowsContent
        ) { [weak self] in self?.snapshot ?? GatewaySnapshot() }
        delegation?.onLog = { [log] in log.note($0) }
        delegation?.membershipRefused = { [weak upstream] in upstream?.retrySoon($0) }
        upstream.connectionLimitReached = { [delegation] in delegation?.giveUpConnection() }
        upstream.onEvent = notices.map { notices in { notices.received($0, at: $1) } }
        upstream.onLog = { [unowned self] in note($0) }
        upstream.onConnection = { [weak self] in
            self?.downstream.upstreamChanged(isConnected: $0)
        }
        clientEvents.onLog = { [log] in log.note($0) }
        upstream.rejectedPermanently = { [unowned self] code, message in
            log.error(
                "Channels refuses the connection permanently",
                [
                    "code": "\(code)",
                    "message": PermanentRefusal.description(code: code, server: message),
                ])
            stop(exitCode: 69)
        }
    }

    // MARK: - Every second

    private func expire() {
        loop.scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self else { return }
            hub.expire(at: loop.moment)
            journalWriter?.timePassed()
            if let words = memberLosses.note(hub.counters, at: loop.now) { log.warning(words) }
            log.timePassed()
            expire()
        }
    }

    private func note(_ note: Upstream.Note) {
        switch note {
        case .established: log.info("connected to Channels")
        case .subscribed(let channel): log.debug("subscribed", ["channel": channel])
        case .refused(let channel, let status, let message):
            log.warning(
                "subscription refused",
                ["channel": channel, "status": "\(status)", "message": message])
        case .waits(let delay, let cause):
            log.warning(
                "not connected to Channels", ["retry_in": delay.settingText, "cause": "\(cause)"])
        case .error(let code, let message, let count):
            log.warning(
                "Channels reports an error",
                [
                    "code": code.map(String.init) ?? "none", "message": message,
                    "count": "\(count)",
                ])
        }
    }

    // MARK: - Services for Downstream

    var readiness: (isReady: Bool, words: String) {
        let status = upstream.status
        guard status.wasTried else { return (false, "starting: no connection to Channels yet") }
        return (true, "ready: upstream \(status.state.rawValue)")
    }
}
