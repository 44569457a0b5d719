// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The running gateway is replaced under load again and again: no stream, poll or line connection
/// ends, and each receives every event once and no gap.
///
/// With `PASSERELLE_TEST_WHOLE=1`: 1,000 streams, 200 events a second, 100 upgrades. It prints the
/// figures.
@Suite(.serialized)
struct UpgradeUnderLoadTests {
    private struct Load {
        var streams = 100
        var channels = 5
        var eventsPerSecond = 100
        var upgrades = 5

        static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil
        static let chosen =
            !isWhole
            ? Load() : Load(streams: 1000, channels: 10, eventsPerSecond: 200, upgrades: 100)
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

    @Test(arguments: [true, false])
    func `an upgrade drops nothing, loses nothing and repeats nothing`(
        hasStateDirectory: Bool
    ) throws {
        let gateway = try start(hasStateDirectory)
        defer { gateway.killAll() }
        let streams = (0..<load.streams).map { open($0, gateway) }
        let others = channels.enumerated().flatMap { number, channel in
            ResumingReader.Style.allCases.map {
                ResumingReader(
                    fixture, $0, gateway, channel, delay: .milliseconds(100 + number * 30))
            }
        }
        let events = NumberedEvents(sandbox, channels)
        let clock = PacedEvents(events, fixture, perSecond: load.eventsPerSecond)
        try awaitEvents(load.eventsPerSecond, events, streams, others)
        let typingBefore = streams.map(\.typing)
        // All typists share a connection to Channels, which takes ten client events a second.
        let pause = Duration.milliseconds(max(700, 150 * channels.count))
        let typists = channels.enumerated().map { number, channel in
            TypingClient(
                fixture, gateway.http, channel, user: "typist-\(number)", pause: pause)
        }
        var silences: [Duration] = []
        for round in 0..<load.upgrades {
            try awaitEvents(load.eventsPerSecond, events, streams, others)
            for stream in streams { stream.restartClock() }
            try gateway.upgrade(byCommand: round % 2 == 1)
            try awaitEvents(load.eventsPerSecond / 2, events, streams, others)
            silences += streams.map(\.longestSilence)
        }
        try fixture.rest(.seconds(1))
        for typist in typists { typist.stop() }
        clock.stop()
        try events.pause()
        try awaitEvents(0, events, streams, others)
        try fixture.rest(.milliseconds(500))
        let typing = zip(streams, typingBefore).map { $0.typing - $1 }
        report(streams, others, typists, typing, silences, events.begun)
        expectUnbroken(streams, others)
        expectTyping(streams, typists, typing)
        #expect(gateway.upgrades == load.upgrades)
        kill(gateway.currentPID, SIGTERM)
        for stream in streams { stream.close() }
        for reader in others { reader.close() }
    }

    private func expectUnbroken(_ streams: [UnbrokenStream], _ others: [ResumingReader]) {
        #expect(streams.count { $0.end != nil } == 0, "streams ended")
        let all = streams.map(\.messages).reduce(NumberedDeliveries(), +)
        #expect(all.lost == 0 && all.repeated == 0 && all.gaps == 0 && all.ahead == 0, "\(all)")
        #expect(streams.count { $0.departures > 0 } == 0, "members left")
        for style in ResumingReader.Style.allCases {
            let readers = others.filter { $0.style == style }
            let sum = readers.map(\.messages).reduce(NumberedDeliveries(), +)
            #expect(
                sum.lost == 0 && sum.repeated == 0 && sum.gaps == 0 && sum.ahead == 0,
                "\(style): \(sum)")
            #expect(readers.reduce(0) { $0 + $1.ends } == 0, "\(style)")
        }
        #expect(others.compactMap(\.failure).isEmpty, "\(others.compactMap(\.failure))")
    }

    /// Checks that every accepted typing event reached every stream of others once.
    private func expectTyping(
        _ streams: [UnbrokenStream], _ typists: [TypingClient], _ typing: [Int]
    ) {
        #expect(streams.reduce(0) { $0 + $1.repeatedTyping } == 0)
        for (number, typist) in typists.enumerated() {
            #expect(Set(typist.answers.keys).isSubset(of: [202, 429]), "\(typist.answers)")
            let accepted = typist.answers[202] ?? 0
            let received = stride(from: number, to: streams.count, by: channels.count)
                .dropFirst().map { typing[$0] }
            #expect(
                accepted > 0 && received.allSatisfy { $0 == accepted }, "\(accepted) \(received)")
            #expect(typing[number] == 0, "a stream received its own typing")
        }
    }

    private func report(
        _ streams: [UnbrokenStream], _ others: [ResumingReader], _ typists: [TypingClient],
        _ typing: [Int], _ silences: [Duration], _ count: Int
    ) {
        guard Load.isWhole else { return }
        let all = (streams.map(\.messages) + others.map(\.messages))
            .reduce(NumberedDeliveries(), +)
        let sorted = silences.sorted()
        func silence(_ part: Double) -> String {
            let index = min(sorted.count - 1, Int(Double(sorted.count) * part))
            return "\((sorted[index] / .milliseconds(1)).rounded()) ms"
        }
        let dropped = streams.count { $0.end != nil } + others.reduce(0) { $0 + $1.ends }
        print(
            "\(load): \(count) events, dropped \(dropped), lost \(all.lost), duplicated"
                + " \(all.repeated), gaps \(all.gaps), typing \(typing.reduce(0, +)), longest"
                + " silence p50 \(silence(0.5)), p99 \(silence(0.99)), max \(silence(1))")
    }

    /// The first stream on each channel belongs to the user who types there.
    private func open(_ number: Int, _ gateway: GatewayProcess) -> UnbrokenStream {
        let user = number < channels.count ? "&user=typist-\(number)" : ""
        let addresses = gateway.addresses
        return UnbrokenStream(
            fixture, addresses[number / channels.count % addresses.count],
            "/events?channel=\(channels[number % channels.count])\(user)",
            version: number % 7 == 6 ? .http10 : .http11)
    }

    private func start(_ hasStateDirectory: Bool) throws -> GatewayProcess {
        var variables = [
            "PASSERELLE_PIN": channels.joined(separator: ","),
            "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h", "PASSERELLE_LOG": "info",
            "PASSERELLE_IPC": fixture.directory.file("line"),
        ]
        if hasStateDirectory {
            variables["PASSERELLE_STATE_DIR"] = fixture.directory.file("state")
        }
        return try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            http: "127.0.0.1:0,unix:\(fixture.directory.file("http"))", variables: variables)
    }

    /// Waits until every reader has received its share of `more` further events.
    private func awaitEvents(
        _ more: Int, _ events: NumberedEvents, _ streams: [UnbrokenStream],
        _ others: [ResumingReader]
    ) throws {
        let goal = events.begun + more
        let messages = { streams.map(\.messages) + others.map(\.messages) }
        func late() -> Int { messages().count { $0.newest < goal / channels.count } }
        try fixture.wait(for: "event \(goal) at \(late()) readers") { late() == 0 }
    }
}
