// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The script of a real chat, published in real shapes and received on every surface at the same
/// time.
@Suite(.serialized)
struct ChatScenarioTests {
    @Test(arguments: [UpstreamRoute.Scheme.ws, .wss])
    func `the whole script arrives on every surface in order and once, with the right members`(
        scheme: UpstreamRoute.Scheme
    ) throws {
        let scenario = try ChatScenario(scheme)
        let pusher = try PythonPublisher(scenario.fixture, port: scenario.sandbox.port)
        var isTurnOfPython = false
        for step in scenario.script.steps {
            switch step {
            case .join(let userID, let info): try scenario.join(userID, info)
            case .leave(let userID): try scenario.leave(userID)
            case .send(let userID, let event, let data): try scenario.send(userID, event, data)
            case .publish(let event, let data):
                if isTurnOfPython {
                    try pusher.publish(scenario.channel, event, data)
                } else {
                    try scenario.sandbox.publish(scenario.channel, event, data)
                }
                isTurnOfPython.toggle()
                scenario.expect("\(event) \(data) -")
            }
            try scenario.awaitExpected()
            try scenario.checkPresence()
        }
        // The history does not depend on the scheme of the upstream connection.
        if scheme == .ws { try scenario.checkReplays() }
        try scenario.checkOrder()
        #expect(try scenario.gateway.stop() == 0)
    }

    @Test func `data is delivered byte for byte as published, whatever its form`() throws {
        let scenario = try ChatScenario(.ws)
        // The data published, and the data delivered if it differs.
        let cases: [(data: String, delivered: String?)] = [
            (#"{"n":1.0,"e":1E+2,"big":123456789012345678901234567890,"z":-0,"f":0.10}"#, nil),
            (#"{"b":1,"a":2,"b":3,"":null}"#, nil),
            (#"{"s":"\u00e9\/\ud83d\ude00\u2028","raw":"é😀/\#u{2028}\#u{7f}"}"#, nil),
            (#"{"lone":"\ud800","pair":"\udc00\ud800"}"#, nil),
            ("{ \"a\" :\t[ 1 , 2 ] , \"o\" : { } }", nil),
            ("{\"a\":\n[1,\r\n2]}", #"{"a": [1,  2]}"#),
            (#""a JSON string""#, nil), ("42", nil), ("-1.5e-7", nil), ("true", nil),
            ("null", nil), ("[]", nil), ("{}", nil),
            ("just text", #""just text""#), ("", #""""#), ("01", #""01""#),
            (#"{"cut":"#, #""{\"cut\":""#), ("NaN", #""NaN""#),
            ("two\nlines\tand \"quotes\" \\ é", #""two\nlines\tand \"quotes\" \\ é""#),
            ("event: x\ndata: y\n\n", #""event: x\ndata: y\n\n""#),
            (#"{"text":"data: x\n\nid: 1\r\n"}"#, nil),
            ("\"" + String(repeating: "é", count: 5_000) + "\"", nil),
        ]
        for (data, delivered) in cases {
            try scenario.sandbox.publish(scenario.channel, "new-request", data)
            scenario.expect("new-request \(delivered ?? data) -")
            try scenario.awaitExpected()
        }
        try scenario.checkReplays()
        try scenario.checkOrder()
    }

    @Test func `a payload without its envelope is delivered only if it is requested`() throws {
        let scenario = try ChatScenario(.ws)
        let caller = try Subprocess(
            "curl",
            [
                "-sN",
                "http://\(scenario.gateway.http)/events?format=data&channel=\(scenario.channel)",
            ])
        try scenario.fixture.wait(for: "the snapshot") { caller.output.contains(#""presence""#) }
        try scenario.sandbox.publish(scenario.channel, "request-updated", #"{ "a":1.0}"#)
        try scenario.fixture.wait(for: "the event") {
            caller.output.contains("event: request-updated\n")
                && caller.output.contains("data: { \"a\":1.0}\n\n")
        }
    }
}

/// One channel with its sandbox, its gateway, its readers and the people in it.
private final class ChatScenario {
    let fixture: EndToEndFixture
    let script: ChatScript
    let sandbox: SandboxProcess
    let gateway: GatewayProcess
    let readers: [any SurfaceClient]
    private let way: UpstreamRoute
    private var people: [String: ChannelsMember] = [:]
    private var expected: [String] = []
    private var lastTyping: ContinuousClock.Instant?

    var channel: String { script.channel }

    init(_ scheme: UpstreamRoute.Scheme) throws {
        fixture = try EndToEndFixture()
        script = try ChatScript()
        sandbox = try SandboxProcess(fixture)
        let http = "127.0.0.1:0,unix:\(fixture.directory.file("http"))"
        way = try UpstreamRoute(fixture, to: sandbox, by: scheme)
        gateway = try GatewayProcess(
            fixture, upstreamPort: way.port, http: http, variables: way.variables)
        readers = try Self.listen(fixture, gateway, script.channel)
    }

    private static func listen(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess, _ channel: String
    ) throws -> [any SurfaceClient] {
        let target = "/events?channel=\(channel)"
        let streams = [
            StreamClient(fixture, gateway.http, target),
            StreamClient(fixture, gateway.addresses[1], target),
        ]
        let polls = [
            PollClient(fixture, gateway.http, [channel], .cursor),
            PollClient(fixture, gateway.http, [channel], .conditional),
            PollClient(fixture, gateway.http, [channel], .cursor, wait: 1, limit: 1),
        ]
        let lines = [
            LineClient(fixture, path: gateway.ipc), LineClient(fixture, path: gateway.ipc),
        ]
        for line in lines { line.send("SUBSCRIBE \(channel)") }
        try fixture.wait(for: "every reader") {
            streams.allSatisfy { $0.snapshots[channel] != nil }
                && polls.allSatisfy { $0.position != nil }
                && lines.allSatisfy { $0.replies.count == 1 }
        }
        return streams + polls + lines
    }

    // MARK: - Events

    func join(_ userID: String, _ info: String) throws {
        let person = try ChannelsMember(fixture, port: sandbox.port, userID: userID, info: info)
        try person.join(channel)
        people[userID] = person
        expect(#"pusher:member_added {"user_id":"\#(userID)","user_info":\#(info)} -"#)
    }

    func leave(_ userID: String) throws {
        people.removeValue(forKey: userID)?.leave()
        expect(#"pusher:member_removed {"user_id":"\#(userID)"} -"#)
    }

    func send(_ userID: String, _ event: String, _ data: String) throws {
        let person = try #require(people[userID])
        person.send(channel, event, data)
        lastTyping = .now
        expect("\(event) \(data) \(userID)")
    }

    func expect(_ published: String) { expected.append(published) }

    // MARK: - Expectations

    /// Waits until every reader has received all expected events, and checks that it received no
    /// others.
    func awaitExpected() throws {
        try fixture.wait(for: "\(expected.last ?? "nothing") at every reader: \(received)") {
            readers.allSatisfy { $0.delivered.count >= expected.count }
        }
        for reader in readers {
            #expect(reader.delivered.map(\.published) == expected, "\(reader.name)")
        }
    }

    private var received: String {
        readers.map { "\($0.name) \($0.delivered.count)" }.joined(separator: ", ")
    }

    /// Requests the members on every surface: all must agree with the REST interface of Channels.
    func checkPresence() throws {
        let there = people.mapValues(\.info)
        #expect(try sandbox.users(of: channel) == Set(there.keys))
        #expect(try gateway.members(of: channel) == there)
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        let members = try line.ask("MEMBERS \(channel)")
        #expect(try members.pairs(at: ["members"], "user_id", "user_info") == there)
        #expect(try members.number(["count"]) == there.count)
        let poll = try JSONText(try gateway.get("/poll?channel=\(channel)").body)
        #expect(try poll.members(["members", channel, "hash"]) == there)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(channel)")
        defer { stream.close() }
        try fixture.wait(for: "a snapshot") { stream.snapshots[channel] != nil }
        let snapshot = try #require(stream.snapshots[channel])
        #expect(try snapshot.members(["presence", "hash"]) == there)
        #expect(try snapshot.elements(["presence", "ids"]).count == there.count)
        #expect(try snapshot.number(["presence", "count"]) == there.count)
    }

    /// Checks that a late reader receives every event that is not stale, retracted or covered by
    /// the snapshot.
    func checkReplays() throws {
        // A client event is stale after three seconds.
        try fixture.wait(for: "the end of the last typing") {
            lastTyping.map { ContinuousClock.now - $0 > .seconds(4) } ?? true
        }
        let taken = expected.firstIndex {
            $0.hasPrefix("message-deleted") && $0.contains("msg_0003")
        }
        let all = expected.filter { published in
            let isTaken = taken != nil && published.contains(#""id": "msg_0003""#)
            return !published.hasPrefix("client-") && !isTaken
        }
        let messages = all.filter { !$0.hasPrefix("pusher:member_") }
        let poll = try JSONText(
            try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let polled = try poll.elements(["events"]).map { try DeliveredEvent($0).published }
        #expect(polled == all)
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        let history = try line.ask("HISTORY \(channel)")
        let remembered = try history.elements(["events"]).map { try DeliveredEvent($0).published }
        #expect(remembered == all)
        for count in [1, 3] {
            let last = try JSONText(try gateway.get("/poll?channel=\(channel)&last=\(count)").body)
            let published = try last.elements(["events"]).map { try DeliveredEvent($0).published }
            #expect(published == messages.suffix(count))
        }
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=\(channel)&after=earliest")
        defer { stream.close() }
        try fixture.wait(for: "the replay") { stream.delivered.count >= messages.count }
        #expect(stream.delivered.map(\.published) == messages)
        try checkResumption()
    }

    /// Checks that each surface resumes with the same events after each position, independently of
    /// the surface that delivered the position.
    private func checkResumption() throws {
        let delivered = readers[0].delivered.filter { !$0.event.hasPrefix("client-") }
        let whole = try JSONText(
            try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let kept = try whole.elements(["events"]).map { try DeliveredEvent($0) }
        for event in delivered {
            let rest = kept.filter { $0.sequence > event.sequence }
            let poll = try gateway.get("/poll?channel=\(channel)&after=\(event.id)")
            let polled = try JSONText(poll.body).elements(["events"]).map { try DeliveredEvent($0) }
            #expect(polled == rest)
            let line = LineClient(fixture, path: gateway.ipc)
            defer { line.close() }
            line.send("SUBSCRIBE \(channel) after=\(event.id)")
            let stream = StreamClient(
                fixture, gateway.http, "/events?channel=\(channel)",
                fields: ["Last-Event-ID": event.id])
            defer { stream.close() }
            let messages = rest.filter { !$0.isMemberChange }
            try fixture.wait(for: "the rest of the script") {
                stream.delivered.count >= messages.count && stream.snapshots[channel] != nil
                    && line.delivered.count >= messages.count && !line.replies.isEmpty
            }
            #expect(stream.delivered == messages)
            #expect(line.delivered == messages)
        }
    }

    /// Checks that positions increase, and that all readers received the same objects, each once.
    func checkOrder() throws {
        let first = readers[0].delivered
        for reader in readers {
            #expect(reader.delivered == first, "\(reader.name)")
        }
        for (one, next) in zip(first, first.dropFirst()) {
            #expect(one.sequence < next.sequence)
            #expect(one.time <= next.time)
        }
    }
}
