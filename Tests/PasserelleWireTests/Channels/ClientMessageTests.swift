// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ClientMessageTests {
    private func parse(_ text: String) throws(ChannelsMessageError) -> ClientMessage {
        try ClientMessage.parse(Array(text.utf8).span)
    }

    @Test(
        arguments: [
            (
                .subscribe(channel: "pub", auth: "", channelData: nil),
                #"{"event":"pusher:subscribe","data":{"auth":"","channel":"pub"}}"#
            ),
            (
                .subscribe(
                    channel: "presence-x", auth: "k:s", channelData: #"{"user_id": "u1"}"#),
                #"{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{\"user_id\": \"u1\"}","channel":"presence-x"}}"#
            ),
            (
                .unsubscribe(channel: "pub"),
                #"{"event":"pusher:unsubscribe","data":{"channel":"pub"}}"#
            ),
            (.ping, #"{"event":"pusher:ping","data":{}}"#),
            (.pong, #"{"event":"pusher:pong","data":{}}"#),
            (
                .signIn(auth: "k:s", userData: #"{"id":"u1"}"#),
                #"{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{\"id\":\"u1\"}"}}"#
            ),
            (
                .clientEvent(
                    channel: "private-x", name: "client-foo", data: Array(#"{"a":1}"#.utf8)),
                #"{"event":"client-foo","data":{"a":1},"channel":"private-x"}"#
            ),
            (.unknown(name: "other"), #"{"event":"other"}"#),
        ] as [(ClientMessage, String)])
    func `each message has pusher-js's form and survives parsing`(
        message: ClientMessage, text: String
    ) throws {
        #expect(String(decoding: message.encoded(), as: UTF8.self) == text)
        #expect(try parse(text) == message)
    }

    @Test(
        arguments: [
            (
                #"{"event":"pusher:subscribe","data":{"channel":"pub"}}"#,
                .subscribe(channel: "pub", auth: "", channelData: nil)
            ),
            (
                #"{"event":"pusher:subscribe","data":"{\"channel\":\"pub\",\"auth\":null,\"channel_data\":null}"}"#,
                .subscribe(channel: "pub", auth: "", channelData: nil)
            ),
            ("{\"event\":\"pusher:ping\"}\n", .ping),
            (#"{"event":"pusher:pong","data":"{}"}"#, .pong),
        ] as [(String, ClientMessage)])
    func `other clients' forms are parsed as well`(text: String, message: ClientMessage) throws {
        #expect(try parse(text) == message)
    }

    @Test(arguments: [
        (#"{"b":1.0, "a":"\/"}"#, #"{"b":1.0, "a":"\/"}"#), (#""hello""#, #""hello""#),
        ("null", "null"),
        (#""{\"a\":1}""#, #""{\"a\":1}""#), ("{\n}", "{ }"), ("42", "42"),
    ])
    func `the data of a client event is the value sent`(value: String, data: String) throws {
        #expect(
            try parse(#"{"event":"client-x","channel":"private-x","data":\#(value)}"#)
                == .clientEvent(channel: "private-x", name: "client-x", data: Array(data.utf8)))
    }

    @Test func `a client event without data has null data`() throws {
        #expect(
            try parse(#"{"event":"client-x","channel":"private-x"}"#)
                == .clientEvent(channel: "private-x", name: "client-x", data: Array("null".utf8)))
    }

    @Test(
        arguments: [
            ("", .notAnObject), ("hello", .notAnObject), ("[]", .notAnObject),
            ("{hello", .json(.unexpectedByte(at: 1))), ("{}", .noEvent),
            (#"{"event":"pusher:subscribe"}"#, .missing(field: "channel")),
            (#"{"event":"pusher:subscribe","data":{"channel":5}}"#, .missing(field: "channel")),
            (#"{"event":"pusher:unsubscribe","data":"x"}"#, .missing(field: "channel")),
            (#"{"event":"pusher:signin","data":{"user_data":"{}"}}"#, .missing(field: "auth")),
            (#"{"event":"pusher:signin","data":{"auth":"k:s"}}"#, .missing(field: "user_data")),
            (#"{"event":"client-x","data":{}}"#, .missing(field: "channel")),
        ] as [(String, ChannelsMessageError)])
    func `an invalid message throws a typed error`(text: String, error: ChannelsMessageError) {
        #expect(throws: error) { try parse(text) }
    }

    @Test func `a message truncated or changed at any byte never traps`() {
        let text = Array(
            #"{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{\"user_id\":\"u\\u00e9\"}","channel":"presence-x"}}"#
                .utf8)
        for at in text.indices {
            _ = try? ClientMessage.parse(Array(text[..<at]).span)
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[at] = byte
                _ = try? ClientMessage.parse(changed.span)
            }
        }
    }
}
