// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

func serverMessage(_ text: String) throws(ChannelsMessageError) -> ServerMessage {
    try ServerMessage.parse(Array(text.utf8).span)
}

struct ServerMessageTests {
    @Test(arguments: [
        #"{"event":"pusher:connection_established","data":"{\"socket_id\":\"123.456\",\"activity_timeout\":120}"}"#,
        #"{"event":"pusher:connection_established","data":{"socket_id":"123.456","activity_timeout":120}}"#,
        "{\"data\":{\"activity_timeout\":120.9,\"socket_id\":\"123.456\"},\"event\":\"pusher:connection_established\"}\n",
        #"{"event":"pusher:connection_established","data":{"socket_id":"123.456","activity_timeout":"120"}}"#,
    ])
    func `the first message is parsed with its data in any form`(text: String) throws {
        #expect(
            try serverMessage(text)
                == .connectionEstablished(socketID: "123.456", activityTimeout: 120))
    }

    @Test(arguments: ["0", "-1", "null", "\"\"", "1e300", "{}", "true"])
    func `an invalid activity timeout is ignored`(value: String) throws {
        let text =
            #"{"event":"pusher:connection_established","data":{"socket_id":"1.2","activity_timeout":\#(value)}}"#
        #expect(
            try serverMessage(text) == .connectionEstablished(socketID: "1.2", activityTimeout: nil)
        )
    }

    @Test(arguments: [
        "{}", "\"{}\"", "null", "\"x\"", #"{"socket_id":null}"#, #"{"socket_id":""}"#,
        #"{"socket_id":{}}"#, #"{"socket_id":"1.2\n"}"#, #"{"socket_id":"1\u00002"}"#,
    ])
    func `a first message without a usable socket id throws an error`(data: String) {
        let error = #expect(throws: ChannelsMessageError.self) {
            try serverMessage(#"{"event":"pusher:connection_established","data":\#(data)}"#)
        }
        #expect(error == .missing(field: "socket_id"))
        #expect(error.map { "\($0)" }?.contains("field socket_id") == true)
    }

    @Test(arguments: [
        (#""12""#, "12"), (#"".2""#, ".2"), ("1.2", "1.2"), ("7", "7"),
        (#""0b2f9a8e-7f7b-4bd0-9a35-4f6b8f7f2f5b""#, "0b2f9a8e-7f7b-4bd0-9a35-4f6b8f7f2f5b"),
        (#""a:b c\/\u00e9""#, "a:b c/é"),
    ])
    func `a socket id of any format is accepted, as in pusher-js`(
        json: String, socketID: String
    ) throws {
        #expect(
            try serverMessage(
                #"{"event":"pusher:connection_established","data":{"socket_id":\#(json)}}"#)
                == .connectionEstablished(socketID: socketID, activityTimeout: nil))
    }

    @Test(arguments: [(255, true), (256, true), (257, false)])
    func `a socket id has at most 256 bytes`(length: Int, isUsable: Bool) {
        #expect(SocketID.isUsable(String(repeating: "x", count: length)) == isUsable)
    }

    @Test(
        arguments: [
            (#"{"code":4301,"message":"slow"}"#, 4301, "slow"),
            (#""{\"code\":4301,\"message\":\"slow\"}""#, 4301, "slow"),
            (#"{"code":"4301","message":"slow"}"#, 4301, "slow"), (#"{"code":4301}"#, 4301, ""),
            (#"{"code":null,"message":"no"}"#, nil, "no"), (#"{"message":"no"}"#, nil, "no"),
            (#""just words""#, nil, "just words"), ("null", nil, ""), ("[]", nil, ""),
            ("4301", nil, ""),
        ] as [(String, Int?, String)])
    func `an error's data may be an object, a string or absent`(
        data: String, code: Int?, message: String
    ) throws {
        let text = #"{"event":"pusher:error","channel":"private-x","data":\#(data)}"#
        #expect(try serverMessage(text) == .error(code: code, message: message))
    }

    @Test(arguments: ["", #","data":{}"#, #","data":"{}""#, #","data":"""#, #","data":null"#])
    func `pings and pongs may have any data`(rest: String) throws {
        #expect(try serverMessage(#"{"event":"pusher:ping"\#(rest)}"#) == .ping)
        #expect(try serverMessage(#"{"event":"pusher:pong"\#(rest)}"#) == .pong)
    }

    @Test(arguments: ["", #","data":{}"#, #","data":"{}""#, #","data":"""#, #","data":null"#])
    func `a public channel's subscription may have any data`(rest: String) throws {
        let text = #"{"event":"pusher_internal:subscription_succeeded","channel":"pub"\#(rest)}"#
        #expect(try serverMessage(text) == .subscriptionSucceeded(channel: "pub", members: nil))
    }

    @Test(arguments: [
        (
            #"{"presence":{"ids":["u1","u2"],"hash":{"u1":{"n":1.0},"u2":null},"count":2}}"#,
            ["u1", "u2"]
        ),
        (#"{"presence":{"hash":{"u1":{"n":1.0},"u2":null},"count":2}}"#, ["u1", "u2"]),
        (#"{"presence":{"ids":["u2","u1"],"hash":{"u1":{"n":1.0}}}}"#, ["u1", "u2"]),
        (#"{"presence":{"ids":[10,"u1"],"hash":{"10":{"n":1.0}}}}"#, ["10", "u1"]),
        // Equal as `String`, but two users of Channels.
        (#"{"presence":{"hash":{"zo\u00e9":{},"zoe\u0301":{}}}}"#, ["zo\u{E9}", "zoe\u{301}"]),
        (#"{"presence":{"ids":["zo\u00e9","zoe\u0301"]}}"#, ["zo\u{E9}", "zoe\u{301}"]),
        (#"{"presence":{"ids":[10],"hash":null,"count":1}}"#, ["10"]),
        (#"{"presence":{"ids":["u1",null,{}],"hash":[],"count":1}}"#, ["u1"]),
        (#"{"presence":{"count":0,"ids":[],"hash":[]}}"#, []),
        (#"{"presence":{}}"#, []),
    ])
    func `a presence channel's members are read from ids and hash, if present`(
        data: String, ids: [String]
    ) throws {
        var quoted: [UInt8] = []
        JSONWriter.string(data, into: &quoted)
        for data in [data, String(decoding: quoted, as: UTF8.self)] {
            let text =
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":\#(data)}"#
            guard case .subscriptionSucceeded("presence-x", let members?) = try serverMessage(text)
            else {
                Issue.record("no members")
                return
            }
            #expect(members.map(\.userID) == ids)
        }
    }

    @Test(arguments: [
        "", #","data":{"presence":null}"#, #","data":{}"#, #","data":"{}""#, #","data":null"#,
        #","data":[]"#, #","data":"""#, #","data":" ""#, #","data":{"presence":[]}"#,
    ])
    func `a presence channel's subscription without a list has no members`(
        rest: String
    ) throws {
        let text =
            #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x"\#(rest)}"#
        #expect(
            try serverMessage(text) == .subscriptionSucceeded(channel: "presence-x", members: nil))
    }

    @Test(arguments: [
        ("pusher:subscription_succeeded", #"{"presence":{"hash":{"a":null}}}"#),
        ("pusher:subscription_succeeded", "null"),
        ("pusher:member_added", #"{"user_id":"a"}"#),
        ("pusher:member_removed", #"{"user_id":"a"}"#),
        ("pusher:subscription_count", #"{"subscription_count":7}"#),
        ("pusher_internal:connection_established", #"{"socket_id":"1.2"}"#),
        ("pusher_internal:error", #"{"code":4001}"#), ("pusher_internal:ping", "{}"),
        ("pusher_internal:pong", "{}"), ("pusher_internal:cache_miss", "{}"),
        ("pusher_internal:signin_success", #"{"user_data":"{}"}"#),
        ("Pusher_Internal:member_added", #"{"user_id":"a"}"#),
    ])
    func `a protocol message counts only under its exact name`(name: String, data: String) throws {
        let text = #"{"event":"\#(name)","channel":"presence-x","data":\#(data)}"#
        switch try serverMessage(text) {
        case .ignored, .event: break
        case let other: Issue.record("\(other)")
        }
    }

    @Test func `a byte order mark before a message is skipped`() throws {
        #expect(try serverMessage("\u{FEFF}" + #" {"event":"pusher:ping"}"#) == .ping)
        #expect(
            try serverMessage("\u{FEFF}" + #"{"event":"x","channel":"c","data":"1"}"#)
                == .event(channel: "c", name: "x", data: Array("1".utf8), userID: nil))
    }

    @Test func `a member's info passes byte for byte, and null counts as absent`() throws {
        let text =
            #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"hash\":{\"a\":{\"n\":1.0,\"e\":\"\\u00e9\"},\"b\":[],\"c\":null,\"a\":\"last\"}}}"}"#
        #expect(
            try serverMessage(text)
                == .subscriptionSucceeded(
                    channel: "presence-x",
                    members: [
                        ChannelMember(userID: "a", userInfo: Array("\"last\"".utf8)),
                        ChannelMember(userID: "b", userInfo: Array("[]".utf8)),
                        ChannelMember(userID: "c"),
                    ]))
    }

    @Test func `an unreadable list of members is an error, not an empty list`() {
        #expect(throws: ChannelsMessageError.missing(field: "presence")) {
            try serverMessage(
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{"}"#
            )
        }
    }

    @Test(
        arguments: [
            (#"{"user_id":"u1","user_info":{"name":"Zo\u00eb"}}"#, "u1", #"{"name":"Zo\u00eb"}"#),
            (#""{\"user_id\":\"u1\",\"user_info\":{\"a\":1.0}}""#, "u1", #"{"a":1.0}"#),
            (#"{"user_id":10,"user_info":[]}"#, "10", "[]"), (#"{"user_id":"u1"}"#, "u1", nil),
            (#"{"user_id":"u1","user_info":null}"#, "u1", nil),
            ("{\"user_id\":\"u1\",\"user_info\":{\n}}", "u1", "{ }"),
        ] as [(String, String, String?)])
    func `members join and leave, with a user id of either type`(
        data: String, userID: String, info: String?
    ) throws {
        let member = ChannelMember(userID: userID, userInfo: info.map { Array($0.utf8) })
        #expect(
            try serverMessage(
                #"{"event":"pusher_internal:member_added","channel":"presence-x","data":\#(data)}"#)
                == .memberAdded(channel: "presence-x", member))
        #expect(
            try serverMessage(
                #"{"event":"pusher_internal:member_removed","channel":"presence-x","data":\#(data)}"#
            )
                == .memberRemoved(channel: "presence-x", userID: userID))
    }

    @Test(arguments: [
        (#"{"type":"AuthError","error":"no","status":401}"#, 401, "no"),
        (#""{\"type\":\"AuthError\",\"error\":\"no\",\"status\":401}""#, 401, "no"),
        (#"{"message":"full","status":"4100"}"#, 4100, "full"),
        (#"{"type":"LimitReached"}"#, 0, "LimitReached"),
        ("403", 403, ""), ("\"403\"", 403, ""), ("\"no\"", 0, "no"), ("null", 0, ""),
    ])
    func `a refused subscription is parsed in all known forms`(
        data: String, status: Int, message: String
    ) throws {
        for prefix in ["pusher:", "pusher_internal:"] {
            let text = #"{"event":"\#(prefix)subscription_error","channel":"c","data":\#(data)}"#
            #expect(
                try serverMessage(text)
                    == .subscriptionError(channel: "c", status: status, message: message))
        }
    }

    @Test func `counts, cache misses and sign-in are read`() throws {
        #expect(
            try serverMessage(
                #"{"event":"pusher_internal:subscription_count","channel":"c","data":"{\"subscription_count\":7}"}"#
            )
                == .subscriptionCount(channel: "c", 7))
        for rest in ["", #","data":"{}""#] {
            #expect(
                try serverMessage(#"{"event":"pusher:cache_miss","channel":"cache-c"\#(rest)}"#)
                    == .cacheMiss(channel: "cache-c"))
        }
        #expect(
            try serverMessage(
                #"{"event":"pusher:signin_success","data":{"auth":"k:s","user_data":"{\"id\":\"u1\"}"}}"#
            )
                == .signInSucceeded(userData: #"{"id":"u1"}"#))
    }

    @Test(arguments: [
        #"{"event":"pusher:something_new","data":{"a":1}}"#, #"{"event":"pusher:"}"#,
        #"{"event":"pusher_internal:watchlist_events","data":{"events":[]}}"#,
        #"{"event":"pusher_internal:member_added","channel":"presence-x","data":{}}"#,
        #"{"event":"pusher_internal:member_removed","channel":"presence-x","data":"x"}"#,
        #"{"event":"pusher_internal:subscription_count","channel":"c"}"#,
        #"{"event":"pusher:signin_success","data":{}}"#,
        #"{"event":"pusher_internal:member_added","data":{"user_id":"a"}}"#,
        #"{"event":"pusher_internal:subscription_succeeded","channel":1}"#,
        #"{"event":"pusher:subscription_error"}"#, #"{"event":"pusher:cache_miss"}"#,
    ])
    func `an unknown message of Channels is ignored`(text: String) throws {
        guard case .ignored = try serverMessage(text) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test func `an event is parsed with its channel, data and user`() throws {
        #expect(
            try serverMessage(
                #"{"event":"client-typing","channel":"presence-bail-1","data":"{\"isTyping\":true}","user_id":"u1"}"#
            )
                == .event(
                    channel: "presence-bail-1", name: "client-typing",
                    data: Array(#"{"isTyping":true}"#.utf8), userID: "u1"))
        #expect(
            try serverMessage(#"{"user_id":10,"data":{"a":1},"channel":null,"event":"\u00e9v"}"#)
                == .event(
                    channel: nil, name: "év", data: Array(#"{"a":1}"#.utf8), userID: "10"))
        #expect(
            try serverMessage(
                #"{"event":"online","data":{"user_ids":[]},"extra":[1],"user_id":null}"#)
                == .event(
                    channel: nil, name: "online", data: Array(#"{"user_ids":[]}"#.utf8),
                    userID: nil))
        #expect(
            try serverMessage(#"{"event":"pusher-notification","channel":"c"}"#)
                == .event(
                    channel: "c", name: "pusher-notification", data: Array("null".utf8),
                    userID: nil))
    }

    @Test(
        arguments: [
            ("", .notAnObject), (" \n", .notAnObject), ("\u{FEFF}", .notAnObject),
            ("\u{FEFF}\u{FEFF}", .notAnObject), ("null", .notAnObject), ("hello", .notAnObject),
            ("[]", .notAnObject), ("[[[[", .notAnObject), ("1", .notAnObject),
            ("\"x\"", .notAnObject), ("{", .json(.unexpectedEnd)),
            ("\u{FEFF}{", .json(.unexpectedEnd)),
            ("{\"event\":\"a\"}{}", .json(.unexpectedByte(at: 13))), ("{}", .noEvent),
            (#"{"data":{}}"#, .noEvent),
            (#"{"event":1}"#, .noEvent),
            (#"{"event":"a","event":null}"#, .noEvent),
        ] as [(String, ChannelsMessageError)])
    func `an invalid message throws a typed error`(text: String, error: ChannelsMessageError) {
        #expect(throws: error) { try serverMessage(text) }
        // Truncated or damaged text may have been an event; the other texts were not.
        let mayBeEvent = if case .json = error { true } else { false }
        #expect(error.isWithoutMessage == !mayBeEvent)
    }

    @Test func `a message truncated or changed at any byte never traps, and data is one line`() {
        let texts = [
            #"{"event":"new-message","channel":"c","data":"{\"a\":\"\\u00e9\ud83d\udc4d\",\n\"b\":[1.5]}","user_id":7}"#,
            #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"ids\":[1],\"hash\":{\"u\":{}}}}"}"#,
        ]
        for text in texts.map({ Array($0.utf8) }) {
            for at in text.indices {
                _ = try? ServerMessage.parse(Array(text[..<at]).span)
                for byte in UInt8.min...UInt8.max {
                    var changed = text
                    changed[at] = byte
                    guard case .event(_, _, let data, _)? = try? ServerMessage.parse(changed.span)
                    else { continue }
                    if data.contains(0x0A) || data.contains(0x0D) { Issue.record("two lines") }
                    if (try? ScannedJSON(data)) == nil { Issue.record("no JSON") }
                }
            }
        }
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: #"{"a":"#, count: depth - 1) + "{}"
            + String(repeating: "}", count: depth - 1)
    }

    /// Returns the data of a list of members, as an object and as a string.
    private static func forms(_ data: String) -> [String] {
        [data, "\"" + data.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""]
    }

    @Test(arguments: [57, 58, 61, 64, 65, 5_000])
    func `one member's info may nest to any depth`(depth: Int) throws {
        let deep = Self.nested(depth)
        let info = depth > 57 ? "\"" + deep.replacing("\"", with: "\\\"") + "\"" : deep
        let hash = "{\"eve\":\(deep),\"ann\":{\"name\":\"A\\u006e\"},\"bob\":null}"
        for data in Self.forms("{\"presence\":{\"hash\":\(hash),\"ids\":[\"eve\",7]}}") {
            let text =
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":\#(data)}"#
            #expect(
                try serverMessage(text)
                    == .subscriptionSucceeded(
                        channel: "presence-a",
                        members: [
                            ChannelMember(userID: "eve", userInfo: Array(info.utf8)),
                            ChannelMember(
                                userID: "ann", userInfo: Array(#"{"name":"A\u006e"}"#.utf8)),
                            ChannelMember(userID: "bob"), ChannelMember(userID: "7"),
                        ]), "\(depth)")
        }
    }

    @Test(arguments: [60, 5_000])
    func `the info of a member that joins may nest to any depth`(depth: Int) throws {
        let deep = Self.nested(depth)
        for data in Self.forms("{\"user_id\":\"eve\",\"user_info\":\n\(deep)}") {
            // A line break inside a string must be escaped.
            let data = data.hasPrefix("\"") ? data.replacing("\n", with: "\\n") : data
            let text =
                #"{"event":"pusher_internal:member_added","channel":"presence-a","data":\#(data)}"#
            let info = "\"" + deep.replacing("\"", with: "\\\"") + "\""
            #expect(
                try serverMessage(text)
                    == .memberAdded(
                        channel: "presence-a",
                        ChannelMember(userID: "eve", userInfo: Array(info.utf8))), "\(depth)")
        }
    }

    @Test func `a list of members that is truncated at depth is refused`() {
        let broken = Self.nested(5_000).dropLast()
        for data in Self.forms("{\"presence\":{\"hash\":{\"eve\":\(broken)}}}") {
            let text =
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":\#(data)}"#
            #expect(throws: ChannelsMessageError.self) { try serverMessage(text) }
        }
    }
}
