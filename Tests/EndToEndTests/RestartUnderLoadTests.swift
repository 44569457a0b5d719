// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

/// The gateway is killed or stopped under load again and again: every stream, poll and line
/// reconnects by itself and receives each event once, or a gap.
///
/// Meanwhile, one user types on each channel: typing is delivered once while it is fresh, and is
/// neither kept nor missed.
///
/// With `PASSERELLE_TEST_WHOLE=1`: 1,000 streams, 200 events a second, 100 kills and ten stops. It
/// prints the figures of each surface.
@Suite(.serialized)
struct RestartUnderLoadTests {
    private struct Load {
        var streams = 50
        var channels = 5
        var eventsPerSecond = 100
        var kills = 3
        var stops = 2

        static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil
        static let chosen =
            !isWhole
            ? Load()
            : Load(streams: 1000, channels: 10, eventsPerSecond: 200, kills: 100, stops: 10)
    }

    /// The readers of all surfaces.
    private struct Readers {
        let streams: [ResumingStream]
        let others: [ResumingReader]

        /// The deliveries to each reader.
        var messages: [NumberedDeliveries] { streams.map(\.messages) + others.map(\.messages) }
        /// The sum of the deliveries on each surface.
        var bySurface: [(String, NumberedDeliveries)] {
            var sums: [(String, NumberedDeliveries)] = []
            for (parity, name) in ["stream, Last-Event-ID", "stream, after="].enumerated() {
                let parts = streams.indices.filter { $0 % 2 == parity }.map { streams[$0].messages }
                sums.append((name, parts.reduce(NumberedDeliveries(), +)))
            }
            for style in ResumingReader.Style.allCases {
                let parts = others.filter { $0.style == style }.map(\.messages)
                sums.append((style.rawValue, parts.reduce(NumberedDeliveries(), +)))
            }
            return sums
        }

        func close() {
            for stream in streams { stream.close() }
            for reader in others { reader.close() }
        }
    }

    private let load = Load.chosen
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let channels: [String]

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        channels = (0..<load.channels).map { "presence-bail-\($0)" }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 8192)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `readers reconnect by themselves, and receive each event once or a gap`(
        signal: Int32
    ) throws {
        let ends = signal == SIGKILL ? load.kills : load.stops
        var gateway = try start()
        let readers = open(gateway)
        let streams = readers.streams
        let typists = typists(at: gateway)
        let events = NumberedEvents(sandbox, channels)
        let clock = PacedEvents(events, fixture, perSecond: load.eventsPerSecond)
        for round in 0..<ends {
            try awaitEvents(2 * load.eventsPerSecond, events, readers)
            try awaitTyping(streams)
            // The whole history is read only now and then: this takes longer in each round.
            let known = round % 10 == 0 ? try acknowledged(gateway) : [:]
            #expect(try gateway.stop(signal) == (signal == SIGKILL ? 137 : 0))
            for stream in streams { stream.lifeBegan = Date.now }
            gateway = try start()
            if !known.isEmpty { try expectKept(gateway, known) }
        }
        try awaitTyping(streams)
        for typist in typists { typist.stop() }
        let typingEnded = fixture.loop.now
        try awaitEvents(2 * load.eventsPerSecond, events, readers)
        clock.stop()
        try events.pause()
        try awaitEvents(0, events, readers)
        let counts = streams.map(\.counts).reduce(ResumingStream.Counts(), +)
        let own = streams.prefix(channels.count).map(\.counts.typing)
        readers.close()
        let typing = typists.map(\.answers).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        if Load.isWhole {
            print("\(load) ended by \(signal): \(events.begun) events, \(counts), typing \(typing)")
        }
        expectOnce(readers, ends: ends, signal)
        expectTyping(counts, own: own, answers: typing)
        try expectNoTyping(since: typingEnded, gateway, newest: streams.map(\.messages.newest))
        #expect(counts.resumptions >= ends * load.streams)
    }

    private func open(_ gateway: GatewayProcess) -> Readers {
        Readers(
            streams: (0..<load.streams).map { open($0, gateway) },
            others: channels.enumerated().flatMap { number, channel in
                ResumingReader.Style.allCases.map { style in
                    ResumingReader(
                        fixture, style, gateway, channel, delay: .milliseconds(100 + number * 30))
                }
            })
    }

    /// Checks that every reader received each event once, or a gap, and that no end of the gateway
    /// made a position unknown.
    private func expectOnce(_ readers: Readers, ends: Int, _ signal: Int32) {
        for (surface, sum) in readers.bySurface {
            if Load.isWhole { print("\(surface): \(sum)") }
            #expect(
                sum.repeated == 0 && sum.lost == 0 && sum.unknownPositions == 0,
                "\(surface): \(sum)")
            // A graceful shutdown stores everything.
            if signal == SIGTERM { #expect(sum.ahead == 0, "\(surface): \(sum)") }
        }
        let all = readers.messages.reduce(NumberedDeliveries(), +)
        if signal == SIGKILL { #expect(all.ahead > 0) }
        #expect(readers.others.compactMap(\.failure).isEmpty)
        #expect(readers.messages.allSatisfy { $0.gaps >= ends })
    }

    /// The first stream on each channel belongs to the user who types there.
    private func open(_ number: Int, _ gateway: GatewayProcess) -> ResumingStream {
        let user = number < channels.count ? "&user=typist-\(number)" : ""
        return ResumingStream(
            fixture, gateway.http, "/events?channel=\(channels[number % channels.count])\(user)",
            delay: .milliseconds(100 + number % 300), passesQuery: number % 2 == 1)
    }

    /// One user on each channel, typing from now on.
    private func typists(at gateway: GatewayProcess) -> [TypingClient] {
        channels.enumerated().map { number, channel in
            TypingClient(
                fixture, gateway.http, channel, user: "typist-\(number)", pause: .milliseconds(700))
        }
    }

    private func expectTyping(
        _ counts: ResumingStream.Counts, own: [Int], answers: [Int: Int]
    ) {
        #expect(counts.repeatedTyping == 0 && counts.staleTyping == 0)
        #expect(own.allSatisfy { $0 == 0 }, "streams received their own typing: \(own)")
        #expect(Set(answers.keys).isSubset(of: [202, 429, 503]), "\(answers)")
    }

    /// Waits until on each channel a stream has received typing that it had not received before.
    private func awaitTyping(_ streams: [ResumingStream]) throws {
        func count() -> [Int] {
            channels.indices.map { channel in
                stride(from: channel, to: streams.count, by: channels.count)
                    .reduce(0) { $0 + streams[$1].counts.typing }
            }
        }
        let before = count()
        try fixture.wait(for: "typing on each channel") { zip(count(), before).allSatisfy(>) }
    }

    /// Checks that stale typing is not delivered, independently of the stream's position.
    private func expectNoTyping(
        since end: Duration, _ gateway: GatewayProcess, newest: [Int]
    ) throws {
        try fixture.wait(for: "the end of fresh typing") { fixture.loop.now - end > .seconds(6) }
        let late = channels.map {
            ResumingStream(
                fixture, gateway.http, "/events?channel=\($0)&after=earliest", delay: .seconds(60))
        }
        try fixture.wait(for: "all that is held") {
            late.enumerated().allSatisfy { $1.messages.newest >= newest[$0] }
        }
        for stream in late { stream.close() }
        #expect(
            late.allSatisfy {
                $0.counts.typing == 0 && $0.messages.repeated == 0 && $0.messages.lost == 0
            })
    }

    private func start() throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "unix:\(fixture.directory.file("http"))",
            variables: [
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
                "PASSERELLE_PIN": channels.joined(separator: ","),
                "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h", "PASSERELLE_LOG": "info",
                "PASSERELLE_IPC": fixture.directory.file("line"),
            ])
    }

    /// Waits until every reader has received its share of `more` further events.
    private func awaitEvents(_ more: Int, _ events: NumberedEvents, _ readers: Readers) throws {
        let goal = events.begun + more
        func late() -> Int { readers.messages.count { $0.newest < goal / channels.count } }
        try fixture.wait(for: "event \(goal) at \(late()) readers") { late() == 0 }
    }

    /// The numbers of the messages that are certainly on the disk, by position.
    private func acknowledged(_ gateway: GatewayProcess) throws -> [String: Int] {
        var known: [String: Int] = [:]
        try fixture.wait(for: "a second's events on the disk, after \(known.count)") {
            let synced = Self.sequence(try gateway.status().string(["journal", "synced"]))
            known = try held(gateway).filter { Self.sequence($0.key) <= synced }
            return known.count > load.eventsPerSecond
        }
        return known
    }

    /// Checks that every acknowledged message is held at its position.
    private func expectKept(_ gateway: GatewayProcess, _ known: [String: Int]) throws {
        let held = try held(gateway)
        let lost = known.filter { held[$0.key] != $0.value }
        #expect(lost.isEmpty, "lost \(lost.count) of \(known.count), which were acknowledged")
    }

    private func held(_ gateway: GatewayProcess) throws -> [String: Int] {
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        var held: [String: Int] = [:]
        for channel in channels {
            var after = "earliest"
            var hasMore = true
            while hasMore {
                let answer = try line.ask("HISTORY \(channel) after=\(after) limit=1000")
                for bytes in try answer.elements(["events"]) {
                    let event = try JSONText(bytes)
                    guard try event.string(["event"]) == "new-message" else { continue }
                    held[try event.string(["id"])] = try event.number(["data", "n"])
                }
                after = try answer.string(["position"])
                hasMore = try answer.raw(["more"]) == "true"
            }
        }
        return held
    }

    private static func sequence(_ position: String) -> Int {
        Int(position.split(separator: "-").last ?? "") ?? -1
    }
}
