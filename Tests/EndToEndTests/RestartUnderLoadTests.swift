// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc
import PasserelleNet
import PasserelleTesting
import Testing

/// The gateway is killed, or asked to end, under load and again and again: every stream comes back
/// by itself and hears each event once, or a gap.
///
/// Meanwhile, somebody types on each channel: that is told once while it is news, and neither kept
/// nor missed.
///
/// With `PASSERELLE_TEST_WHOLE=1`: a thousand streams, 200 events a second, ten times over.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RestartUnderLoadTests {
    private struct Load {
        var streams = 100
        var channels = 5
        var eventsPerSecond = 100
        var ends = 2

        static let isWhole = ProcessEnvironment.value("PASSERELLE_TEST_WHOLE") != nil
        static let chosen =
            !isWhole ? Load() : Load(streams: 1000, channels: 10, eventsPerSecond: 200, ends: 10)
    }

    private let load = Load.chosen
    private let stage: Stage
    private let sandbox: SandboxProcess
    private let channels: [String]

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        channels = (0..<load.channels).map { "presence-bail-\($0)" }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 8192)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `streams come back by themselves, and hear each event once or a gap`(
        signal: Int32
    ) throws {
        var gateway = try start()
        let streams = (0..<load.streams).map { open($0, gateway) }
        let typists = channels.enumerated().map { number, channel in
            Typist(
                stage, gateway.http, channel, user: "typist-\(number)", pause: .milliseconds(700))
        }
        let events = NumberedEvents(sandbox, channels)
        let clock = PacedEvents(events, stage, perSecond: load.eventsPerSecond)
        for _ in 0..<load.ends {
            try hear(2 * load.eventsPerSecond, events, streams)
            try hearTyping(streams)
            let known = try acknowledged(gateway)
            #expect(try gateway.stop(signal) == (signal == SIGKILL ? 137 : 0))
            for stream in streams { stream.lifeBegan = Date.now }
            gateway = try start()
            try expectKept(gateway, known)
        }
        try hearTyping(streams)
        for typist in typists { typist.stop() }
        let typingEnded = stage.loop.now
        try hear(2 * load.eventsPerSecond, events, streams)
        clock.stop()
        try events.pause()
        try hear(0, events, streams)
        let counts = streams.map(\.counts).reduce(ResumingStream.Counts(), +)
        let own = streams.prefix(channels.count).map(\.counts.typing)
        for stream in streams { stream.close() }
        let typing = typists.map(\.answers).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        if Load.isWhole {
            print(
                "\(load) ended by \(signal): \(events.begun) events, \(counts), typing \(typing)")
        }
        #expect(counts.doubles == 0 && counts.untold == 0)
        #expect(counts.repeatedTyping == 0 && counts.staleTyping == 0)
        #expect(own.allSatisfy { $0 == 0 }, "told what they typed themselves: \(own)")
        #expect(Set(typing.keys).isSubset(of: [202, 429, 503]), "\(typing)")
        try expectNoTyping(since: typingEnded, gateway, newest: streams.map(\.newest))
        // An end in order writes down all that was said: every position is good afterwards.
        if signal == SIGTERM { #expect(counts.unknownPositions == 0) }
        #expect(counts.resumptions >= load.ends * load.streams)
        #expect(counts.gaps >= load.ends * load.streams)
    }

    /// The first stream on each channel is of the user who types there.
    private func open(_ number: Int, _ gateway: GatewayProcess) -> ResumingStream {
        let user = number < channels.count ? "&user=typist-\(number)" : ""
        return ResumingStream(
            stage, gateway.http, "/events?channel=\(channels[number % channels.count])\(user)",
            delay: .milliseconds(100 + number % 300))
    }

    /// Waits until typing has come to some stream of each channel that it had not come to before.
    private func hearTyping(_ streams: [ResumingStream]) throws {
        func count() -> [Int] {
            channels.indices.map { channel in
                stride(from: channel, to: streams.count, by: channels.count)
                    .reduce(0) { $0 + streams[$1].counts.typing }
            }
        }
        let before = count()
        try stage.wait(for: "typing on each channel") { zip(count(), before).allSatisfy(>) }
    }

    /// Once it is stale, nobody hears of what was typed, wherever they begin.
    private func expectNoTyping(
        since end: Duration, _ gateway: GatewayProcess, newest: [Int]
    ) throws {
        try stage.wait(for: "the end of what is news") { stage.loop.now - end > .seconds(6) }
        let late = channels.map {
            ResumingStream(
                stage, gateway.http, "/events?channel=\($0)&after=earliest", delay: .seconds(60))
        }
        try stage.wait(for: "all that is held") {
            late.enumerated().allSatisfy { $1.newest >= newest[$0] }
        }
        let counts = late.map(\.counts).reduce(ResumingStream.Counts(), +)
        for stream in late { stream.close() }
        #expect(counts.typing == 0 && counts.doubles == 0 && counts.untold == 0)
    }

    private func start() throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port, http: "unix:\(stage.folder.file("http"))",
            variables: [
                "PASSERELLE_STATE_DIR": stage.folder.file("state"),
                "PASSERELLE_PIN": channels.joined(separator: ","),
                "PASSERELLE_HISTORY": "100000 events, 64 MiB, 1h", "PASSERELLE_LOG": "info",
                "PASSERELLE_IPC": stage.folder.file("line"),
            ])
    }

    /// Waits until every stream has heard what comes after so many events more.
    private func hear(
        _ more: Int, _ events: NumberedEvents, _ streams: [ResumingStream]
    ) throws {
        let goal = events.begun + more
        func isDone(_ number: Int, _ stream: ResumingStream) -> Bool {
            stream.newest >= goal / channels.count
        }
        try stage.wait(
            for: "event \(goal) at \(streams.enumerated().count { !isDone($0, $1) }) streams",
            within: .seconds(120)
        ) { streams.enumerated().allSatisfy { isDone($0, $1) } }
    }

    /// What is on the disk for certain: the numbers of the messages by their positions.
    private func acknowledged(_ gateway: GatewayProcess) throws -> [String: Int] {
        let synced = Self.sequence(try gateway.status().string(["journal", "synced"]))
        return try held(gateway).filter { Self.sequence($0.key) <= synced }
    }

    /// All that was acknowledged is held, each message where it was.
    private func expectKept(_ gateway: GatewayProcess, _ known: [String: Int]) throws {
        #expect(known.count > load.eventsPerSecond)
        let held = try held(gateway)
        let lost = known.filter { held[$0.key] != $0.value }
        #expect(lost.isEmpty, "lost \(lost.count) of \(known.count), which were acknowledged")
    }

    private func held(_ gateway: GatewayProcess) throws -> [String: Int] {
        let line = LineClient(stage, path: gateway.ipc)
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
