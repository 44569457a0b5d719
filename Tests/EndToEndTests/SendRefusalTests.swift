// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Client events that are not sent: each answer to the byte, from the real binary.
@Suite(.timeLimit(.minutes(5)))
struct SendRefusalTests {
    private static let channel = "presence-bail-1"
    private static let typing = #"{"event":"client-typing","data":{"isTyping":true}}"#
    private let stage: Stage
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
    }

    private func post(
        _ body: String, to channel: String = channel, as user: String? = "anne",
        fields: HTTPFields = ["Content-Type": "application/json"]
    ) throws -> HTTPResponse {
        let query = user.map { "?user=\($0)" } ?? ""
        return try stage.request(
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
                "Readers do not send that event; PASSERELLE_CLIENT_EVENTS says which.")
        }
    }

    @Test func `a channel that the user may not read is refused`() throws {
        for name in ["presence-other", "private-bail-1", "presence-bailiff"] {
            check(
                try post(Self.typing, to: name), is: 403, "forbidden",
                "This gateway does not serve that channel; PASSERELLE_CHANNELS says which.")
        }
        check(
            try post(Self.typing, to: "presence%20bail"), is: 400, "bad-channel",
            "A channel's name has 1 to 164 of A-Z a-z 0-9 _-=@,.;")
    }

    @Test func `nobody, somebody else, and the gateway itself are refused`() throws {
        check(
            try post(Self.typing, as: nil), is: 403, "forbidden",
            "Only a known user who may send can send.")
        check(
            try post(#"{"event":"client-typing","data":{"userId":"bob"}}"#), is: 403, "forbidden",
            "userId in data is somebody else's.")
        #expect(try post(Self.typing, as: "passerelle").status == 403)
    }

    @Test func `what is no JSON, or not what it should be, is refused`() throws {
        for body in ["", "typing", "{", Self.typing + "x", "{\"event\":\"client-typing\",}"] {
            check(try post(body), is: 400, "bad-body", "The body is not JSON.")
        }
        for body in ["[]", "7", "{}", #"{"event":7}"#, #"{"data":{}}"#] {
            let answer = try post(body)
            #expect(answer.status == 400)
            #expect(try JSONText(answer.body).string(["error"]) == "bad-body", "\(body)")
            #expect(
                try JSONText(answer.body).string(["message"])
                    == #"The body is {"event":NAME,"data":{…}}."#)
        }
        for data in ["null", "[]", "1", #""text""#] {
            check(
                try post(#"{"event":"client-typing","data":\#(data)}"#), is: 400, "bad-body",
                "data is a JSON object.")
        }
        check(
            try post(Self.typing, fields: ["Content-Type": "text/plain"]), is: 415,
            "bad-content-type", "This route takes Content-Type: application/json.")
    }

    @Test func `a body of the limit is read, one byte more is not`() throws {
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
        // The gateway adds the user's id: then it is the data that is too large.
        let user = String(repeating: "u", count: 100)
        let filling = String(repeating: "x", count: 10_240 - frame.utf8.count)
        check(
            try post(#"{"event":"client-typing","data":{"x":"\#(filling)"}}"#, as: user),
            is: 413, "too-large", "An event's data has at most 10240 bytes.")
    }

    @Test func `while Channels is away nothing is sent, and the answer says when to come back`()
        throws
    {
        #expect(try post(Self.typing).status == 202)
        let line = LineClient(stage, path: gateway.ipc)
        try sandbox.kill()
        try stage.wait(for: "the loss") {
            try gateway.status().string(["upstream", "state"]) != "connected"
        }
        let away = try post(#"{"event":"client-typing","data":{"isTyping":false}}"#)
        check(away, is: 503, "upstream-unavailable", "Channels is away: nothing was sent.")
        #expect(away.fields.all("Retry-After") == ["2"])
        // So it is where the channel was never heard, after a little patience.
        let unheard = try post(Self.typing, to: "presence-bail-2")
        #expect(unheard.status == 503 && unheard.fields.all("Retry-After").count == 1)
        #expect(try JSONText(unheard.body).string(["error"]) == "upstream-unavailable")
        line.say("TYPING \(Self.channel) anne off")
        try stage.wait(for: "the line's answer") { !line.replies.isEmpty }
        #expect(
            line.replies == [
                .error(
                    code: "upstream-unavailable", message: "Channels is away: nothing was sent.")
            ])
        // Nothing of it is sent when Channels comes back.
        let will: ChannelsMember
        try sandbox.restart()
        will = try ChannelsMember(stage, port: sandbox.port, userID: "will", info: "{}")
        try will.join(Self.channel)
        try stage.wait(for: "202") {
            try post(#"{"event":"client-typing","data":{"n":1}}"#).status == 202
        }
        try stage.wait(for: "the typing") { !will.typing.isEmpty }
        #expect(will.typing.count == 1 && will.typing[0].hasSuffix(#"{"n":1,"userId":"anne"}"#))
    }
}
