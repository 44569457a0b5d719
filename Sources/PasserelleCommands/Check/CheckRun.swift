// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleDaemon
package import PasserelleHTTP
import PasserelleLog
package import PasserelleNet
package import PasserelleUpstream
import PasserelleWire

/// Checks the requirements of a gateway, one after another, on its own event loop.
package final class CheckRun {
    /// The time limit of each step.
    package static let timeout: Duration = .seconds(10)
    /// The name of the client event sent as a test.
    package static let clientEvent = "client-passerelle-check"
    /// The member that sends it, over a second connection.
    package static let secondMember = "passerelle-check"

    /// The gateway's public URL, checked from outside if set (`--public`).
    package var site: WebAddress?
    /// A user's credentials to try there (`--as`).
    package var login: Result<PublicLogin, PublicLogin.Problem>?
    /// How long an idle stream and an idle poll are watched there (`--for`).
    package var watch = CheckOptions.defaultWatchTime

    private let loop: EventLoop
    private let configuration: Configuration
    private let server: ChannelsServer
    private var report = CheckReport()

    /// Creates a run for a configuration that was parsed without errors.
    package init(loop: EventLoop, configuration: Configuration) throws(StartError) {
        self.loop = loop
        self.configuration = configuration
        server = try ChannelsServer(configuration)
    }

    /// Runs every check and returns the findings.
    package func run() throws -> CheckReport {
        reportConfiguration()
        if try reach() {
            try askREST()
            try connect()
        } else {
            for check in ["clock", "rest", "connection", "subscription", "client-events"] {
                add(.skipped(check, "Channels", because: "it cannot be reached"))
            }
        }
        try askRoute()
        try checkMachine()
        if let site { try checkSite(at: site) }
        return report
    }

    /// Checks this machine: the state directory, the sockets and the descriptor limit.
    private func checkMachine() throws {
        add(.stateDirectory(configuration.stateDirectory))
        if !configuration.ipc.isEmpty { add(.unixSocket(configuration.ipc)) }
        for address in configuration.admin { try checkAdmin(address) }
        // `serve` raises the limit in the same way.
        add(.descriptors(limit: DescriptorLimit.raise()))
    }

    /// Requests the metrics at an admin address, to find out which process listens there.
    private func checkAdmin(_ address: ListenAddress) throws {
        let request = HTTPRequest(
            method: "GET", target: "/metrics", fields: ["Host": "localhost"])
        var result: Result<HTTPResponse, HTTPCallError>?
        HTTPCall(
            loop: loop, address: address, tls: nil, request: request, timeout: .seconds(2)
        ) { result = $0 }
        try wait { result != nil }
        let answer = result ?? .failure(.unanswered("no answer"))
        add(.admin(answer, at: address, isExplicit: configuration.isAdminExplicit))
    }

    /// Checks the gateway through its public URL.
    private func checkSite(at url: WebAddress) throws {
        let site = try PublicSite(url, configuration)
        let check = PublicCheck(
            loop: loop, configuration: configuration, server: server, site: site, watch: watch)
        check.login = login
        guard try reach(url, through: site) else {
            let checks = ["gateway", "headers", "access", "stream", "poll"] + PublicCheck.idle
            check.skip(checks, "it cannot be reached")
            return report.findings += check.findings
        }
        report.findings += try check.run()
    }

    private func reach(_ url: WebAddress, through site: PublicSite) throws -> Bool {
        guard site.proxy == nil else {
            add(.skipped("tcp", url.host, because: "connections use a proxy"))
            return true
        }
        let findings = try reach(url.host, url.port, tls: site.tls, toDo: .site)
        return !findings.contains { $0.verdict == .failed }
    }

    private func add(_ finding: Finding) {
        report.findings.append(finding)
    }

    private func reportConfiguration() {
        let upstream = configuration.upstream
        let way = upstream.isTLS ? "TLS" : "no TLS"
        add(
            .ok(
                "configuration", "variables, flags and files",
                "Channels is \(upstream.webSocketHost):\(upstream.port), \(way)"))
        for warning in configuration.warnings {
            add(
                .warning(
                    "configuration", "variables, flags and files", warning,
                    do: "change it, or leave it if it is intended"))
        }
        for note in configuration.notes { add(.note(note)) }
    }

    // MARK: - Reaching Channels

    /// Connects to each host of Channels; returns true if all were reached.
    private func reach() throws -> Bool {
        let upstream = configuration.upstream
        guard server.webSocketProxy == nil else {
            // The next steps use the proxy, and report if it refuses the connection.
            add(.skipped("tcp", upstream.webSocketHost, because: "connections use a proxy"))
            return true
        }
        var hosts = [upstream.webSocketHost]
        if upstream.restHost != upstream.webSocketHost { hosts.append(upstream.restHost) }
        var isReached = true
        for host in hosts {
            let findings = try reach(host, upstream.port, tls: server.tls, toDo: .channels)
            if findings.contains(where: { $0.verdict == .failed }) { isReached = false }
        }
        return isReached
    }

    /// Connects to one host without TLS and, if `tls` is set, with it.
    private func reach(
        _ host: String, _ port: Int, tls: TLSClient?, toDo: ConnectionRemedies
    ) throws -> [Finding] {
        let address = ListenAddress.tcp(host: host, port: port)
        let plain = try dial(address, tls: nil)
        var secure: LinkEnd??
        if plain == nil, let tls { secure = .some(try dial(address, tls: tls)) }
        let findings = Finding.reaching(
            host, port: port, plain: plain, secure: secure, toDo: toDo)
        for finding in findings { add(finding) }
        return findings
    }

    /// Returns how a connection attempt ended, or `nil` if it succeeded.
    private func dial(_ address: ListenAddress, tls: TLSClient?) throws -> LinkEnd? {
        let probe = Probe()
        let link = Dial.connect(
            loop: loop, to: address, tls: tls, timeout: Self.timeout, owner: probe)
        try wait { probe.isOpen || probe.end != nil }
        link.close()
        return probe.isOpen ? nil : probe.end ?? .timedOut
    }

    private final class Probe: LinkOwner {
        var isOpen = false
        var end: LinkEnd?

        func linkOpened(_ link: Link) { isOpen = true }
        func link(_ link: Link, received bytes: Span<UInt8>) {}
        func linkEnded(_ link: Link, _ end: LinkEnd) { self.end = end }
    }

    // MARK: - Channels

    private func askREST() throws {
        var result: Result<HTTPResponse, HTTPCallError>?
        ChannelsREST(loop: loop, server: server, timeout: Self.timeout).channels { result = $0 }
        try wait { result != nil }
        let outcome = result ?? .failure(.unreachable("no answer"))
        let now = loop.wallMilliseconds / 1000
        for finding in Finding.rest(outcome, appID: server.appID, now: now) { add(finding) }
    }

    /// Connects, subscribes, and sends a client event from a second connection.
    private func connect() throws {
        guard let channel = CheckChannel.any(configuration.channels) else { return }
        let first = CheckMember(loop: loop, server: server, id: server.memberID, channel: channel)
        defer { first.stop() }
        let host = configuration.upstream.webSocketHost
        let connection =
            try outcome { Finding.connection(first.reports, to: host) }
            ?? .failed(
                "connection", "WebSocket to \(host)", "no handshake within \(Self.timeout)",
                do: "check firewalls and proxies between this machine and Channels")
        add(connection)
        guard connection.verdict == .ok else {
            add(.skipped("subscription", channel, because: "there is no connection"))
            return add(.skipped("client-events", channel, because: "there is no connection"))
        }
        let subscription =
            try outcome { Finding.subscription(first.reports, to: channel) }
            ?? .failed(
                "subscription", channel, "no answer within \(Self.timeout)",
                do: "try again, and check Channels' status page")
        add(subscription)
        guard subscription.verdict == .ok else {
            return add(.skipped("client-events", channel, because: "the subscription failed"))
        }
        try sendClientEvent(on: channel, receivedBy: first)
    }

    private func sendClientEvent(on channel: String, receivedBy first: CheckMember) throws {
        guard channel.hasPrefix("presence-") || channel.hasPrefix("private-") else { return }
        let second = CheckMember(
            loop: loop, server: server, id: Self.secondMember, channel: channel)
        defer { second.stop() }
        if configuration.upstreams == 2 {
            let found = try outcome { Finding.connection(second.reports, to: channel) }
            if let found, found.verdict == .failed { add(.noSecondConnection(found.found)) }
        }
        _ = try outcome { Finding.subscription(second.reports, to: channel) }
        second.send(Self.clientEvent)
        let finding = try outcome {
            Finding.clientEvent(
                sender: second.reports, listener: first.reports, name: Self.clientEvent)
        }
        add(
            finding
                ?? .failed(
                    "client-events", "client event from one connection to another",
                    "not received within \(Self.timeout)",
                    do: "enable client events on the application's App Settings page"))
    }

    // MARK: - The application

    private func askRoute() throws {
        let log = Log(level: .error, form: .timed, clock: { 0 }, sink: { _ in })
        guard
            let route = try Gateway.authRoute(configuration, loop: loop, log: log),
            let channel = CheckChannel.any(configuration.channels),
            let url = configuration.accessSettings.endpoint
        else { return }
        var answer: AuthRouteAnswer?
        var forgery: (refusal: ForgeryRefusal, origin: String)?
        route.onLog = { note in
            guard case .refusesAsForged(let refusal, let origin) = note else { return }
            forgery = (refusal, origin)
        }
        var location: String?
        route.redirected = { location = $0 }
        route.ask(channel: channel, showing: HTTPFields()) { answer = $0 }
        try wait { answer != nil }
        if let forgery, case .refused(let status)? = answer {
            let (refusal, origin) = forgery
            add(.authRoute(at: "\(url)", refusesAsForged: refusal, from: origin, status))
        } else {
            add(
                .authRoute(answer ?? .failed("no answer"), at: "\(url)", redirectedTo: location))
        }
    }

    // MARK: - Waiting

    private func wait(until condition: () -> Bool) throws {
        try loop.turn(for: Self.timeout + .seconds(1), until: condition)
    }

    /// Runs the loop until `finding` returns a value or the time limit has passed.
    private func outcome(_ finding: () -> Finding?) throws -> Finding? {
        try wait { finding() != nil }
        return finding()
    }
}

extension EventLoop {
    /// Runs turns until `condition` is true or `timeout` has passed.
    package func turn(for timeout: Duration, until condition: () -> Bool) throws {
        var isLate = false
        let timer = scheduleTask(in: timeout) { isLate = true }
        defer { cancel(timer) }
        while !condition(), !isLate { try runOnce() }
    }
}

/// A connection to Channels, subscribed to one channel; records the reports it receives.
package final class CheckMember {
    package private(set) var reports: [UpstreamSession.Report] = []
    /// The name of each event received, and the time.
    private var arrivals: [(name: String, time: Duration)] = []
    private let channel: String
    private var connection: UpstreamConnection?

    /// Connects immediately; on presence channels it is the member `id`.
    package init(loop: EventLoop, server: ChannelsServer, id: String, channel: String) {
        self.channel = channel
        let signer = Signer(key: server.key, secret: server.secret)
        let connection = UpstreamConnection(
            loop: loop, server: server,
            sign: { signer.subscription(channel: $0, socketID: $1, memberID: id) },
            onReport: { [weak self, unowned loop] report in
                self?.reports.append(report)
                guard case .event(_, let name, _, _) = report else { return }
                self?.arrivals.append((name, loop.now))
            })
        self.connection = connection
        connection.want(channel)
        connection.start()
    }

    /// Returns when the event `name` arrived for the `number`th time, counted from 0.
    package func time(of name: String, _ number: Int) -> Duration? {
        arrivals.filter { $0.name == name }.dropFirst(number).first?.time
    }

    /// Sends a client event with empty data; the event is lost if it cannot be sent.
    package func send(_ event: String) {
        _ = connection?.send(
            .clientEvent(channel: channel, name: event, data: Array("{}".utf8)))
    }

    /// Closes the connection.
    package func stop() {
        connection?.stop()
        connection = nil
    }
}
