// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Who hears that somebody types, for every way to say so and every way to hear it.
@Suite(.timeLimit(.minutes(5)))
struct EchoTests {
    @Test(arguments: ["delegate", "observe"])
    func `everybody hears once who types, and no reader of theirs does`(mode: String) throws {
        let room = try EchoRoom(presence: mode)
        // Channels stamps what goes out on the gateway's own connection with the gateway's id.
        func stamp(_ user: String) -> String { mode == "delegate" ? user : "passerelle" }

        // A WebSocket types; its user reads here as well.
        try room.types("wanda", #"{"isTyping":true}"#, stamp: "wanda", andHears: false) {
            room.wanda.send(room.channel, "client-typing", #"{"isTyping":true}"#)
        }
        // A user with two streams, a poll and a WebSocket types here.
        try room.types(
            "anne", #"{"isTyping":true,"userId":"anne"}"#, stamp: stamp("anne"), andHears: true
        ) { try room.post("anne", #"{"isTyping":true}"#) }
        // The same by a line.
        try room.types(
            "anne", #"{"isTyping":false,"userId":"anne"}"#, stamp: stamp("anne"), andHears: true
        ) {
            room.line.say("TYPING \(room.channel) anne off")
            try room.stage.wait(for: "OK TYPING") {
                room.line.replies.last == .ok(verb: "TYPING", words: [room.channel], json: nil)
            }
        }
        // A user who only polls.
        try room.types(
            "carl", #"{"isTyping":true,"userId":"carl"}"#, stamp: stamp("carl"), andHears: true
        ) { try room.post("carl", #"{"isTyping":true}"#) }
        // A user who is nowhere.
        try room.types(
            "zoe", #"{"userId":"zoe"}"#, stamp: "passerelle", andHears: true
        ) { try room.post("zoe", "{}") }
    }

    @Test func `what only repeats a state is answered, and nobody hears it twice`() throws {
        let room = try EchoRoom(presence: "delegate")
        try room.types("anne", #"{"n":1,"userId":"anne"}"#, stamp: "anne", andHears: true) {
            let answers = try room.postAtOnce("anne", Array(repeating: #"{"n":1}"#, count: 5))
            #expect(answers.map(\.status) == [202, 202, 202, 202, 202])
        }
        #expect(try room.gateway.status().number(["presence", "client_events_merged"]) == 4)
    }

    @Test(arguments: ["delegate", "observe"])
    func `of more than ten in a second the rest is told to come back`(mode: String) throws {
        let room = try EchoRoom(presence: mode)
        let answers = try room.postAtOnce("anne", (1...13).map { #"{"n":\#($0)}"# })
        #expect(answers.map(\.status) == Array(repeating: 202, count: 10) + [429, 429, 429])
        for answer in answers.dropFirst(10) {
            #expect(try JSONText(answer.body).string(["error"]) == "rate-limited")
            #expect(answer.fields.all("Retry-After") == ["2"])
        }
        #expect(try room.gateway.status().number(["presence", "client_events_refused"]) == 3)
    }
}

/// One channel with every kind of listener: anne with two streams, a poll and a WebSocket, bob with
/// a stream and both polls, carl with a poll, wanda with a WebSocket and a stream, will with a
/// WebSocket, and a line that is nobody's.
private final class EchoRoom {
    let channel = "presence-bail-1"
    let stage: Stage
    let gateway: GatewayProcess
    let wanda: ChannelsMember
    let line: LineClient
    private let sandbox: SandboxProcess
    /// Readers with their users.
    private var ears: [(user: String?, ear: any Ear)] = []
    private var sockets: [ChannelsMember] = []
    private var markers = 0

    init(presence: String) throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PASSERELLE_PRESENCE": presence])
        wanda = try ChannelsMember(stage, port: sandbox.port, userID: "wanda", info: "{}")
        line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(channel)")
        ears = [(nil, line)]
        for user in ["anne", "anne", "bob", "wanda"] {
            let target = "/events?channel=\(channel)&user=\(user)"
            ears.append((user, StreamClient(stage, gateway.http, target)))
        }
        for (user, style) in [
            ("anne", PollClient.Style.cursor), ("bob", .cursor), ("bob", .conditional),
            ("carl", .cursor),
        ] {
            ears.append((user, PollClient(stage, gateway.http, [channel], style, user: user)))
        }
        if presence == "delegate" {
            try stage.wait(for: "the members") {
                try sandbox.users(of: channel) == ["anne", "bob", "carl", "wanda"]
            }
        }
        sockets = [
            wanda, try ChannelsMember(stage, port: sandbox.port, userID: "will", info: "{}"),
            try ChannelsMember(stage, port: sandbox.port, userID: "anne", info: "{}"),
        ]
        for socket in sockets { try socket.join(channel) }
        let ears = ears
        try stage.wait(for: "the channel, and every reader on it") {
            try gateway.isLive(channel)
                && ears.allSatisfy { _, ear in
                    if let poll = ear as? PollClient { return poll.position != nil }
                    return (ear as? StreamClient)?.snapshots.isEmpty != true
                }
        }
        // Until then a poll may be between two questions.
        try mark()
    }

    func post(_ user: String, _ data: String) throws {
        let answer = try stage.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=\(user)",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":\#(data)}"#.utf8))
        #expect(answer.status == 202)
    }

    /// Sends several of a user's client events in one go, and gives the answers.
    func postAtOnce(_ user: String, _ data: [String]) throws -> [HTTPResponse] {
        let caller = HTTPCaller(loop: stage.loop, address: gateway.http)
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
        try stage.wait(for: "\(data.count) answers") { answers.count == data.count }
        return answers
    }

    /// Has a user type, and checks what everybody hears of it: readers here the user's own id, and
    /// WebSockets the id that Channels stamps; `andHears` says whether the user's own WebSocket does.
    func types(
        _ user: String, _ data: String, stamp: String, andHears: Bool, _ type: () throws -> Void
    ) throws {
        let before = ears.map(\.ear.typing.count)
        let beforeSockets = sockets.map(\.typing.count)
        try type()
        // Will's WebSocket is a stranger to everybody, and always hears it.
        try stage.wait(for: "\(user)'s typing") { sockets[1].typing.count > beforeSockets[1] }
        try mark()
        for ((owner, ear), count) in zip(ears, before) {
            let heard = Array(ear.typing.dropFirst(count))
            #expect(
                heard == (owner == user ? [] : ["\(user) \(data)"]),
                "\(user) types, \(owner ?? "nobody")'s \(ear.name) hears \(heard)")
        }
        for (socket, count) in zip(sockets, beforeSockets) {
            let heard = Array(socket.typing.dropFirst(count))
            #expect(
                heard == (socket.userID == user && !andHears ? [] : ["\(stamp) \(data)"]),
                "\(user) types, \(socket.userID)'s WebSocket hears \(heard)")
        }
    }

    /// Publishes an event and waits until it has reached everybody: what was said before has, too.
    private func mark() throws {
        markers += 1
        let name = "marker-\(markers)"
        try sandbox.publish(channel, name, "{}")
        try stage.wait(for: name) {
            ears.allSatisfy { $0.ear.hasHeard(name) } && sockets.allSatisfy { $0.hasHeard(name) }
        }
    }
}
