// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// The gateway as one thing: loop, hub, both sides of it, and its listeners.
///
/// Data enters at Upstream, is remembered in the hub, and leaves by Downstream; each turn of the
/// loop ends with telling what came in it.
final class House {
    /// What keeps a gateway from starting; one sentence that says what to do.
    struct StartError: Error, CustomStringConvertible {
        let description: String
        /// The process's exit code.
        var exitCode: Int32 = 1

        init(description: String, exitCode: Int32 = 1) {
            self.description = description
            self.exitCode = exitCode
        }

        /// A setting that cannot be used, as is only found when the house is built.
        init(setting words: String) {
            self.init(description: words, exitCode: ConfigurationError.exitCode)
        }
    }

    let loop: EventLoop
    let hub: Hub
    let upstream: Upstream
    let rest: ChannelsREST
    /// Makes readers members; `nil` where only the gateway is one.
    let delegation: Delegation?
    let clientEvents: ClientEvents
    let log: Log
    /// Writes down what the hub hears, where there is a state directory.
    let scribe: Scribe?
    private(set) var downstream: Downstream
    var listeners: [Listener] = []
    /// What listeners for others than this host show, where they speak TLS.
    var certificate: ServedCertificate?
    /// Tells the service manager, where the house is a service.
    var supervision: Supervision?
    /// Where the configuration is read again, where it can be.
    var source: ConfigurationSource?
    private var exitCode: Int32 = 0
    let started: WallTime

    /// Builds the house and listens; nothing is connected before `run`.
    ///
    /// `activated` stand in the place of the listeners that the configuration names;
    /// `otherRoutes` answers what is no route of the gateway's own.
    init(
        loop: EventLoop, configuration: Configuration, log: Log,
        activated: ActivatedSockets = ActivatedSockets(),
        otherRoutes: @escaping (House, HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool = {
            _, _, _ in false
        }
    ) throws(StartError) {
        self.loop = loop
        self.log = log
        started = WallTime(milliseconds: loop.wallMilliseconds)
        let now = Moment(steady: loop.now, wall: started)
        (hub, scribe) = try Self.openHub(configuration, loop: loop, log: log, at: now)
        let server = try ChannelsServer(configuration)
        upstream = Upstream(loop: loop, hub: hub, server: server)
        upstream.retractions = configuration.retractions
        rest = ChannelsREST(loop: loop, server: server)
        delegation =
            configuration.presence == .delegate
            ? Delegation(loop: loop, hub: hub, server: server) : nil
        delegation?.noted = { log.note($0) }
        upstream.needsRoom = { [delegation] in delegation?.giveWay() }
        let localReaders = delegation == nil ? LocalReaders(loop: loop) : nil
        upstream.notices = try Self.notices(
            configuration, loop: loop, hub: hub, rest: rest, log: log
        ) { [delegation] in delegation?.contains($0) ?? localReaders?.contains($0) ?? false }
        clientEvents = ClientEvents(
            loop: loop, hub: hub, upstream: upstream, delegation: delegation)
        weak var house: House?
        var services = DownstreamServices(
            publish: { house?.publish($0, $1, $2, $3) },
            status: { house?.status ?? Array("{}".utf8) },
            metrics: { house?.metrics ?? [] },
            readiness: { house?.readiness ?? (false, "starting") },
            presence: PresenceServices(
                delegation: delegation, localReaders: localReaders, clientEvents: clientEvents),
            otherRoutes: { request, reply in
                guard let house else { return false }
                return otherRoutes(house, request, reply)
            })
        services.refused = { status, word, client in
            log.debug(
                "refused",
                ["status": "\(status)", "error": word, "client": client.host ?? "\(client)"])
        }
        services.checks = CheckServices(configuration, loop: loop, log: log)
        services.limitReached = { log.note($0, reachedBy: $1) }
        services.facts = { house?.facts ?? GatewayFacts() }
        if let route = try Self.authRoute(configuration, loop: loop, log: log) {
            services.askRoute = Self.asking(route, memberID: configuration.memberID)
        }
        downstream = Downstream(
            loop: loop, hub: hub, configuration: try DownstreamConfiguration(configuration),
            services: services)
        house = self
        try listen(configuration, activated)
        watch()
    }

    /// Connects and turns the loop until a signal or Channels ends it; gives the exit code.
    func run() -> Int32 {
        loop.atTurnEnd { [unowned self] in
            upstream.settle()
            downstream.settle()
            // Readers that came in this turn may have asked for channels.
            upstream.settle()
            scribe?.settle()
            supervision?.turnEnded()
        }
        defer {
            scribe?.close()
            log.close()
        }
        upstream.start()
        do throws(SystemError) {
            let signals = try SignalSource(loop: loop, signals: [2, 15, 1]) { [unowned self] in
                received(signal: $0)
            }
            defer { signals.close() }
            try loop.run()
        } catch {
            log.error("the loop failed", ["cause": "\(error)"])
            return 71
        }
        return exitCode
    }

    /// Ends in order: no new readers, streams closed, upstream told, and the loop stops.
    func stop(exitCode: Int32 = 0) {
        self.exitCode = exitCode
        supervision?.stopping()
        for listener in listeners { listener.close() }
        listeners = []
        downstream.drain()
        delegation?.stop()
        upstream.stop()
        upstream.notices?.stop()
        // What is queued has a moment to go out; nobody waits longer for a slow reader.
        loop.after(.milliseconds(200)) { [loop] in loop.stop() }
    }

    private func received(signal: Int32) {
        if signal == 1 { return reload() }
        log.info("stopping", ["signal": signal == 2 ? "SIGINT" : "SIGTERM"])
        stop()
    }

    // MARK: - What is held

    /// The hub as an earlier life has left it, where it left anything.
    private static func openHub(
        _ configuration: Configuration, loop: EventLoop, log: Log, at now: Moment
    ) throws(StartError) -> (Hub, Scribe?) {
        let settings = HubConfiguration(configuration)
        guard let path = configuration.stateDirectory else {
            return (Hub(epoch: newEpoch(), configuration: settings, at: now), nil)
        }
        let directory = try StateDirectory(path, limits: settings.log, now: now)
        let hub = Hub(
            restoring: directory.found.past, epoch: newEpoch(), configuration: settings, at: now)
        var limits = JournalLimits()
        limits.sync = configuration.sync
        let scribe = try Scribe(directory, hub: hub, loop: loop, log: log, limits: limits)
        return (hub, scribe)
    }

    /// An epoch that no earlier log has had: the time, and chance for those who share it.
    private static func newEpoch() -> UInt64 {
        UInt64(Random.uint32()) << 20 | UInt64(Random.uint32() >> 12)
    }

    // MARK: - Every second

    private func watch() {
        upstream.noted = { [unowned self] in note($0) }
        upstream.refusedForGood = { [unowned self] code, message in
            log.error(
                "Channels refuses for good: check PUSHER_KEY, PUSHER_CLUSTER and PUSHER_HOST",
                ["code": "\(code)", "message": message])
            stop(exitCode: 69)
        }
        expire()
    }

    private func expire() {
        loop.after(.seconds(1)) { [weak self] in
            guard let self else { return }
            hub.expire(
                at: Moment(
                    steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds)))
            scribe?.timePassed()
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
                "Channels says an error",
                [
                    "code": code.map(String.init) ?? "none", "message": message,
                    "count": "\(count)",
                ])
        }
    }

    // MARK: - What Downstream asks

    private func publish(
        _ channel: String, _ event: String, _ data: [UInt8],
        _ done: @escaping (PublishOutcome) -> Void
    ) {
        rest.publish(channel: channel, event: event, data: data) { result in
            switch result {
            case .success: done(.sent)
            case .failure(.refused(let status, let words)) where status >= 500:
                // A server, or a proxy before it, that fails may have passed the event on before.
                done(.unknown("Channels answered \(status) \(words)"))
            case .failure(.refused(429, let words)): done(.excess("429 \(words)"))
            case .failure(.refused(413, let words)): done(.tooLarge("413 \(words)"))
            case .failure(.refused(let status, let words)): done(.refused("\(status) \(words)"))
            case .failure(.unreachable(let words)): done(.unavailable(words))
            case .failure(.unknown(let words)): done(.unknown(words))
            case .failure(.malformed): done(.unknown("the answer makes no sense"))
            }
        }
    }

    private var readiness: (isReady: Bool, words: String) {
        let status = upstream.status
        guard status.wasTried else { return (false, "starting: Channels was not tried yet") }
        return (true, "ready: upstream \(status.state.rawValue)")
    }

    private var status: [UInt8] {
        var report = StatusReport(
            hub: hub, upstream: upstream.status,
            presence: .init(delegation, clientEvents, upstream: upstream),
            downstream: downstream, started: started,
            now: WallTime(milliseconds: loop.wallMilliseconds))
        report.journal = StatusReport.JournalPart(scribe, hub: hub, steady: loop.now)
        report.notices = upstream.notices.map(StatusReport.NoticesPart.init)
        report.descriptors_exhausted = exhaustions
        return report.json
    }
}
