// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A day of a real chat, published as it is published in life, and heard on every surface at once.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ChatDayTests {
    @Test(arguments: [UpstreamWay.Scheme.ws, .wss])
    func `the whole day arrives on every surface, in order and once, and who is there is right`(
        scheme: UpstreamWay.Scheme
    ) throws {
        let scene = try ChatScene(scheme)
        let pusher = try PythonPublisher(scene.stage, port: scene.sandbox.port)
        var isTurnOfPython = false
        for step in scene.day.steps {
            switch step {
            case .join(let userID, let info): try scene.join(userID, info)
            case .leave(let userID): try scene.leave(userID)
            case .say(let userID, let event, let data): try scene.say(userID, event, data)
            case .publish(let event, let data):
                if isTurnOfPython {
                    try pusher.publish(scene.channel, event, data)
                } else {
                    try scene.sandbox.publish(scene.channel, event, data)
                }
                isTurnOfPython.toggle()
                scene.expect("\(event) \(data) -")
            }
            try scene.awaitExpected()
            try scene.checkPresence()
        }
        // What is remembered does not depend on how it came.
        if scheme == .ws { try scene.checkReplays() }
        try scene.checkOrder()
        #expect(try scene.gateway.stop() == 0)
    }

    @Test func `data is byte for byte what was published, whatever it looks like`() throws {
        let scene = try ChatScene(.ws)
        // What is published, and what it is told as where that is not the same.
        let cases: [(data: String, told: String?)] = [
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
        for (data, told) in cases {
            try scene.sandbox.publish(scene.channel, "new-request", data)
            scene.expect("new-request \(told ?? data) -")
            try scene.awaitExpected()
        }
        try scene.checkReplays()
        try scene.checkOrder()
    }

    @Test func `a payload alone is told where only that is asked for`() throws {
        let scene = try ChatScene(.ws)
        let caller = try Subprocess(
            "curl",
            [
                "-sN", "http://\(scene.gateway.http)/events?format=data&channel=\(scene.channel)",
            ])
        try scene.stage.wait(for: "the snapshot") { caller.output.contains(#""presence""#) }
        try scene.sandbox.publish(scene.channel, "request-updated", #"{ "a":1.0}"#)
        try scene.stage.wait(for: "the event") {
            caller.output.contains("event: request-updated\n")
                && caller.output.contains("data: { \"a\":1.0}\n\n")
        }
    }
}

/// One channel with its sandbox, its gateway, its readers and the people in it.
private final class ChatScene {
    let stage: Stage
    let day: ChatDay
    let sandbox: SandboxProcess
    let gateway: GatewayProcess
    let ears: [any Ear]
    private let way: UpstreamWay
    private var people: [String: ChannelsMember] = [:]
    private var expected: [String] = []
    private var lastTyping: ContinuousClock.Instant?

    var channel: String { day.channel }

    init(_ scheme: UpstreamWay.Scheme) throws {
        stage = try Stage()
        day = try ChatDay()
        sandbox = try SandboxProcess(stage)
        let http = "127.0.0.1:0,unix:\(stage.folder.file("http"))"
        way = try UpstreamWay(stage, to: sandbox, by: scheme)
        gateway = try GatewayProcess(
            stage, upstreamPort: way.port, http: http, variables: way.variables)
        ears = try Self.listen(stage, gateway, day.channel)
    }

    private static func listen(
        _ stage: Stage, _ gateway: GatewayProcess, _ channel: String
    ) throws -> [any Ear] {
        let target = "/events?channel=\(channel)"
        let streams = [
            StreamClient(stage, gateway.http, target),
            StreamClient(stage, gateway.addresses[1], target),
        ]
        let polls = [
            PollClient(stage, gateway.http, [channel], .cursor),
            PollClient(stage, gateway.http, [channel], .conditional),
            PollClient(stage, gateway.http, [channel], .cursor, wait: 1, limit: 1),
        ]
        let lines = [
            LineClient(stage, path: gateway.ipc), LineClient(stage, path: gateway.ipc),
        ]
        for line in lines { line.say("SUBSCRIBE \(channel)") }
        try stage.wait(for: "every reader") {
            streams.allSatisfy { $0.snapshots[channel] != nil }
                && polls.allSatisfy { $0.position != nil }
                && lines.allSatisfy { $0.replies.count == 1 }
        }
        return streams + polls + lines
    }

    // MARK: - What happens

    func join(_ userID: String, _ info: String) throws {
        let person = try ChannelsMember(stage, port: sandbox.port, userID: userID, info: info)
        try person.join(channel)
        people[userID] = person
        expect(#"pusher:member_added {"user_id":"\#(userID)","user_info":\#(info)} -"#)
    }

    func leave(_ userID: String) throws {
        people.removeValue(forKey: userID)?.leave()
        expect(#"pusher:member_removed {"user_id":"\#(userID)"} -"#)
    }

    func say(_ userID: String, _ event: String, _ data: String) throws {
        let person = try #require(people[userID])
        person.send(channel, event, data)
        lastTyping = .now
        expect("\(event) \(data) \(userID)")
    }

    func expect(_ said: String) { expected.append(said) }

    // MARK: - What is heard

    /// Waits until every reader has heard all that was said, and no more.
    func awaitExpected() throws {
        try stage.wait(for: "\(expected.last ?? "nothing") at every reader: \(heard)") {
            ears.allSatisfy { $0.told.count >= expected.count }
        }
        for ear in ears { #expect(ear.told.map(\.said) == expected, "\(ear.name)") }
    }

    private var heard: String { ears.map { "\($0.name) \($0.told.count)" }.joined(separator: ", ") }

    /// Asks every surface who is there: all agree with Channels' own REST interface.
    func checkPresence() throws {
        let there = people.mapValues(\.info)
        #expect(try sandbox.users(of: channel) == Set(there.keys))
        #expect(try gateway.members(of: channel) == there)
        let line = LineClient(stage, path: gateway.ipc)
        defer { line.close() }
        let members = try line.ask("MEMBERS \(channel)")
        #expect(try members.pairs(at: ["members"], "user_id", "user_info") == there)
        #expect(try members.number(["count"]) == there.count)
        let poll = try JSONText(try gateway.get("/poll?channel=\(channel)").body)
        #expect(try poll.members(["members", channel, "hash"]) == there)
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(channel)")
        defer { stream.close() }
        try stage.wait(for: "a snapshot") { stream.snapshots[channel] != nil }
        let snapshot = try #require(stream.snapshots[channel])
        #expect(try snapshot.members(["presence", "hash"]) == there)
        #expect(try snapshot.elements(["presence", "ids"]).count == there.count)
        #expect(try snapshot.number(["presence", "count"]) == there.count)
    }

    /// Who comes later is told all that is not stale, taken back, or in the snapshot.
    func checkReplays() throws {
        // Client events live for three seconds.
        try stage.wait(for: "the end of the last typing") {
            lastTyping.map { ContinuousClock.now - $0 > .seconds(4) } ?? true
        }
        let taken = expected.firstIndex {
            $0.hasPrefix("message-deleted") && $0.contains("msg_0003")
        }
        let all = expected.filter { said in
            let isTaken = taken != nil && said.contains(#""id": "msg_0003""#)
            return !said.hasPrefix("client-") && !isTaken
        }
        let messages = all.filter { !$0.hasPrefix("pusher:member_") }
        let poll = try JSONText(
            try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let polled = try poll.elements(["events"]).map { try Told($0).said }
        #expect(polled == all)
        let line = LineClient(stage, path: gateway.ipc)
        defer { line.close() }
        let history = try line.ask("HISTORY \(channel)")
        let remembered = try history.elements(["events"]).map { try Told($0).said }
        #expect(remembered == all)
        for count in [1, 3] {
            let last = try JSONText(try gateway.get("/poll?channel=\(channel)&last=\(count)").body)
            let said = try last.elements(["events"]).map { try Told($0).said }
            #expect(said == messages.suffix(count))
        }
        let stream = StreamClient(
            stage, gateway.http, "/events?channel=\(channel)&after=earliest")
        defer { stream.close() }
        try stage.wait(for: "the replay") { stream.told.count >= messages.count }
        #expect(stream.told.map(\.said) == messages)
        try checkResumption()
    }

    /// From each position on, each surface goes on with the same events, whoever told the position.
    private func checkResumption() throws {
        let told = ears[0].told.filter { !$0.event.hasPrefix("client-") }
        let whole = try JSONText(
            try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let kept = try whole.elements(["events"]).map { try Told($0) }
        for event in told {
            let rest = kept.filter { $0.sequence > event.sequence }
            let poll = try gateway.get("/poll?channel=\(channel)&after=\(event.id)")
            let polled = try JSONText(poll.body).elements(["events"]).map { try Told($0) }
            #expect(polled == rest)
            let line = LineClient(stage, path: gateway.ipc)
            defer { line.close() }
            line.say("SUBSCRIBE \(channel) after=\(event.id)")
            let stream = StreamClient(
                stage, gateway.http, "/events?channel=\(channel)",
                fields: ["Last-Event-ID": event.id])
            defer { stream.close() }
            let messages = rest.filter { !$0.isMemberChange }
            try stage.wait(for: "the rest of the day") {
                stream.told.count >= messages.count && stream.snapshots[channel] != nil
                    && line.told.count >= messages.count && !line.replies.isEmpty
            }
            #expect(stream.told == messages)
            #expect(line.told == messages)
        }
    }

    /// Positions grow, no reader heard one twice, and all heard the same objects.
    func checkOrder() throws {
        let first = ears[0].told
        for ear in ears {
            #expect(ear.told == first, "\(ear.name)")
        }
        for (one, next) in zip(first, first.dropFirst()) {
            #expect(one.sequence < next.sequence)
            #expect(one.time <= next.time)
        }
    }
}
