// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleUpstream

/// Tests the variants in which servers send the same answer.
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
    func `users are listed once each, with their ids as text`(body: String, ids: [String]) {
        #expect(RESTAnswer.users(response(body)) == ids)
    }

    @Test(
        arguments: [
            "", "null", "[]", "{}", #"{"users":{}}"#, #"{"users":[1]}"#, #"{"users":[{}]}"#,
            #"{"users":[{"id":null}]}"#, #"{"users":[{"id":"1"}]"#,
        ])
    func `an answer without a list of users is rejected`(body: String) {
        #expect(RESTAnswer.users(response(body)) == nil)
    }
}
