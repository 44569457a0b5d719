// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleUpstream

/// Every shape in which servers give the same answer.
struct RESTAnswerTests {
    private func response(_ body: String) -> HTTPResponse {
        HTTPResponse(status: 200, body: Array(body.utf8))
    }

    @Test(
        arguments: [
            (#"{"users":[{"id":"1"},{"id":"2"}]}"#, ["1", "2"]),
            (#"{"users":[{"id":10},{"id":-3},{"id":1.5}]}"#, ["10", "-3", "1.5"]),
            (
                #"{"users":[{"id":123456789012345678901234567890}]}"#,
                ["123456789012345678901234567890"]
            ),
            (#"{"users":[{"id":"b"},{"id":"a"},{"id":"b"}]}"#, ["b", "a"]),
            (#"{"users":[{"id":1,"user_info":{"id":2}},{"id":"1"}],"count":2}"#, ["1"]),
            (#"{"users":[]}"#, []), (#" {"users":[{"id":"Zo\u00eb"}]} "#, ["Zoë"]),
        ])
    func `users are listed each once, their ids as text`(body: String, ids: [String]) {
        #expect(RESTAnswer.users(response(body)) == ids)
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", #"{"users":{}}"#, #"{"users":[1]}"#, #"{"users":[{}]}"#,
            #"{"users":[{"id":null}]}"#, #"{"users":[{"id":"1"}]"#,
        ])
    func `what lists no users is refused`(body: String) {
        #expect(RESTAnswer.users(response(body)) == nil)
    }

    @Test(
        arguments: [
            (#"{"channels":{}}"#, [:]), (#"{"channels":[]}"#, [:]),
            (#"{"channels":{"a":{},"b":[],"c":{"user_count":0}}}"#, ["a": nil, "b": nil, "c": 0]),
            (
                #"{"channels":{"a":{"user_count":"7","x":1},"b":{"user_count":null}}}"#,
                ["a": 7, "b": nil]
            ),
            (#"{"channels":{"a":{"subscription_count":3,"occupied":true}}}"#, ["a": nil]),
        ] as [(String, [String: Int?])])
    func `channels are listed with the number of their users`(
        body: String, channels: [String: Int?]
    ) {
        #expect(RESTAnswer.channels(response(body)) == channels)
    }

    @Test(arguments: ["{}", "[]", #"{"channels":[1]}"#, #"{"channels":null}"#, "x"])
    func `what lists no channels is refused`(body: String) {
        #expect(RESTAnswer.channels(response(body)) == nil)
    }

    @Test(
        arguments: [
            (
                #"{"occupied":true,"user_count":42,"subscription_count":"43","cache":null}"#,
                ChannelState(isOccupied: true, userCount: 42, subscriptionCount: 43)
            ),
            (#"{"occupied":false}"#, ChannelState(isOccupied: false)),
            (#"{"user_count":0}"#, ChannelState(isOccupied: false, userCount: 0)),
            (#"{"subscription_count":1}"#, ChannelState(isOccupied: true, subscriptionCount: 1)),
            (nil, nil), ("{}", nil), (#"{"occupied":"yes"}"#, nil), ("[]", nil),
        ] as [(String?, ChannelState?)])
    func `a channel's state is read`(body: String?, state: ChannelState?) {
        #expect(RESTAnswer.channel(response(body ?? "")) == state)
    }
}
