// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Delivery of typing events, for every way to send and every way to receive them.
struct EchoTests {
    @Test(arguments: ["delegate", "observe"])
    func `each reader receives typing once, and the sender's own readers do not`(mode: String)
        throws
    {
        let room = try EchoFixture(presence: mode)
        // Channels stamps events from the gateway's own connection with the gateway's id.
        func stamp(_ user: String) -> String { mode == "delegate" ? user : "passerelle" }

        // Wanda types on her WebSocket; she also reads through the gateway.
        try room.types("wanda", #"{"isTyping":true}"#, stamp: "wanda", ownSocketReceives: false) {
            room.wanda.send(room.channel, "client-typing", #"{"isTyping":true}"#)
        }
        // A user with two streams, a poll and a WebSocket types through the gateway.
        try room.types(
            "anne", #"{"isTyping":true,"userId":"anne"}"#, stamp: stamp("anne"),
            ownSocketReceives: true
        ) { try room.post("anne", #"{"isTyping":true}"#) }
        // The same by the line protocol.
        try room.types(
            "anne", #"{"isTyping":false,"userId":"anne"}"#, stamp: stamp("anne"),
            ownSocketReceives: true
        ) {
            room.line.send("TYPING \(room.channel) anne off")
            try room.fixture.wait(for: "OK TYPING") {
                room.line.replies.last == .ok(verb: "TYPING", words: [room.channel], json: nil)
            }
        }
        // A user who only polls types.
        try room.types(
            "carl", #"{"isTyping":true,"userId":"carl"}"#, stamp: stamp("carl"),
            ownSocketReceives: true
        ) { try room.post("carl", #"{"isTyping":true}"#) }
        // A user without any connection types.
        try room.types(
            "zoe", #"{"userId":"zoe"}"#, stamp: "passerelle", ownSocketReceives: true
        ) { try room.post("zoe", "{}") }
    }

    @Test func `an event that repeats a state is accepted, and delivered only once`() throws {
        let room = try EchoFixture(presence: "delegate")
        try room.types("anne", #"{"n":1,"userId":"anne"}"#, stamp: "anne", ownSocketReceives: true)
        {
            let answers = try room.postAtOnce("anne", Array(repeating: #"{"n":1}"#, count: 5))
            #expect(answers.map(\.status) == [202, 202, 202, 202, 202])
        }
        #expect(try room.gateway.status().number(["presence", "client_events_merged"]) == 4)
    }

    @Test(arguments: ["delegate", "observe"])
    func `events over ten a second are refused with a Retry-After`(mode: String) throws {
        let room = try EchoFixture(presence: mode)
        let answers = try room.postAtOnce("anne", (1...13).map { #"{"n":\#($0)}"# })
        #expect(answers.map(\.status) == Array(repeating: 202, count: 10) + [429, 429, 429])
        for answer in answers.dropFirst(10) {
            #expect(try JSONText(answer.body).string(["error"]) == "rate-limited")
            #expect(answer.fields.all("Retry-After") == ["2"])
        }
        #expect(try room.gateway.status().number(["presence", "client_events_refused"]) == 3)
    }
}

/// One channel with every kind of reader: anne with two streams, a poll and a WebSocket, bob with a
/// stream and both kinds of poll, carl with a poll, wanda with a WebSocket and a stream, will with
/// a WebSocket, and a line subscription without a user.
private final class EchoFixture {
    let channel = "presence-bail-1"
    let fixture: EndToEndFixture
    let gateway: GatewayProcess
    let wanda: ChannelsMember
    let line: LineClient
    private let sandbox: SandboxProcess
    /// Readers, each with its user if it has one.
    private var readers: [(user: String?, reader: any SurfaceClient)] = []
    private var sockets: [ChannelsMember] = []
    private var markers = 0

    init(presence: String) throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_PRESENCE": presence])
        wanda = try ChannelsMember(fixture, port: sandbox.port, userID: "wanda", info: "{}")
        line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(channel)")
        readers = [(nil, line)]
        for user in ["anne", "anne", "bob", "wanda"] {
            let target = "/events?channel=\(channel)&user=\(user)"
            readers.append((user, StreamClient(fixture, gateway.http, target)))
        }
        for (user, style) in [
            ("anne", PollClient.Style.cursor), ("bob", .cursor), ("bob", .conditional),
            ("carl", .cursor),
        ] {
            readers.append((user, PollClient(fixture, gateway.http, [channel], style, user: user)))
        }
        if presence == "delegate" {
            try fixture.wait(for: "the members") {
                try sandbox.users(of: channel) == ["anne", "bob", "carl", "wanda"]
            }
        }
        sockets = [
            wanda, try ChannelsMember(fixture, port: sandbox.port, userID: "will", info: "{}"),
            try ChannelsMember(fixture, port: sandbox.port, userID: "anne", info: "{}"),
        ]
        for socket in sockets { try socket.join(channel) }
        let readers = readers
        try fixture.wait(for: "the channel, and every reader on it") {
            try gateway.isLive(channel)
                && readers.allSatisfy { _, reader in
                    if let poll = reader as? PollClient { return poll.position != nil }
                    return (reader as? StreamClient)?.snapshots.isEmpty != true
                }
        }
        // Waits for an event, since a poll may be between two requests until then.
        try mark()
    }

    func post(_ user: String, _ data: String) throws {
        let answer = try fixture.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=\(user)",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":\#(data)}"#.utf8))
        #expect(answer.status == 202)
    }

    /// Sends several client events of a user without waiting, and returns the answers.
    func postAtOnce(_ user: String, _ data: [String]) throws -> [HTTPResponse] {
        let caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
        defer { caller.close() }
        var answers: [HTTPResponse] = []
        for each in data {
            let body = Array(#"{"event":"client-typing","data":\#(each)}"#.utf8)
            caller.send(
                HTTPRequest(
                    method: "POST", target: "/channels/\(channel)/events?user=\(user)",
                    fields: ["Host": "localhost", "Content-Type": "application/json"], body: body)
            ) { answers.append($0) }
        }
        try fixture.wait(for: "\(data.count) answers") { answers.count == data.count }
        return answers
    }

    /// Lets a user type and checks the events received.
    ///
    /// Readers of the gateway receive the user's own id, WebSockets the id that Channels stamps.
    /// `ownSocketReceives` is true if the user's own WebSocket receives the event too.
    func types(
        _ user: String, _ data: String, stamp: String, ownSocketReceives: Bool,
        _ type: () throws -> Void
    ) throws {
        let before = readers.map(\.reader.typing.count)
        let beforeSockets = sockets.map(\.typing.count)
        try type()
        // Will's WebSocket always receives the event, since will never types.
        try fixture.wait(for: "\(user)'s typing") { sockets[1].typing.count > beforeSockets[1] }
        try mark()
        for ((owner, reader), count) in zip(readers, before) {
            let received = Array(reader.typing.dropFirst(count))
            #expect(
                received == (owner == user ? [] : ["\(user) \(data)"]),
                "\(user) types, the \(reader.name) of \(owner ?? "no user") receives \(received)")
        }
        for (socket, count) in zip(sockets, beforeSockets) {
            let received = Array(socket.typing.dropFirst(count))
            #expect(
                received
                    == (socket.userID == user && !ownSocketReceives ? [] : ["\(stamp) \(data)"]),
                "\(user) types, \(socket.userID)'s WebSocket receives \(received)")
        }
    }

    /// Publishes an event and waits until each reader has received it, and hence all earlier ones.
    private func mark() throws {
        markers += 1
        let name = "marker-\(markers)"
        try sandbox.publish(channel, name, "{}")
        try fixture.wait(for: name) {
            readers.allSatisfy { $0.reader.hasReceived(name) }
                && sockets.allSatisfy { $0.hasReceived(name) }
        }
    }
}
