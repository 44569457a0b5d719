// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A hundred well-behaved readers at one gateway, who are told numbered events without a pause: what
/// they hear while somebody attacks, how late, and what that costs the gateway.
///
/// Channels is the test's own server, so that an event's way is the gateway's alone. With
/// `PASSERELLE_TEST_WHOLE=1` the attacks have their full size.
final class Town {
    static let channels = (0..<5).map { "presence-bail-\($0)" }
    /// Readers of event streams, and readers that poll.
    static let streams = 80
    static let pollers = 20
    static let eventsPerSecond = 50
    /// Events that are told before an attack, and at least while it lasts.
    static let events = 50
    /// What the gateway may grow by in an attack, in KiB, unless the attack says otherwise.
    static let growth = 48 * 1024
    /// What an attack may delay the events by, beside ten times what they took before: a sanitizer
    /// makes the gateway's work many times slower, and the kernel's not.
    private static let delay: Duration = .seconds(Sanitizer.ofBinary == nil ? 2 : 20)
    static let isWhole = ProcessEnvironment.value("PASSERELLE_TEST_WHOLE") != nil

    /// Attackers and town come from one address: what that may do is for other tests to say.
    private static let limits = [
        "PASSERELLE_LOG": "info", "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS": "20000",
        "PASSERELLE_REQUEST_RATE": "10000", "PASSERELLE_REQUEST_BURST": "20000",
    ]

    let stage: Stage
    let server: ScriptedChannels
    let gateway: GatewayProcess
    private var readers: [any TownReader] = []
    /// The connection that hears each channel.
    private var live: [String: ScriptedChannels.Connection] = [:]
    /// When each event was said, by channel.
    private var saidAt: [String: [ContinuousClock.Instant]] = [:]
    private var latencies: [Duration] = []
    private var told = 0
    private var due = 0.0
    private var isTelling = false
    private var peakKiB = 0

    /// Starts the gateway with these variables; reader number N sends `fields(N)`.
    ///
    /// With `tls` Channels shows that certificate, of an authority whom the gateway trusts.
    init(
        _ stage: Stage, variables: [String: String] = [:],
        tls: TestCertificates.Server? = nil, trusting authority: TestCertificates? = nil,
        fields: (Int) -> HTTPFields = { _ in [:] }
    ) throws {
        Self.raiseDescriptorLimit()
        self.stage = stage
        server = try ScriptedChannels(
            loop: stage.loop,
            tls: tls.map {
                try TLSServer(certificateFile: $0.certificateFile, keyFile: $0.keyFile)
            })
        server.behave()
        var variables = Self.limits.merging(variables) { $1 }
        if let authority {
            variables["PUSHER_SCHEME"] = "https"
            variables["PASSERELLE_CA_FILE"] = authority.authorityFile
        }
        gateway = try GatewayProcess(stage, upstreamPort: server.port, variables: variables)
        hearSubscriptions()
        try settle(fields)
    }

    /// Descriptors for the largest crowd, here and in the gateway, as far as the host allows.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 24_000)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func hearSubscriptions() {
        let usual = server.onMessage
        server.onMessage = { [weak self] connection, message in
            usual?(connection, message)
            guard case .subscribe(let channel, _, _) = message else { return }
            self?.live[channel] = connection
        }
    }

    private func settle(_ fields: (Int) -> HTTPFields) throws {
        for number in 0..<Self.streams + Self.pollers {
            let channel = Self.channels[number % Self.channels.count]
            var fields = fields(number)
            fields.set("Host", "localhost")
            let heard: (Int) -> Void = { [unowned self] in self.heard($0, on: channel) }
            readers.append(
                number < Self.streams
                    ? TownStream(stage, gateway.http, channel, fields: fields, heard: heard)
                    : TownPoller(stage, gateway.http, channel, fields: fields, heard: heard))
        }
        try stage.wait(for: "the town: \(trouble)") {
            readers.allSatisfy(\.isSettled) || !trouble.isEmpty
        }
    }

    private var trouble: [String] { readers.compactMap(\.trouble) }

    /// The number that an event's text holds.
    static func number(in text: String) -> Int? {
        guard let start = text.firstRange(of: #"{"n":"#)?.upperBound else { return nil }
        return Int(text[start...].prefix { $0.isNumber })
    }

    /// Whether the gateway hears every channel of the town now.
    var isHeard: Bool {
        Self.channels.allSatisfy { live[$0].map { !$0.isOver && $0 === server.newest } ?? false }
    }

    // MARK: - Events

    /// Says one message on a channel as Channels would, where the gateway hears that; for attacks.
    @discardableResult
    func say(_ text: [UInt8], on channel: String = Town.channels[0]) -> Bool {
        guard let connection = live[channel], !connection.isOver else { return false }
        connection.say(text: text)
        return true
    }

    private func tell(_ channel: String) {
        guard let connection = live[channel], !connection.isOver else { return }
        let number = saidAt[channel, default: []].count + 1
        saidAt[channel, default: []].append(.now)
        told += 1
        connection.say(
            .event(
                channel: channel, name: "new-message", data: Array("{\"n\":\(number)}".utf8),
                userID: nil))
    }

    private func heard(_ number: Int, on channel: String) {
        guard let times = saidAt[channel], times.indices.contains(number - 1) else { return }
        latencies.append(.now - times[number - 1])
    }

    private func tick() {
        guard isTelling else { return }
        due += Double(Self.eventsPerSecond) / 50
        while due >= 1 {
            due -= 1
            tell(Self.channels[told % Self.channels.count])
        }
        if told % 10 == 0 { peakKiB = max(peakKiB, (try? gateway.residentKiB) ?? 0) }
        stage.loop.after(.milliseconds(20)) { [weak self] in self?.tick() }
    }

    /// Tells events while `body` runs, and on until there were enough and all were heard.
    private func tellEvents(during body: () throws -> Void) throws -> Latencies {
        latencies = []
        isTelling = true
        defer { isTelling = false }
        tick()
        let goal = told + Self.events
        try body()
        try stage.wait(for: "\(goal) events to be told") { told >= goal }
        isTelling = false
        try stage.wait(for: "event \(told) at all: \(trouble) \(behind.prefix(5))") {
            behind.isEmpty || !trouble.isEmpty
        }
        return Latencies(latencies)
    }

    private var behind: [String] {
        readers.filter { $0.hearing.newest < saidAt[$0.channel]?.count ?? 0 }.map {
            "\($0.channel) \($0.hearing.newest)"
        }
    }

    // MARK: - Attacks

    /// Attacks, and looks at what became of everybody else.
    ///
    /// The readers must hear each event once and in order, the gateway must keep its size and
    /// answer. Only where the attack costs the connection to Channels may there be gaps.
    func endure(
        _ name: String, growth: Int = Town.growth, withGaps: Bool = false,
        attack: () throws -> Void
    ) throws {
        let quiet = try tellEvents {}
        let before = try gateway.residentKiB
        peakKiB = before
        let attacked = try tellEvents(during: attack)
        let after = max(peakKiB, try gateway.residentKiB)
        print("\(name): quiet \(quiet); attacked \(attacked); \(before) KiB, at most \(after)")
        let losers = readers.filter {
            $0.trouble != nil || $0.hearing.doubles > 0 || $0.hearing.untold > 0
                || !withGaps && $0.hearing.gaps > 0
        }
        let words = losers.prefix(3).map { "\($0.channel) \($0.trouble ?? "") \($0.hearing)" }
        #expect(losers.isEmpty, "\(name): \(losers.count) readers, such as \(words)")
        // Only bounds what is broken: a loaded machine is slow by itself.
        #expect(attacked.p99 < Self.delay + quiet.p99 * 10, "\(name)")
        #expect(
            after - before < growth || !Sanitizer.leavesMemory,
            "\(name): from \(before) KiB to \(after) KiB")
        let health = try gateway.get("/healthz")
        #expect(health.status == 200 && health.body == Array("ok\n".utf8), "\(name)")
        for reader in readers { reader.close() }
        readers = []
    }
}

/// How late events were.
struct Latencies: CustomStringConvertible {
    private let sorted: [Duration]

    init(_ all: [Duration]) { sorted = all.sorted() }

    var p50: Duration { at(0.5) }
    var p99: Duration { at(0.99) }

    private func at(_ part: Double) -> Duration {
        sorted.isEmpty ? .zero : sorted[Int(Double(sorted.count - 1) * part)]
    }

    var description: String {
        let texts = [p50, p99, sorted.last ?? .zero].map {
            String(Int($0 / .microseconds(1)))
        }
        return "\(sorted.count) deliveries, p50/p99/max \(texts.joined(separator: "/")) µs"
    }
}
