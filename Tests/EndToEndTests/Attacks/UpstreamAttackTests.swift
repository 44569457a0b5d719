// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A hostile Channels server: an attack costs at most its own connection, and readers get a gap for
/// events lost with it.
struct UpstreamAttackTests {
    /// The channel of the attacks; the harness' readers read other ones.
    private static let channel = "presence-bail-harm"
    private let fixture: EndToEndFixture
    private let harness: AttackHarness

    init() throws {
        fixture = try EndToEndFixture()
        harness = try AttackHarness(fixture, variables: ["PASSERELLE_MEMBER_BYTES": "1 MiB"])
    }

    private static func nested(_ depth: Int, _ open: String, _ close: String) -> String {
        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
    }

    /// The newest open connection.
    private func connection() throws -> ScriptedChannels.Connection {
        try fixture.wait(for: "a connection") { harness.isSubscribed }
        return try #require(harness.server.newest)
    }

    /// Attacks a connection until it is lost, and waits for the next one.
    private func lose(
        _ what: String, _ harm: (ScriptedChannels.Connection) throws -> Void
    ) throws {
        let connection = try connection()
        try harm(connection)
        try fixture.wait(for: "the end of the connection after \(what)") { connection.isEnded }
        try fixture.wait(for: "another connection after \(what)") {
            harness.isSubscribed && harness.server.newest !== connection
        }
    }

    @Test func `deeply nested data is delivered as its text, and affects no reader`() throws {
        let stream = StreamClient(fixture, harness.gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the stream") { !stream.snapshots.isEmpty }
        let depth = AttackHarness.isWhole ? 40_000 : 4_000
        let deep = [
            Self.nested(depth, "[", "]"), Self.nested(depth, #"{"a":"#, "}"),
            Self.nested(depth, #"[{"a":"#, "}]"),
        ]
        try harness.expectReadersUnaffected("deep messages") {
            for text in deep {
                for data in [text, "\"\(text.replacing("\"", with: "\\\""))\""] {
                    let message =
                        #"{"event":"client-deep","channel":"\#(Self.channel)","data":\#(data)}"#
                    #expect(harness.send(Array(message.utf8), on: Self.channel))
                }
            }
            try fixture.wait(for: "all six") {
                stream.delivered.count { $0.event == "client-deep" } == 6 || stream.failure != nil
            }
        }
        let delivered = stream.delivered.filter { $0.event == "client-deep" }
        #expect(delivered.count == 6 && stream.gapCount == 0)
        for (index, event) in delivered.enumerated() {
            let data = try JSONText(Array("{\"d\":\(event.data)}".utf8)).string(["d"])
            #expect(data == deep[index / 2])
        }
        #expect(harness.server.connections.count == 1)
    }

    @Test func `JSON bombs that are wide or repeat a member`() throws {
        let stream = PlainStream(fixture, harness.gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the stream") { stream.has("subscription_succeeded") }
        try harness.expectReadersUnaffected("wide messages", growth: 96 * 1024) {
            let count = AttackHarness.isWhole ? 60_000 : 10_000
            for (number, text) in [
                "[" + String(repeating: "[],", count: count) + "1]",
                "{" + String(repeating: #""a":1,"#, count: count) + #""a":1}"#,
                "\"" + String(repeating: #"\u0041"#, count: count) + "\"",
                String(repeating: "9", count: count),
            ].enumerated() {
                let message =
                    #"{"event":"wide-\#(number)","channel":"\#(Self.channel)","data":\#(text)}"#
                #expect(harness.send(Array(message.utf8), on: Self.channel))
            }
            try fixture.wait(for: "the last of them") { stream.has("event: wide-3") }
        }
        #expect(harness.server.connections.count == 1)
    }

    /// Frames that cost the connection; each is sent repeatedly until the connection ends.
    private static let frames: [String: [UInt8]] = [
        "of half the address space": [0x81, 127, 0x3F] + [UInt8](repeating: 0xFF, count: 7),
        "of a byte more than is taken": [0x81, 127, 0, 0, 0, 0, 0, 0x40, 0, 1],
        "in fragments without an end":
            [0x01, 0]
            + ([0x00, 126, 0x80, 0] + [UInt8](repeating: 0x20, count: 0x8000)).repeated(200),
        "that are an answer": Array("HTTP/1.1 200 OK\r\n\r\n".utf8),
    ]

    @Test(arguments: Self.frames.keys.sorted())
    func `frames that are too large, never end, or are no frames`(what: String) throws {
        try harness.expectReadersUnaffected("frames \(what)", withGaps: true) {
            let rest = try #require(Self.frames[what])
            try lose("frames \(what)") { connection in
                for piece in rest.chunks(of: 0x10000) where !connection.isEnded {
                    connection.sendRaw(Array(piece))
                    try fixture.loop.runOnce(timeout: .milliseconds(1))
                }
            }
        }
    }

    /// Without a limit they would keep a core busy for as long as the server sends them.
    @Test(arguments: ["", "null", "\u{FEFF}", "{}"])
    func `endless texts without a message`(text: String) throws {
        try harness.expectReadersUnaffected("texts without a message", withGaps: true) {
            let frame = [0x81, UInt8(text.utf8.count)] + Array(text.utf8)
            try lose("a flood of \(text.debugDescription)") { connection in
                for _ in 0..<1_000 where !connection.isEnded {
                    connection.sendRaw(frame.repeated(100))
                    try fixture.loop.runOnce(timeout: .milliseconds(1))
                }
            }
        }
    }

    @Test func `empty fragments and endless pings change nothing`() throws {
        try harness.expectReadersUnaffected("empty frames") {
            let nothing: [UInt8] = [0x89, 0] + [0x00, 0].repeated(500) + [0x8A, 0]
            let text = #"{"event":"client-x","channel":"\#(Self.channel)","data":{}}"#
            let end = [0x80, UInt8(text.utf8.count)] + Array(text.utf8)
            for _ in 0..<(AttackHarness.isWhole ? 100 : 4) {
                // Sent at once, so that no other frame gets between the fragments.
                let connection = try connection()
                connection.sendRaw([0x01, 0] + nothing.repeated(50) + end)
                try fixture.wait(for: "an answer") { try isAwake() }
            }
        }
        #expect(harness.server.connections.count == 1)
    }

    @Test func `of thousands of members only a limited number is kept`() throws {
        let group = "presence-bail-group"
        let first = try harness.gateway.get("/poll?channel=\(group)")
        #expect(first.status == 200)
        try harness.expectReadersUnaffected("members", growth: 96 * 1024) {
            for round in 0..<(AttackHarness.isWhole ? 5 : 1) {
                let members = (0..<12_000).map { ChannelMember(userID: "listed-\(round)-\($0)") }
                let list = ServerMessage.subscriptionSucceeded(channel: group, members: members)
                #expect(harness.send(list.encoded(), on: group))
                try fixture.wait(for: "the list") { try count(on: group) == 10_000 }
                for number in 0..<(AttackHarness.isWhole ? 20_000 : 2_000) {
                    let member = ChannelMember(userID: "come-\(round)-\(number)")
                    harness.send(
                        ServerMessage.memberAdded(channel: group, member).encoded(), on: group)
                    if number % 1_000 == 0 {
                        try fixture.wait(for: "an answer") { try isAwake() }
                    }
                }
                #expect(try count(on: group) == 10_000)
            }
        }
        #expect(harness.server.connections.count == 1)
    }

    @Test func `one member's deeply nested data costs no other member anything`() throws {
        let group = "presence-bail-deep"
        #expect(try harness.gateway.get("/poll?channel=\(group)").status == 200)
        let depth = AttackHarness.isWhole ? 40_000 : 4_000
        let deep = Self.nested(depth, #"{"a":["#, "]}")
        let hash = #"{"ann":{"name":"Ann"},"eve":\#(deep),"bob":null}"#
        let lists = [
            #"{"presence":{"count":3,"ids":["ann","eve","bob"],"hash":\#(hash)}}"#,
            #"{"user_id":"mal","user_info":\#(deep)}"#,
        ]
        try harness.expectReadersUnaffected("deep members") {
            for (verb, data) in zip(["subscription_succeeded", "member_added"], lists) {
                for data in [data, "\"\(data.replacing("\"", with: "\\\""))\""] {
                    let message =
                        #"{"event":"pusher_internal:\#(verb)","channel":"\#(group)","data":\#(data)}"#
                    #expect(harness.send(Array(message.utf8), on: group))
                }
            }
            try fixture.wait(for: "all four") { try count(on: group) == 4 }
        }
        #expect(harness.server.connections.count == 1)
        let infos = try harness.gateway.members(of: group)
        #expect(infos["ann"] == #"{"name":"Ann"}"#)
        for user in ["eve", "mal"] {
            let text = try JSONText(Array("{\"info\":\(infos[user] ?? "0")}".utf8)).string(["info"])
            #expect(text == deep)
        }
    }

    /// True if the gateway answers.
    private func isAwake() throws -> Bool {
        try harness.gateway.get("/healthz").status == 200
    }

    private func count(on channel: String) throws -> Int {
        try JSONText(try harness.gateway.get("/channels/\(channel)/members").body).number(["count"])
    }

    @Test func `connections that are closed once they are open, with any code`() throws {
        try harness.expectReadersUnaffected("close loops", withGaps: true) {
            let usual = harness.server.onOpen
            for code: UInt16 in [4200, 4201, 1000, 1006, 4100, 4300, 1012] {
                harness.server.onOpen = { connection in
                    usual?(connection)
                    if code == 1006 { connection.drop() } else { connection.close(code: code) }
                }
                let before = harness.server.accepted
                harness.server.newest?.close(code: 4200)
                try fixture.rest(.seconds(AttackHarness.isWhole ? 10 : 0.4))
                // Three reconnect at once; then each attempt waits longer than the one before.
                #expect(
                    harness.server.accepted - before <= (AttackHarness.isWhole ? 20 : 8), "\(code)")
            }
            harness.server.onOpen = usual
            try fixture.wait(for: "a good connection") { harness.isSubscribed }
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
    func `answers to the handshake that are invalid`(what: String) throws {
        let answer = try #require(Self.answers[what])
        try harness.expectReadersUnaffected("handshake \(what)", withGaps: true) {
            var asked = 0
            harness.server.onRequest = { _ in
                asked += 1
                return asked == 1 ? Array(answer.utf8) : nil
            }
            harness.server.newest?.close(code: 4200)
            try fixture.wait(for: "a good connection, after \(asked)") {
                asked > 1 && harness.isSubscribed
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
