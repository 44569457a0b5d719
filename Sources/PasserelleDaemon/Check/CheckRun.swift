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
        add(.stateDirectory(configuration.stateDirectory))
        if !configuration.ipc.isEmpty { add(.unixSocket(configuration.ipc)) }
        if let process = ProcessFigures.now() {
            add(.descriptors(limit: process.descriptorLimit))
        }
        return report
    }

    /// The channel that is subscribed for a moment: the first that the patterns allow, a presence
    /// channel where one is.
    static func channel(_ patterns: ChannelPatterns?) -> String? {
        let texts = patterns?.list.map(\.text) ?? []
        let order = ["presence-", "private-", ""]
        let text = order.lazy.compactMap { kind in texts.first { $0.hasPrefix(kind) } }.first
        return text.map { $0.replacing("*", with: "passerelle-check") }
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
        for host in hosts {
            let address = ListenAddress.tcp(host: host, port: upstream.port)
            let plain = try dial(address, tls: nil)
            var secure: LinkEnd??
            if plain == nil, let tls = server.tls { secure = .some(try dial(address, tls: tls)) }
            let findings = Finding.reaching(
                host, port: upstream.port, plain: plain, secure: secure)
            for finding in findings { add(finding) }
        }
        return report.isWell
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
        guard let channel = Self.channel(configuration.channels) else { return }
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
            let channel = Self.channel(configuration.channels),
            let url = configuration.accessSettings.endpoint
        else { return }
        var answer: AuthRouteAnswer?
        route.ask(channel: channel, showing: HTTPFields()) { answer = $0 }
        try wait { answer != nil }
        add(.authRoute(answer ?? .failed("no answer"), at: "\(url)"))
    }

    // MARK: - Waiting

    /// Turns the loop until something is so, or was not for long enough.
    private func wait(until isSo: () -> Bool) throws {
        var isLate = false
        let timer = loop.after(Self.patience + .seconds(1)) { isLate = true }
        defer { loop.cancel(timer) }
        while !isSo(), !isLate { try loop.turn() }
    }

    /// Turns the loop until there is a finding, or there was none for long enough.
    private func outcome(_ finding: () -> Finding?) throws -> Finding? {
        try wait { finding() != nil }
        return finding()
    }
}
