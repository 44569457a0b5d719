// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Text of a peer that would end a line, a field or an event if it were copied to the output.
///
/// The output is checked byte by byte.
struct InjectionAttackTests {
    private static let channel = "presence-bail-inject"
    /// The text in JSON's escapes, as Channels sends it.
    private static let breaks =
        #"x\r\n\r\nid: 9-9\nevent: evil\ndata: evil\u0000\u2028\u2029\u0085y"#
    /// The same as text.
    private static let broken =
        "x\r\n\r\nid: 9-9\nevent: evil\ndata: evil\0\u{2028}\u{2029}\u{85}y"

    private let fixture: EndToEndFixture
    private let harness: AttackHarness

    init() throws {
        fixture = try EndToEndFixture()
        harness = try AttackHarness(fixture)
    }

    /// Sends a message of Channels on the channel; `members` are the other members of its object.
    private func send(_ event: String, _ members: String) {
        let channel = members.contains(#""channel""#) ? "" : #","channel":"\#(Self.channel)""#
        #expect(
            harness.send(
                Array(#"{"event":"\#(event)"\#(channel),\#(members)}"#.utf8), on: Self.channel)
        )
    }

    private func sayEverything() {
        let breaks = Self.breaks
        send(breaks, #""data":"1""#)
        send("new-message", #""data":"\#(breaks)""#)
        send("new-message", #""data":{"\#(breaks)":"\#(breaks)"}"#)
        send("new-message", "\"data\":{\"a\":\r\n[1,\r2]}")
        send("client-typing", #""data":{},"user_id":"\#(breaks)""#)
        send("client-\(breaks)", #""data":{},"user_id":7"#)
        for verb in ["member_added", "member_removed"] {
            let member = #"{"user_id":"\#(breaks)","user_info":{"\#(breaks)":"\#(breaks)"}}"#
            send("pusher_internal:\(verb)", #""data":\#(member)"#)
        }
        send("pusher:error", #""data":{"code":4009,"message":"\#(breaks)"}"#)
        send("pusher:\(breaks)", #""data":{}"#)
        send("new-message", #""channel":"presence-bail-\#(breaks)","data":"{}""#)
        send("last", #""data":"{}""#)
        send("pusher:subscription_error", #""data":{"status":403,"error":"\#(breaks)"}"#)
    }

    @Test func `no text of a peer ends a line, an event or an answer`() throws {
        let stream = PlainStream(fixture, harness.gateway.http, "/events?channel=\(Self.channel)")
        let bare = PlainStream(
            fixture, harness.gateway.http, "/events?channel=\(Self.channel)&format=data")
        let line = RawClient(
            fixture.loop, .unix(path: harness.gateway.ipc),
            Array("SUBSCRIBE \(Self.channel)\n".utf8))
        try fixture.wait(for: "all readers") {
            [stream, bare].allSatisfy { $0.has("subscription_succeeded") }
                && line.recorder.text.contains("OK SUBSCRIBE")
        }
        let first = try harness.gateway.get("/poll?channel=\(Self.channel)")
        let start = try JSONText(first.body).string(["position"])
        try harness.expectReadersUnaffected("injection") {
            sayEverything()
            try fixture.wait(for: "the last event") {
                [stream, bare].allSatisfy { $0.has("event: pusher:subscription_error") }
                    && line.recorder.text.contains(#""event":"pusher:subscription_error""#)
            }
        }
        let objects = try checkFrames(stream.text)
        _ = try checkFrames(bare.text, hasObjects: false)
        try checkLines(line.recorder.received, objects)
        let poll = try harness.gateway.get("/poll?channel=\(Self.channel)&after=\(start)")
        #expect(!poll.body.dropLast().contains { $0 < 0x20 })
        let polled = try JSONText(poll.body).elements(["events"])
        #expect(polled.map { String(decoding: $0, as: UTF8.self) } == objects)
        checkContent(objects)
    }

    /// Checks that each frame is `event`, `id`, one `data` and an empty line, and no other line.
    ///
    /// Returns the objects after the first, which is the snapshot.
    private func checkFrames(_ text: String, hasObjects: Bool = true) throws -> [String] {
        let body = try unchunked(Array(text.utf8))
        #expect(!body.contains(13) && !body.contains(0))
        var lines = body.split(separator: 10, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }[...]
        // The lines before the first event belong to the stream itself.
        lines = lines.drop { !$0.hasPrefix("event: ") }
        var objects: [String] = []
        while lines.count > 1 {
            let frame = lines.prefix { !$0.isEmpty }
            lines = lines.dropFirst(frame.count + 1)
            let names = frame.map { String($0.prefix { $0 != ":" }) }
            #expect(names == ["event", "id", "data"] || names == ["id", "data"], "\(frame)")
            let data = try #require(frame.last)
            if hasObjects { objects.append(String(data.dropFirst(6))) }
        }
        return Array(objects.dropFirst())
    }

    /// The body of a response without its chunked coding.
    private func unchunked(_ bytes: [UInt8]) throws -> [UInt8] {
        var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
        parser.append(bytes.span)
        var body: [UInt8] = []
        while let part = try parser.next() { if case .body(let bytes) = part { body += bytes } }
        return body
    }

    /// Checks that each line is one reply or event, and that the events equal those of the stream.
    private func checkLines(_ bytes: [UInt8], _ objects: [String]) throws {
        #expect(!bytes.contains { $0 < 0x20 && $0 != 10 })
        let lines = bytes.split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
        #expect(lines.first?.hasPrefix("OK SUBSCRIBE \(Self.channel) {") == true)
        #expect(lines.dropFirst().map { String($0.dropFirst(6)) } == objects)
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("EVENT {") })
    }

    /// Checks that the whole text arrived, each part in its place.
    private func checkContent(_ objects: [String]) {
        let events = objects.compactMap { try? JSONText(Array($0.utf8)) }
        let names = events.compactMap { try? $0.string(["event"]) }
        #expect(
            names == [
                Self.broken, "new-message", "new-message", "new-message", "client-typing",
                "client-" + Self.broken, "pusher:member_added", "pusher:member_removed",
                "last", "pusher:subscription_error",
            ])
        #expect(events.count == 10)
        guard events.count == 10 else { return }
        #expect((try? events[1].string(["data"])) == Self.broken)
        #expect((try? events[2].string(["data", Self.broken])) == Self.broken)
        #expect((try? events[3].raw(["data"])) == #"{"a":  [1, 2]}"#)
        #expect((try? events[4].string(["user_id"])) == Self.broken)
        #expect((try? events[5].string(["user_id"])) == "7")
        #expect((try? events[6].string(["data", "user_id"])) == Self.broken)
        #expect((try? events[6].string(["data", "user_info", Self.broken])) == Self.broken)
    }

    @Test func `no text of a request appears as a line of an answer`() throws {
        try harness.expectReadersUnaffected("injection into answers") {
            for text in ["%0D%0AX-Evil:%201", "%00", "%E2%80%A8", "a%0Ab", "%C2%85"] {
                for target in [
                    "/events?channel=\(text)", "/poll?channel=presence-bail-0&after=\(text)",
                    "/poll?channel=presence-bail-0&user=\(text)&user_info=\(text)",
                    "/channels/\(text)/members", "/\(text)",
                ] {
                    let client = RawClient(
                        fixture, harness.gateway.http,
                        "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    try fixture.wait(for: "the answer to \(target)") { client.recorder.isEnded }
                    let answer = client.recorder.text
                    #expect(answer.hasPrefix("HTTP/1.1 4"), "\(target): \(answer)")
                    #expect(!answer.lowercased().contains("evil"), "\(target): \(answer)")
                    #expect(!client.recorder.received.contains(0), "\(target)")
                }
            }
        }
        #expect(!harness.gateway.process.errors.contains("X-Evil"))
    }
}
