// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A hundred well-behaved readers at one gateway that receive numbered events without a pause.
///
/// The harness measures the events received during an attack, their latency, and the memory of the
/// gateway.
///
/// The Channels server is part of the test, so that the latency is the gateway's alone. If
/// `PASSERELLE_TEST_WHOLE=1` is set, the attacks have their full size.
final class AttackHarness {
    static let channels = (0..<5).map { "presence-bail-\($0)" }
    /// The numbers of readers by event stream and by polls.
    static let streams = 80
    static let pollers = 20
    static let eventsPerSecond = 50
    /// The number of events before an attack, and at least as many during it.
    static let events = 50
    /// The memory by which the gateway may grow in an attack, in KiB, if the attack sets no other
    /// limit.
    static let growth = 48 * 1024
    /// The latency allowed in an attack, in addition to a multiple of the latency before it.
    private static let delay: Duration = .seconds(5)
    /// The multiple: large, since on a machine ten times slower attacks delayed events ten times
    /// more.
    private static let delayFactor = 500
    /// The number of events that readers may lag behind before the pace drops to a twentieth.
    private static let backlog = 100
    static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil

    /// Attackers and readers have one address: other tests check the limits of an address.
    private static let limits = [
        "PASSERELLE_LOG": "info", "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS": "20000",
        "PASSERELLE_REQUEST_RATE": "10000", "PASSERELLE_REQUEST_BURST": "20000",
    ]

    let fixture: EndToEndFixture
    let server: ScriptedChannels
    let gateway: GatewayProcess
    private var readers: [any AttackReader] = []
    /// The connection that is subscribed to each channel.
    private var live: [String: ScriptedChannels.Connection] = [:]
    /// The time of each event, by channel.
    private var sentAt: [String: [ContinuousClock.Instant]] = [:]
    private var latencies: [Duration] = []
    private var delivered = 0
    private var due = 0.0
    private var isDelivering = false
    private var peakKiB = 0

    /// Starts the gateway with these variables; reader number N sends `fields(N)`.
    ///
    /// If `tls` is given, Channels has that certificate and the gateway trusts `authority`.
    init(
        _ fixture: EndToEndFixture, variables: [String: String] = [:],
        tls: TestCertificates.Server? = nil, trusting authority: TestCertificates? = nil,
        fields: (Int) -> HTTPFields = { _ in [:] }
    ) throws {
        Self.raiseDescriptorLimit()
        self.fixture = fixture
        server = try ScriptedChannels(
            loop: fixture.loop,
            tls: tls.map {
                try TLSServer(certificateFile: $0.certificateFile, keyFile: $0.keyFile)
            })
        server.actAsChannels()
        var variables = Self.limits.merging(variables) { $1 }
        if let authority {
            variables["PUSHER_SCHEME"] = "https"
            variables["PASSERELLE_CA_FILE"] = authority.authorityFile
        }
        gateway = try GatewayProcess(fixture, upstreamPort: server.port, variables: variables)
        recordSubscriptions()
        try settle(fields)
    }

    /// Raises the descriptor limit for the largest group of clients, here and in the gateway, up to
    /// the host's limit.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 24_000)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func recordSubscriptions() {
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
            let received: (Int) -> Void = { [unowned self] in self.received($0, on: channel) }
            readers.append(
                number < Self.streams
                    ? AttackStream(
                        fixture, gateway.http, channel, fields: fields, received: received)
                    : AttackPoller(
                        fixture, gateway.http, channel, fields: fields, received: received))
        }
        try fixture.wait(for: "the readers: \(trouble)") {
            readers.allSatisfy(\.isSettled) || !trouble.isEmpty
        }
    }

    private var trouble: [String] { readers.compactMap(\.trouble) }

    /// Returns the number of a numbered event in `text`.
    static func number(in text: String) -> Int? {
        guard let start = text.firstRange(of: #"{"n":"#)?.upperBound else { return nil }
        return Int(text[start...].prefix { $0.isNumber })
    }

    /// True if the gateway is subscribed to each channel of the readers.
    var isSubscribed: Bool {
        Self.channels.allSatisfy { live[$0].map { !$0.isEnded && $0 === server.newest } ?? false }
    }

    // MARK: - Events

    /// Sends one message on a channel as Channels would, if the gateway is subscribed; for attacks.
    @discardableResult
    func send(_ text: [UInt8], on channel: String = AttackHarness.channels[0]) -> Bool {
        guard let connection = live[channel], !connection.isEnded else { return false }
        connection.send(text: text)
        return true
    }

    private func deliver(_ channel: String) {
        guard let connection = live[channel], !connection.isEnded else { return }
        let number = sentAt[channel, default: []].count + 1
        sentAt[channel, default: []].append(.now)
        delivered += 1
        connection.send(
            .event(
                channel: channel, name: "new-message", data: Array("{\"n\":\(number)}".utf8),
                userID: nil))
    }

    private func received(_ number: Int, on channel: String) {
        guard let times = sentAt[channel], times.indices.contains(number - 1) else { return }
        latencies.append(.now - times[number - 1])
    }

    private func tick() {
        guard isDelivering else { return }
        // A machine that cannot keep the pace gets a slower one.
        let isBehind = mostBehind >= Self.backlog / Self.channels.count
        due += Double(Self.eventsPerSecond) / (isBehind ? 1_000 : 50)
        while due >= 1 {
            due -= 1
            deliver(Self.channels[delivered % Self.channels.count])
        }
        if delivered % 10 == 0 { peakKiB = max(peakKiB, (try? gateway.residentKiB) ?? 0) }
        fixture.loop.scheduleTask(in: .milliseconds(20)) { [weak self] in self?.tick() }
    }

    /// Sends events while `body` runs, then until there are enough, and waits until every reader
    /// has received them.
    private func deliverEvents(during body: () throws -> Void) throws -> Latencies {
        latencies = []
        isDelivering = true
        defer { isDelivering = false }
        tick()
        let goal = delivered + Self.events
        try body()
        try fixture.wait(for: "\(goal) events") { delivered >= goal }
        isDelivering = false
        try fixture.wait(for: "event \(delivered) at every reader: \(trouble) \(behind.prefix(5))")
        {
            behind.isEmpty || !trouble.isEmpty
        }
        return Latencies(latencies)
    }

    /// The number of events that the slowest reader lacks.
    private var mostBehind: Int {
        readers.map { (sentAt[$0.channel]?.count ?? 0) - $0.reception.newest }.max() ?? 0
    }

    private var behind: [String] {
        readers.filter { $0.reception.newest < sentAt[$0.channel]?.count ?? 0 }.map {
            "\($0.channel) \($0.reception.newest)"
        }
    }

    // MARK: - Attacks

    /// Attacks, and checks the readers and the gateway.
    ///
    /// The readers must receive each event once and in order, the gateway must keep its size and
    /// answer. There may be gaps only if the attack costs the connection to Channels.
    func expectReadersUnaffected(
        _ name: String, growth: Int = AttackHarness.growth, withGaps: Bool = false,
        attack: () throws -> Void
    ) throws {
        let quiet = try deliverEvents {}
        let before = try gateway.residentKiB
        peakKiB = before
        let attacked = try deliverEvents(during: attack)
        let after = max(peakKiB, try gateway.residentKiB)
        print("\(name): quiet \(quiet); attacked \(attacked); \(before) KiB, at most \(after)")
        let losers = readers.filter {
            $0.trouble != nil || $0.reception.doubles > 0 || $0.reception.missed > 0
                || !withGaps && $0.reception.gaps > 0
        }
        let words = losers.prefix(3).map { "\($0.channel) \($0.trouble ?? "") \($0.reception)" }
        #expect(losers.isEmpty, "\(name): \(losers.count) readers, such as \(words)")
        // Detects only serious delays: a loaded machine is slow by itself, and so is a sanitizer.
        #expect(
            attacked.p99 < Self.delay + quiet.p99 * Self.delayFactor || Sanitizer.ofBinary != nil,
            "\(name)")
        #expect(
            after - before < growth || !Sanitizer.leavesMemory,
            "\(name): from \(before) KiB to \(after) KiB")
        let health = try gateway.get("/healthz")
        #expect(health.status == 200 && health.body == Array("ok\n".utf8), "\(name)")
        for reader in readers { reader.close() }
        readers = []
    }
}

/// The latencies of events.
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
