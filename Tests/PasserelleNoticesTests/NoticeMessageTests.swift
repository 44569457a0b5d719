// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleWire
import Testing

@testable import PasserelleNotices
@testable import PasserelleUpstream

struct NoticeMessageTests {
    private func read(
        _ data: String, userID: String? = nil, recipients: String? = nil,
        sender: String = "message.senderId"
    ) -> (message: NoticeMessage, flaw: NoticeMessage.RecipientsError?) {
        var configuration = NoticeConfiguration()
        configuration.sender = sender.split(separator: ".").map(String.init)
        configuration.recipients = recipients?.split(separator: ".").map(String.init)
        return NoticeMessage.read(
            channel: "presence-bail-42", data: Array(data.utf8), userID: userID, key: nil,
            configuration: configuration, at: WallTime(milliseconds: 5))
    }

    @Test func `a message is read from the object around its sender`() {
        let message = read(
            #"{"message":{"id":"m1","senderId":"u1","content":"Bonjour \"toi\"","sender":{"name":"Zoé"}}}"#
        ).message
        #expect(message.id == "m1" && message.identity == "m1")
        #expect(message.senderID == "u1" && message.senderName == "Zoé")
        #expect(message.preview == "Bonjour \"toi\"" && message.recipients == .everyone)
        let flat = read(#"{"id":7,"from":8,"content":"x"}"#, sender: "from").message
        #expect(flat.id == "7" && flat.senderID == "8" && flat.preview == "x")
    }

    @Test(arguments: [
        "", "null", "7", #""text""#, "[]", "{}", #"{"message":null}"#, #"{"message":[{"id":"m"}]}"#,
        #"{"message":{"id":{},"senderId":[],"content":7,"sender":"x"}}"#, "{\"message\":", "\u{0}",
    ])
    func `any data is a message`(data: String) {
        let message = read(data).message
        #expect(message.id == nil && message.senderID == nil && message.senderName == nil)
        #expect(message.preview == nil && message.recipients == .everyone)
        #expect(message.identity.count == 64)
        #expect(read(data, userID: "u9").message.senderID == "u9")
    }

    @Test(arguments: [
        ("null", NoticeMessage.Recipients.everyone, false), (#""ann""#, .named(["ann"]), false),
        ("12", .named(["12"]), false),
        (#"["ann","bob","ann",3]"#, .named(["ann", "bob", "3"]), false),
        ("[]", .named([]), false), (#"["ann",null,{},[],true,""]"#, .named(["ann"]), false),
        ("[null]", .named([]), true), ("{}", .named([]), true), ("true", .named([]), true),
        (#""""#, .named([]), true),
    ])
    func `recipients are an id or a list of ids`(
        json: String, recipients: NoticeMessage.Recipients, isBad: Bool
    ) {
        let (message, flaw) = read(#"{"a":{"b":{"to":\#(json)}}}"#, recipients: "a.b.to")
        #expect(message.recipients == recipients && flaw == (isBad ? .invalid : nil))
    }

    @Test(arguments: [#"{}"#, #"{"a":7}"#, #"{"a":{}}"#, "[]", "x"])
    func `a path without a value means every seen user`(data: String) {
        let (message, flaw) = read(data, recipients: "a.b")
        #expect(message.recipients == .everyone && flaw == .missing)
    }

    @Test func `ids and lists are bounded`() {
        let limit = NoticeConfiguration.idBytes
        for (count, isThere) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            let id = String(repeating: "x", count: count)
            let message = read(#"{"message":{"id":"\#(id)","senderId":"\#(id)"}}"#).message
            #expect((message.id == id) == isThere && (message.senderID == id) == isThere)
        }
        let named = NoticeConfiguration.recipientsNamed
        let list = (0...named).map(String.init).joined(separator: ",")
        let message = read("{\"to\":[\(list)]}", recipients: "to").message
        #expect(message.recipients == .named((0..<named).map(String.init)))
    }

    @Test func `an event for Inngest contains all data for a mail`() {
        var configuration = NoticeConfiguration()
        configuration.channels = try? ChannelPatterns("presence-bail-*")
        configuration.link = "https://app.example/baux/{bail}?b={bail}"
        var message = read(
            #"{"message":{"id":"m1","senderId":"u1","content":"Bonjour","sender":{"name":"Zoé"}}}"#
        ).message
        message.channel = "presence-bail-4=2"
        let event = NoticeEvent(
            message, for: Member(userID: "u2", userInfo: Array(#"{"email":"a@b"}"#.utf8)),
            configuration: configuration)
        let expected =
            #"{"id":"\#(event.id)","name":"chat/message.offline","ts":5,"data":{"#
            + #""channel":"presence-bail-4=2","bail":"4=2","message_id":"m1","#
            + #""recipient":{"id":"u2","user_info":{"email":"a@b"}},"#
            + #""sender":{"id":"u1","name":"Zoé"},"preview":"Bonjour","#
            + #""link":"https://app.example/baux/4%3D2?b=4%3D2"}}"#
        #expect(String(decoding: event.json(), as: UTF8.self) == expected)
    }

    @Test func `missing values are null, and a link with {bail} is null if there is no bail`() {
        var configuration = NoticeConfiguration()
        configuration.channels = try? ChannelPatterns("presence-lobby")
        configuration.link = "https://app.example/{bail}"
        var message = read("{}").message
        message.channel = "presence-lobby"
        let event = NoticeEvent(
            message, for: Member(userID: "u2", userInfo: nil), configuration: configuration)
        #expect(event.bail == nil && event.link == nil)
        #expect(
            String(decoding: event.json(), as: UTF8.self).hasSuffix(
                #""bail":null,"message_id":null,"recipient":{"id":"u2","user_info":null},"#
                    + #""sender":{"id":null,"name":null},"preview":null,"link":null}}"#))
        configuration.link = "https://app.example/chat"
        let plain = NoticeEvent(
            message, for: Member(userID: "u2", userInfo: nil), configuration: configuration)
        #expect(plain.link == "https://app.example/chat")
    }

    @Test func `an id identifies one message and one recipient`() {
        let configuration = NoticeConfiguration()
        func id(_ channel: String, _ message: String, _ user: String) -> String {
            var read = read(#"{"message":{"id":"\#(message)"}}"#).message
            read.channel = channel
            return NoticeEvent(
                read, for: Member(userID: user, userInfo: nil), configuration: configuration
            ).id
        }
        let all = [
            id("c", "m", "u"), id("c", "mu", ""), id("c", "m", "v"), id("c", "n", "u"),
            id("d", "m", "u"), id("c 1", "m", "u"), id("c", "1 m", "u"),
        ]
        #expect(Set(all).count == all.count)
        #expect(id("c", "m", "u") == all[0])
    }

    @Test(arguments: [-1, 0, 1])
    func `an event is limited to the size that Inngest accepts`(offset: Int) {
        let message = read("{}").message
        func event(_ info: [UInt8]?) -> NoticeEvent {
            NoticeEvent(
                message, for: Member(userID: "u", userInfo: info),
                configuration: NoticeConfiguration())
        }
        let room = NoticeConfiguration.eventBytes - event(Array("0".utf8)).json().count + 1
        let info = [UInt8](repeating: UInt8(ascii: "1"), count: room + offset)
        let json = event(info).json()
        #expect(
            json.count
                == (offset > 0 ? event(nil).json().count : NoticeConfiguration.eventBytes + offset))
    }

    @Test func `without its user_info the largest event fits`() {
        let heavy = String(repeating: "\u{1}", count: NoticeConfiguration.previewBytes)
        let long = String(repeating: "\u{1}", count: NoticeConfiguration.idBytes)
        var configuration = NoticeConfiguration()
        configuration.event = String(repeating: "\u{1}", count: 256)
        let message = NoticeMessage(
            channel: String(repeating: "c", count: 164), identity: long, id: long, key: nil,
            senderID: long, senderName: heavy, preview: heavy, recipients: .everyone,
            receivedAt: WallTime(milliseconds: .max))
        let event = NoticeEvent(
            message, for: Member(userID: long, userInfo: [UInt8](repeating: 0x31, count: 1 << 20)),
            configuration: configuration)
        #expect(event.json().count <= NoticeConfiguration.eventBytes)
    }

    @Test(arguments: [
        (200, #"{"ids":["x"],"status":200}"#, NoticeOutcome.sent), (200, "", .sent),
        (200, #"{"error":null}"#, .sent), (200, #"{"error":""}"#, .sent),
        (200, #"{"error":"no"}"#, .unknown(.words("status 200 with an error"))),
        (200, #"{"error":{}}"#, .unknown(.words("status 200 with an error"))),
        (202, "", .unknown(.status(202))), (301, "", .failed(.status(301))),
        (307, "", .failed(.status(307))), (400, "", .refused(status: 400)),
        (401, "", .failed(.status(401))), (403, "", .failed(.status(403))),
        (404, "", .failed(.status(404))), (406, "", .refused(status: 406)),
        (408, "", .failed(.status(408))), (409, "", .failed(.status(409))),
        (412, "", .failed(.status(412))), (413, "", .refused(status: 413)),
        (429, "", .failed(.status(429))), (499, "", .failed(.status(499))),
        (500, "", .unknown(.status(500))), (503, "", .unknown(.status(503))),
        (504, "", .unknown(.status(504))), (599, "", .unknown(.status(599))),
    ])
    func `an answer determines the outcome`(status: Int, body: String, outcome: NoticeOutcome) {
        let response = HTTPResponse(status: status, fields: [:], body: Array(body.utf8))
        #expect(NoticeOutcome(response) == outcome)
    }
}
