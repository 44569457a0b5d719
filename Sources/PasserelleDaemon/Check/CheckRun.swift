// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// Goes through what a gateway needs, one thing after another, on a loop of its own.
final class CheckRun {
    /// How long each step may take.
    static let patience: Duration = .seconds(10)
    /// What the event is called that proves client events.
    static let clientEvent = "client-passerelle-check"
    /// The second member of the channel, who sends it.
    static let secondMember = "passerelle-check"

    /// Where readers outside find the gateway, to be looked at from there.
    var site: WebAddress?
    /// A user's own credentials to be tried there.
    var login: Result<PublicLogin, PublicLogin.Problem>?
    /// How long silence is watched there.
    var watch = CheckCommand.usualWatch

    private let loop: EventLoop
    private let configuration: Configuration
    private let server: ChannelsServer
    private var report = CheckReport()

    /// A run for a configuration that is good as far as it can be read.
    init(loop: EventLoop, configuration: Configuration) throws(House.StartError) {
        self.loop = loop
        self.configuration = configuration
        server = try ChannelsServer(configuration)
    }

    /// Tries everything; gives what was found.
    func run() throws -> CheckReport {
        sayConfiguration()
        if try reach() {
            try askREST()
            try connect()
        } else {
            for check in ["clock", "rest", "connection", "subscription", "client-events"] {
                add(.skipped(check, "Channels", because: "it is not reached"))
            }
        }
        try askRoute()
        try lookAround()
        if let site { try lookIn(from: site) }
        return report
    }

    /// What this machine has.
    private func lookAround() throws {
        add(.stateDirectory(configuration.stateDirectory))
        if !configuration.ipc.isEmpty { add(.unixSocket(configuration.ipc)) }
        for address in configuration.admin { try lookAtAdmin(address) }
        // As far as serve raises it.
        add(.descriptors(limit: DescriptorLimit.raise()))
    }

    /// Asks who is where operators are to be served.
    private func lookAtAdmin(_ address: ListenAddress) throws {
        let request = HTTPRequest(
            method: "GET", target: "/metrics", fields: ["Host": "localhost"])
        var result: Result<HTTPResponse, HTTPCallError>?
        HTTPCall(
            loop: loop, address: address, tls: nil, request: request, timeout: .seconds(2)
        ) { result = $0 }
        try wait { result != nil }
        let answer = result ?? .failure(.unanswered("no answer"))
        add(.admin(answer, at: address, isSaid: configuration.isAdminSaid))
    }

    /// Looks at the gateway from where its readers are.
    private func lookIn(from url: WebAddress) throws {
        let site = try PublicSite(url, configuration)
        let check = PublicCheck(
            loop: loop, configuration: configuration, server: server, site: site, watch: watch)
        check.login = login
        guard try reach(url, through: site) else {
            let checks = ["gateway", "headers", "access", "stream", "poll"] + PublicCheck.idle
            check.skip(checks, "it is not reached")
            return report.findings += check.findings
        }
        report.findings += try check.run()
    }

    private func reach(_ url: WebAddress, through site: PublicSite) throws -> Bool {
        guard site.proxy == nil else {
            add(.skipped("tcp", url.host, because: "a proxy stands in between"))
            return true
        }
        let findings = try reach(url.host, url.port, tls: site.tls, toDo: .site)
        return !findings.contains { $0.verdict == .failed }
    }

    private func add(_ finding: Finding) {
        report.findings.append(finding)
    }

    private func sayConfiguration() {
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
                    do: "change it, or leave it as it is on purpose"))
        }
    }

    // MARK: - The way there

    /// Dials each host; true where all were reached.
    private func reach() throws -> Bool {
        let upstream = configuration.upstream
        guard server.webSocketProxy == nil else {
            // What follows goes through it, and says so where it does not let us pass.
            add(.skipped("tcp", upstream.webSocketHost, because: "a proxy stands in between"))
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

    /// Dials one host, without TLS and with it, where there is any.
    private func reach(
        _ host: String, _ port: Int, tls: TLSClient?, toDo: ReachingRemedies
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

    /// How a dial ended; `nil` where it opened.
    private func dial(_ address: ListenAddress, tls: TLSClient?) throws -> LinkEnd? {
        let probe = Probe()
        let link = Dial.connect(
            loop: loop, to: address, tls: tls, timeout: Self.patience, owner: probe)
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

    // MARK: - What Channels says

    private func askREST() throws {
        let signer = Signer(key: server.key, secret: server.secret)
        let id = server.appID
        var request = HTTPRequest(
            method: "GET",
            target: signer.target(
                method: "GET", path: "/apps/\(HTTPTarget.encode(id))/channels", query: [],
                body: [], timestamp: loop.wallMilliseconds / 1000))
        request.fields.set("Host", server.restHost)
        var result: Result<HTTPResponse, HTTPCallError>?
        HTTPCall(
            loop: loop, address: server.rest, tls: server.tls, proxy: server.restProxy,
            request: request,
            timeout: Self.patience
        ) { result = $0 }
        try wait { result != nil }
        let outcome = result ?? .failure(.unreachable("no answer"))
        let now = loop.wallMilliseconds / 1000
        for finding in Finding.rest(outcome, appID: id, now: now) { add(finding) }
    }

    /// One connection, its subscription, and a client event from a second one.
    private func connect() throws {
        guard let channel = CheckChannel.any(configuration.channels) else { return }
        let first = CheckMember(loop: loop, server: server, id: server.memberID, channel: channel)
        defer { first.stop() }
        let host = configuration.upstream.webSocketHost
        let connection =
            try outcome { Finding.connection(first.reports, to: host) }
            ?? .failed(
                "connection", "WebSocket to \(host)", "no handshake within \(Self.patience)",
                do: "look at what stands between here and there")
        add(connection)
        guard connection.verdict == .ok else {
            add(.skipped("subscription", channel, because: "there is no connection"))
            return add(.skipped("client-events", channel, because: "there is no connection"))
        }
        let subscription =
            try outcome { Finding.subscription(first.reports, to: channel) }
            ?? .failed(
                "subscription", channel, "no answer within \(Self.patience)",
                do: "try again, and look at Channels' status page")
        add(subscription)
        guard subscription.verdict == .ok else {
            return add(.skipped("client-events", channel, because: "nothing is subscribed"))
        }
        try sendClientEvent(on: channel, heardBy: first)
    }

    private func sendClientEvent(on channel: String, heardBy first: CheckMember) throws {
        guard channel.hasPrefix("presence-") || channel.hasPrefix("private-") else { return }
        let second = CheckMember(
            loop: loop, server: server, id: Self.secondMember, channel: channel)
        defer { second.stop() }
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
                    "not heard within \(Self.patience)",
                    do: "enable client events on the application's App Settings page"))
    }

    // MARK: - The application

    private func askRoute() throws {
        let log = Log(level: .error, form: .timed, clock: { 0 }, sink: { _ in })
        guard
            let route = try House.authRoute(configuration, loop: loop, log: log),
            let channel = CheckChannel.any(configuration.channels),
            let url = configuration.accessSettings.endpoint
        else { return }
        var answer: AuthRouteAnswer?
        route.ask(channel: channel, showing: HTTPFields()) { answer = $0 }
        try wait { answer != nil }
        add(.authRoute(answer ?? .failed("no answer"), at: "\(url)"))
    }

    // MARK: - Waiting

    private func wait(until isSo: () -> Bool) throws {
        try loop.turn(for: Self.patience + .seconds(1), until: isSo)
    }

    /// Turns the loop until there is a finding, or there was none for long enough.
    private func outcome(_ finding: () -> Finding?) throws -> Finding? {
        try wait { finding() != nil }
        return finding()
    }
}
