// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ServerMessageEncodingTests {
    private static let members = [
        ChannelMember(userID: "u1", userInfo: Array(#"{"n":"é"}"#.utf8)),
        ChannelMember(userID: "u\"2"),
    ]

    @Test(
        arguments: [
            (
                .connectionEstablished(socketID: "123.456", activityTimeout: 120),
                #"{"event":"pusher:connection_established","data":"{\"socket_id\":\"123.456\",\"activity_timeout\":120}"}"#
            ),
            (
                .error(code: 4301, message: "slow"),
                #"{"event":"pusher:error","data":{"code":4301,"message":"slow"}}"#
            ),
            (
                .error(code: nil, message: "a \"b\""),
                #"{"event":"pusher:error","data":{"code":null,"message":"a \"b\""}}"#
            ),
            (.ping, #"{"event":"pusher:ping","data":{}}"#),
            (.pong, #"{"event":"pusher:pong","data":{}}"#),
            (
                .subscriptionSucceeded(channel: "pub", members: nil),
                #"{"event":"pusher_internal:subscription_succeeded","channel":"pub","data":"{}"}"#
            ),
            (
                .subscriptionSucceeded(channel: "presence-x", members: members),
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-x","data":"{\"presence\":{\"ids\":[\"u1\",\"u\\\"2\"],\"hash\":{\"u1\":{\"n\":\"é\"},\"u\\\"2\":null},\"count\":2}}"}"#
            ),
            (
                .memberAdded(channel: "presence-x", members[0]),
                #"{"event":"pusher_internal:member_added","channel":"presence-x","data":"{\"user_id\":\"u1\",\"user_info\":{\"n\":\"é\"}}"}"#
            ),
            (
                .memberRemoved(channel: "presence-x", userID: "u1"),
                #"{"event":"pusher_internal:member_removed","channel":"presence-x","data":"{\"user_id\":\"u1\"}"}"#
            ),
            (
                .subscriptionError(channel: "c", status: 401, message: "no"),
                #"{"event":"pusher:subscription_error","channel":"c","data":{"type":"AuthError","error":"no","status":401}}"#
            ),
            (
                .subscriptionCount(channel: "c", 7),
                #"{"event":"pusher_internal:subscription_count","channel":"c","data":"{\"subscription_count\":7}"}"#
            ),
            (.cacheMiss(channel: "cache-c"), #"{"event":"pusher:cache_miss","channel":"cache-c"}"#),
            (
                .signInSucceeded(userData: #"{"id":"u1"}"#),
                #"{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"u1\\\"}\"}"}"#
            ),
            (
                .event(channel: "c", name: "e", data: Array(#"{"a":1}"#.utf8), userID: nil),
                #"{"event":"e","channel":"c","data":"{\"a\":1}"}"#
            ),
            (
                .event(channel: nil, name: "e", data: Array(#""hello""#.utf8), userID: "u1"),
                #"{"event":"e","data":"hello","user_id":"u1"}"#
            ),
            (.ignored(name: "pusher:x"), #"{"event":"pusher:x"}"#),
        ] as [(ServerMessage, String)])
    func `each message has hosted Channels' form and survives parsing`(
        message: ServerMessage, text: String
    ) throws {
        #expect(String(decoding: message.encoded(), as: UTF8.self) == text)
        #expect(try serverMessage(text) == message)
    }

    @Test func `an event's wire data passes byte for byte`() {
        let text = ServerMessage.encodedEvent(
            channel: "c", name: "client-x", wireData: Array(#"{"b":1.0, "a":"\/"}"#.utf8),
            userID: "u1")
        #expect(
            String(decoding: text, as: UTF8.self)
                == #"{"event":"client-x","channel":"c","data":{"b":1.0, "a":"\/"},"user_id":"u1"}"#)
    }
}
