// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Client events that are not sent: each answer of the real binary, to the byte.
struct SendRefusalTests {
    private static let channel = "presence-bail-1"
    private static let typing = #"{"event":"client-typing","data":{"isTyping":true}}"#
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
    }

    private func post(
        _ body: String, to channel: String = channel, as user: String? = "anne",
        fields: HTTPFields = ["Content-Type": "application/json"]
    ) throws -> HTTPResponse {
        let query = user.map { "?user=\($0)" } ?? ""
        return try fixture.request(
            gateway.http, "POST", "/channels/\(channel)/events\(query)", fields: fields,
            body: Array(body.utf8))
    }

    private func check(
        _ answer: HTTPResponse, is status: Int, _ word: String, _ message: String
    ) {
        #expect(answer.status == status, "\(message)")
        #expect(answer.fields.all("Content-Type") == ["application/json"])
        #expect(answer.fields.all("Cache-Control") == ["no-store"])
        let body = #"{"error":"\#(word)","message":"\#(message)"}"# + "\n"
        #expect(String(decoding: answer.body, as: UTF8.self) == body)
    }

    @Test func `an event outside the list is refused`() throws {
        for name in ["client-other", "new-message", "client-typing ", "pusher:ping", ""] {
            check(
                try post(#"{"event":"\#(name)","data":{}}"#), is: 403, "forbidden",
                "Readers may not send that event; see PASSERELLE_CLIENT_EVENTS.")
        }
    }

    @Test func `a channel that the user must not read is refused`() throws {
        for name in ["presence-other", "private-bail-1", "presence-bailiff"] {
            check(
                try post(Self.typing, to: name), is: 403, "forbidden",
                "This gateway does not serve that channel; see PASSERELLE_CHANNELS.")
        }
        check(
            try post(Self.typing, to: "presence%20bail"), is: 400, "bad-channel",
            "A channel name must be 1 to 164 of A-Z a-z 0-9 _-=@,.;")
    }

    @Test func `a request without a user, for another user or for the gateway is refused`() throws {
        check(
            try post(Self.typing, as: nil), is: 403, "forbidden",
            "Sending requires an authorized user who may publish.")
        check(
            try post(#"{"event":"client-typing","data":{"userId":"bob"}}"#), is: 403, "forbidden",
            "userId in data is not the sender's.")
        #expect(try post(Self.typing, as: "passerelle").status == 403)
    }

    @Test func `invalid JSON and JSON of the wrong shape are refused`() throws {
        for body in ["", "typing", "{", Self.typing + "x", "{\"event\":\"client-typing\",}"] {
            check(try post(body), is: 400, "bad-body", "The body is not JSON.")
        }
        for body in ["[]", "7", "{}", #"{"event":7}"#, #"{"data":{}}"#] {
            let answer = try post(body)
            #expect(answer.status == 400)
            #expect(try JSONText(answer.body).string(["error"]) == "bad-body", "\(body)")
            #expect(
                try JSONText(answer.body).string(["message"])
                    == #"The body must be {"event":NAME,"data":{…}}."#)
        }
        for data in ["null", "[]", "1", #""text""#] {
            check(
                try post(#"{"event":"client-typing","data":\#(data)}"#), is: 400, "bad-body",
                "data must be a JSON object.")
        }
        check(
            try post(Self.typing, fields: ["Content-Type": "text/plain"]), is: 415,
            "bad-content-type", "This route takes Content-Type: application/json.")
    }

    @Test func `a body of the limit is read, and one more byte is refused`() throws {
        let frame = #"{"event":"client-typing","data":{"x":""}}"#
        for offset in [-1, 0, 1] {
            let filling = String(repeating: "x", count: 10_240 + offset - frame.utf8.count)
            let body = #"{"event":"client-typing","data":{"x":"\#(filling)"}}"#
            #expect(body.utf8.count == 10_240 + offset)
            let answer = try post(body)
            if offset > 0 {
                check(answer, is: 413, "too-large", "The body is larger than 10240 bytes.")
            } else {
                #expect(answer.status == 202, "\(offset)")
            }
        }
        // The gateway adds the user's id, which makes the data too large.
        let user = String(repeating: "u", count: 100)
        let filling = String(repeating: "x", count: 10_240 - frame.utf8.count)
        check(
            try post(#"{"event":"client-typing","data":{"x":"\#(filling)"}}"#, as: user),
            is: 413, "too-large", "An event's data has at most 10240 bytes.")
    }

    @Test func `without a connection to Channels the event is refused with a Retry-After`()
        throws
    {
        #expect(try post(Self.typing).status == 202)
        let line = LineClient(fixture, path: gateway.ipc)
        try sandbox.kill()
        try fixture.wait(for: "the loss") {
            try gateway.status().string(["upstream", "state"]) != "connected"
        }
        let away = try post(#"{"event":"client-typing","data":{"isTyping":false}}"#)
        check(
            away, is: 503, "upstream-unavailable",
            "Channels is unavailable; the event was not sent.")
        #expect(away.fields.all("Retry-After") == ["2"])
        // The same answer on a channel that was never subscribed, after a short wait.
        let unheard = try post(Self.typing, to: "presence-bail-2")
        #expect(unheard.status == 503 && unheard.fields.all("Retry-After").count == 1)
        #expect(try JSONText(unheard.body).string(["error"]) == "upstream-unavailable")
        line.send("TYPING \(Self.channel) anne off")
        try fixture.wait(for: "the line's answer") { !line.replies.isEmpty }
        #expect(
            line.replies == [
                .error(
                    code: "upstream-unavailable",
                    message: "Channels is unavailable; the event was not sent.")
            ])
        // The events are not sent once Channels is back.
        let will: ChannelsMember
        try sandbox.restart()
        will = try ChannelsMember(fixture, port: sandbox.port, userID: "will", info: "{}")
        try will.join(Self.channel)
        try fixture.wait(for: "202") {
            try post(#"{"event":"client-typing","data":{"n":1}}"#).status == 202
        }
        try fixture.wait(for: "the typing") { !will.typing.isEmpty }
        #expect(will.typing.count == 1 && will.typing[0].hasSuffix(#"{"n":1,"userId":"anne"}"#))
    }
}
