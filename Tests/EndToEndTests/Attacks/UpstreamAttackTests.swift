// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A server that calls itself Channels and means harm: what it does costs its own connection, and
/// what is lost with that is told as a gap.
@Suite(.timeLimit(.minutes(10)))
struct UpstreamAttackTests {
    /// Where the harm is done: the town reads other ones.
    private static let channel = "presence-bail-harm"
    private let stage: Stage
    private let town: Town

    init() throws {
        stage = try Stage()
        town = try Town(stage)
    }

    private static func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    /// The newest connection that stands.
    private func connection() throws -> ScriptedChannels.Connection {
        try stage.wait(for: "a connection") { town.isHeard }
        return try #require(town.server.newest)
    }

    /// Does something on a connection that costs it, and waits until there is another.
    private func lose(
        _ what: String, _ harm: (ScriptedChannels.Connection) throws -> Void
    ) throws {
        let connection = try connection()
        try harm(connection)
        try stage.wait(for: "the end of the connection after \(what)") { connection.isOver }
        try stage.wait(for: "another connection after \(what)", within: .seconds(120)) {
            town.isHeard && town.server.newest !== connection
        }
    }

    @Test func `what nests deep is told as its text, and costs nobody anything`() throws {
        let stream = StreamClient(stage, town.gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the stream") { !stream.snapshots.isEmpty }
        let depth = Town.isWhole ? 40_000 : 4_000
        let deep = [
            Self.nested(depth, "[", "]"), Self.nested(depth, #"{"a":"#, "}"),
            Self.nested(depth, #"[{"a":"#, "}]"),
        ]
        try town.endure("deep messages") {
            for text in deep {
                for data in [text, "\"\(text.replacing("\"", with: "\\\""))\""] {
                    let message =
                        #"{"event":"client-deep","channel":"\#(Self.channel)","data":\#(data)}"#
                    #expect(town.say(Array(message.utf8), on: Self.channel))
                }
            }
            try stage.wait(for: "all six") {
                stream.told.count { $0.event == "client-deep" } == 6 || stream.failure != nil
            }
        }
        let told = stream.told.filter { $0.event == "client-deep" }
        #expect(told.count == 6 && stream.gapCount == 0)
        for (index, event) in told.enumerated() {
            let data = try JSONText(Array("{\"d\":\(event.data)}".utf8)).string(["d"])
            #expect(data == deep[index / 2])
        }
        #expect(town.server.connections.count == 1)
    }

    @Test func `bombs of JSON that is wide, or says the same again and again`() throws {
        let stream = PlainStream(stage, town.gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the stream") { stream.has("subscription_succeeded") }
        try town.endure("wide messages", growth: 96 * 1024) {
            let count = Town.isWhole ? 60_000 : 10_000
            for (number, text) in [
                "[" + String(repeating: "[],", count: count) + "1]",
                "{" + String(repeating: #""a":1,"#, count: count) + #""a":1}"#,
                "\"" + String(repeating: #"\u0041"#, count: count) + "\"",
                String(repeating: "9", count: count),
            ].enumerated() {
                let message =
                    #"{"event":"wide-\#(number)","channel":"\#(Self.channel)","data":\#(text)}"#
                #expect(town.say(Array(message.utf8), on: Self.channel))
            }
            try stage.wait(for: "the last of them") { stream.has("event: wide-3") }
        }
        #expect(town.server.connections.count == 1)
    }

    /// Frames that cost the connection, each sent again and again until it is gone.
    private static let frames: [String: [UInt8]] = [
        "of half the address space": [0x81, 127, 0x3F] + [UInt8](repeating: 0xFF, count: 7),
        "of a byte more than is taken": [0x81, 127, 0, 0, 0, 0, 0, 0x40, 0, 1],
        "in fragments without an end":
            [0x01, 0]
            + ([0x00, 126, 0x80, 0] + [UInt8](repeating: 0x20, count: 0x8000)).repeated(200),
        "that are an answer": Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
    ]

    @Test(arguments: Self.frames.keys.sorted())
    func `frames that are too large, never end, or are none`(what: String) throws {
        try town.endure("frames \(what)", withGaps: true) {
            let rest = try #require(Self.frames[what])
            try lose("frames \(what)") { connection in
                for piece in rest.chunks(of: 0x10000) where !connection.isOver {
                    connection.spill(Array(piece))
                    try stage.loop.turn(upTo: .milliseconds(1))
                }
            }
        }
    }

    @Test func `fragments of nothing, and nothing but pings, are just that`() throws {
        try town.endure("empty frames") {
            let nothing: [UInt8] = [0x89, 0] + [0x00, 0].repeated(500) + [0x8A, 0]
            let text = #"{"event":"client-x","channel":"\#(Self.channel)","data":{}}"#
            let end = [0x80, UInt8(text.utf8.count)] + Array(text.utf8)
            for _ in 0..<(Town.isWhole ? 100 : 4) {
                // At once: whatever else is said must not stand in the middle of it.
                let connection = try connection()
                connection.spill([0x01, 0] + nothing.repeated(50) + end)
                try stage.wait(for: "an answer") { try isAwake() }
            }
        }
        #expect(town.server.connections.count == 1)
    }

    @Test func `of members by the thousand only so many are known`() throws {
        let crowd = "presence-bail-crowd"
        let first = try town.gateway.get("/poll?channel=\(crowd)")
        #expect(first.status == 200)
        try town.endure("members", growth: 96 * 1024) {
            for round in 0..<(Town.isWhole ? 5 : 1) {
                let members = (0..<12_000).map { ChannelMember(userID: "listed-\(round)-\($0)") }
                let list = ServerMessage.subscriptionSucceeded(channel: crowd, members: members)
                #expect(town.say(list.encoded(), on: crowd))
                try stage.wait(for: "the list") { try count(on: crowd) == 10_000 }
                for number in 0..<(Town.isWhole ? 20_000 : 2_000) {
                    let member = ChannelMember(userID: "come-\(round)-\(number)")
                    town.say(
                        ServerMessage.memberAdded(channel: crowd, member).encoded(), on: crowd)
                    if number % 1_000 == 0 {
                        try stage.wait(for: "an answer") { try isAwake() }
                    }
                }
                #expect(try count(on: crowd) == 10_000)
            }
        }
        #expect(town.server.connections.count == 1)
    }

    @Test func `what one member says of themselves costs no other member anything`() throws {
        let crowd = "presence-bail-deep"
        #expect(try town.gateway.get("/poll?channel=\(crowd)").status == 200)
        let depth = Town.isWhole ? 40_000 : 4_000
        let deep = Self.nested(depth, #"{"a":["#, "]}")
        let hash = #"{"ann":{"name":"Ann"},"eve":\#(deep),"bob":null}"#
        let lists = [
            #"{"presence":{"count":3,"ids":["ann","eve","bob"],"hash":\#(hash)}}"#,
            #"{"user_id":"mal","user_info":\#(deep)}"#,
        ]
        try town.endure("deep members") {
            for (verb, data) in zip(["subscription_succeeded", "member_added"], lists) {
                for data in [data, "\"\(data.replacing("\"", with: "\\\""))\""] {
                    let message =
                        #"{"event":"pusher_internal:\#(verb)","channel":"\#(crowd)","data":\#(data)}"#
                    #expect(town.say(Array(message.utf8), on: crowd))
                }
            }
            try stage.wait(for: "all four") { try count(on: crowd) == 4 }
        }
        #expect(town.server.connections.count == 1)
        let infos = try town.gateway.members(of: crowd)
        #expect(infos["ann"] == #"{"name":"Ann"}"#)
        for user in ["eve", "mal"] {
            let text = try JSONText(Array("{\"info\":\(infos[user] ?? "0")}".utf8)).string(["info"])
            #expect(text == deep)
        }
    }

    /// Whether the gateway answers just now.
    private func isAwake() throws -> Bool {
        try town.gateway.get("/healthz").status == 200
    }

    private func count(on channel: String) throws -> Int {
        try JSONText(try town.gateway.get("/channels/\(channel)/members").body).number(["count"])
    }

    @Test func `connections that are closed as soon as they stand, whatever the code`() throws {
        try town.endure("close loops", withGaps: true) {
            let usual = town.server.onOpen
            for code: UInt16 in [4200, 4201, 1000, 1006, 4100, 4300, 1012] {
                town.server.onOpen = { connection in
                    usual?(connection)
                    if code == 1006 { connection.drop() } else { connection.close(code: code) }
                }
                let before = town.server.accepted
                town.server.newest?.close(code: 4200)
                let end = ContinuousClock.now + .seconds(Town.isWhole ? 10 : 0.4)
                try stage.wait(for: "time") { ContinuousClock.now > end }
                // Three come back at once, and then each waits longer than the one before.
                #expect(town.server.accepted - before <= (Town.isWhole ? 20 : 8), "\(code)")
            }
            town.server.onOpen = usual
            try stage.wait(for: "a good connection", within: .seconds(120)) { town.isHeard }
        }
    }

    private static let head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"

    private static let answers = [
        "with a wrong proof": head + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        "elsewhere": "HTTP/1.1 301 Moved\r\nLocation: http://evil.example/\r\n\r\n",
        "with a long field": head + "X: " + String(repeating: "y", count: 200_000),
        "not yet there": String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20_000),
    ]

    @Test(arguments: Self.answers.keys.sorted())
    func `answers to the handshake that are none`(what: String) throws {
        let answer = try #require(Self.answers[what])
        try town.endure("handshake \(what)", withGaps: true) {
            var asked = 0
            town.server.onRequest = { _ in
                asked += 1
                return asked == 1 ? Array(answer.utf8) : nil
            }
            town.server.newest?.close(code: 4200)
            try stage.wait(for: "a good connection, after \(asked)", within: .seconds(120)) {
                asked > 1 && town.isHeard
            }
        }
    }
}

extension [UInt8] {
    fileprivate func repeated(_ times: Int) -> [UInt8] {
        Array(repeatElement(self, count: times).joined())
    }

    fileprivate func chunks(of size: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
