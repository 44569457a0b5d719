// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

/// The gateway is killed or stopped under load again and again: every stream reconnects by itself
/// and receives each event once, or a gap.
///
/// Meanwhile, one user types on each channel: typing is delivered once while it is fresh, and is
/// neither kept nor missed.
///
/// With `PASSERELLE_TEST_WHOLE=1`: a thousand streams, 200 events a second, ten rounds.
@Suite(.serialized)
struct RestartUnderLoadTests {
    private struct Load {
        var streams = 100
        var channels = 5
        var eventsPerSecond = 100
        var ends = 2

        static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil
        static let chosen =
            !isWhole ? Load() : Load(streams: 1000, channels: 10, eventsPerSecond: 200, ends: 10)
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
    func `streams reconnect by themselves, and receive each event once or a gap`(
        signal: Int32
    ) throws {
        var gateway = try start()
        let streams = (0..<load.streams).map { open($0, gateway) }
        let typists = typists(at: gateway)
        let events = NumberedEvents(sandbox, channels)
        let clock = PacedEvents(events, fixture, perSecond: load.eventsPerSecond)
        for _ in 0..<load.ends {
            try awaitEvents(2 * load.eventsPerSecond, events, streams)
            try awaitTyping(streams)
            let known = try acknowledged(gateway)
            #expect(try gateway.stop(signal) == (signal == SIGKILL ? 137 : 0))
            for stream in streams { stream.lifeBegan = Date.now }
            gateway = try start()
            try expectKept(gateway, known)
        }
        try awaitTyping(streams)
        for typist in typists { typist.stop() }
        let typingEnded = fixture.loop.now
        try awaitEvents(2 * load.eventsPerSecond, events, streams)
        clock.stop()
        try events.pause()
        try awaitEvents(0, events, streams)
        let counts = streams.map(\.counts).reduce(ResumingStream.Counts(), +)
        let own = streams.prefix(channels.count).map(\.counts.typing)
        for stream in streams { stream.close() }
        let typing = typists.map(\.answers).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        if Load.isWhole {
            print(
                "\(load) ended by \(signal): \(events.begun) events, \(counts), typing \(typing)")
        }
        #expect(counts.doubles == 0 && counts.missed == 0)
        expectTyping(counts, own: own, answers: typing)
        try expectNoTyping(since: typingEnded, gateway, newest: streams.map(\.newest))
        // A graceful shutdown syncs everything: every position is valid afterwards.
        if signal == SIGTERM { #expect(counts.unknownPositions == 0) }
        #expect(counts.resumptions >= load.ends * load.streams)
        #expect(counts.gaps >= load.ends * load.streams)
    }

    /// The first stream on each channel belongs to the user who types there.
    private func open(_ number: Int, _ gateway: GatewayProcess) -> ResumingStream {
        let user = number < channels.count ? "&user=typist-\(number)" : ""
        return ResumingStream(
            fixture, gateway.http, "/events?channel=\(channels[number % channels.count])\(user)",
            delay: .milliseconds(100 + number % 300))
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
            late.enumerated().allSatisfy { $1.newest >= newest[$0] }
        }
        let counts = late.map(\.counts).reduce(ResumingStream.Counts(), +)
        for stream in late { stream.close() }
        #expect(counts.typing == 0 && counts.doubles == 0 && counts.missed == 0)
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

    /// Waits until every stream has received its share of `more` further events.
    private func awaitEvents(
        _ more: Int, _ events: NumberedEvents, _ streams: [ResumingStream]
    ) throws {
        let goal = events.begun + more
        func isDone(_ number: Int, _ stream: ResumingStream) -> Bool {
            stream.newest >= goal / channels.count
        }
        try fixture.wait(
            for: "event \(goal) at \(streams.enumerated().count { !isDone($0, $1) }) streams"
        ) { streams.enumerated().allSatisfy { isDone($0, $1) } }
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
