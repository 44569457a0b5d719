// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct RESTTests {
    private let events = "/apps/1234/events"
    private let batch = "/apps/1234/batch_events"

    private func fixture() -> AppFixture {
        var fixture = AppFixture()
        for id in 1...3 { fixture.connect(id) }
        fixture.subscribe(1, "a")
        fixture.subscribe(2, "a")
        fixture.subscribe(2, "presence-x", data: #"{"user_id":"u"}"#)
        fixture.subscribe(3, "presence-x", data: #"{"user_id":"u"}"#)
        return fixture
    }

    // MARK: Publishing

    @Test func `an event is sent to its channels with its data unchanged`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", events,
            body: #"{"name": "e", "channels": ["a", "presence-x", "a"], "data": "{\"z\": \u00e9}"}"#
        )
        #expect(answer.status == 200)
        #expect(answer.body == "{}")
        let data = #""data":"{\"z\": \u00e9}""#
        #expect(
            answer.output == [
                #"1 < {"event":"e","channel":"a",\#(data)}"#,
                #"2 < {"event":"e","channel":"a",\#(data)}"#,
                #"2 < {"event":"e","channel":"presence-x",\#(data)}"#,
                #"3 < {"event":"e","channel":"presence-x",\#(data)}"#,
            ])
    }

    @Test func `the excluded socket does not receive the event`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", events, body: #"{"name":"e","channel":"a","data":"1","socket_id":"1.1"}"#)
        #expect(answer.output == [#"2 < {"event":"e","channel":"a","data":"1"}"#])
    }

    @Test func `a publisher can ask for the subscription counts`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", events,
            body: #"{"name":"e","channels":["presence-x","a","empty"],"data":"1","#
                + #""info":"user_count,subscription_count"}"#)
        #expect(
            answer.body
                == #"{"channels":{"presence-x":{"user_count":1,"subscription_count":2},"#
                + #""a":{"subscription_count":2},"empty":{"subscription_count":0}}}"#)
    }

    @Test func `the events of a batch are sent in order`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", batch,
            body: #"{"batch":[{"channel":"a","name":"e1","data":"1","socket_id":"2.2"},"#
                + #"{"channel":"presence-x","name":"e2","data":"2"}]}"#)
        #expect(answer.body == "{}")
        #expect(
            answer.output == [
                #"1 < {"event":"e1","channel":"a","data":"1"}"#,
                #"2 < {"event":"e2","channel":"presence-x","data":"2"}"#,
                #"3 < {"event":"e2","channel":"presence-x","data":"2"}"#,
            ])
    }

    @Test func `a batch with attributes is answered item by item`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", batch,
            body: #"{"batch":[{"channel":"presence-x","name":"e","data":"1","info":"user_count"},"#
                + #"{"channel":"a","name":"e","data":"2"}]}"#)
        #expect(answer.body == #"{"batch":[{"user_count":1},{}]}"#)
    }

    @Test func `the deprecated form takes its data from the body`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", "/apps/1234/channels/a/events", query: "name=e&socket_id=2.2",
            body: "{\"k\":\n1}")
        #expect(answer.status == 202)
        #expect(answer.output == [#"1 < {"event":"e","channel":"a","data":"{\"k\":\n1}"}"#])
    }

    @Test(arguments: [
        ("", 400, "Malformed JSON body: expected an object"),
        ("[]", 400, "Malformed JSON body: expected an object"),
        ("{\"name\":\"e\"", 400, "Malformed JSON body: expected an object"),
        (#"{"channel":"a","data":"1"}"#, 400, "Expected name parameter to be a string"),
        (#"{"name":7,"channel":"a","data":"1"}"#, 400, "Expected name parameter to be a string"),
        (#"{"name":"e","channel":"a"}"#, 400, "Expected data parameter to be a string"),
        (#"{"name":"e","channel":"a","data":{}}"#, 400, "Expected data parameter to be a string"),
        (
            #"{"name":"e","data":"1"}"#, 400,
            "Missing channels parameter: expected an array of strings"
        ),
        (
            #"{"name":"e","channels":[],"data":"1"}"#, 400,
            "Missing channels parameter: expected an array of strings"
        ),
        (
            #"{"name":"e","channels":["a",7],"data":"1"}"#, 400,
            "Missing channels parameter: expected an array of strings"
        ),
        (#"{"name":"e","channels":["a","b c"],"data":"1"}"#, 400, "Invalid channel name: b c"),
        (##"{"name":"e","channels":["#x"],"data":"1"}"##, 400, "Invalid channel name: #x"),
        (
            #"{"name":"","channel":"a","data":"1"}"#, 400,
            "Invalid event name: expected 1 to 200 characters"
        ),
        (
            #"{"name":"pusher-x","channel":"a","data":"1"}"#, 400,
            "The 'pusher' namespace is reserved for internal usage"
        ),
        (#"{"name":"e","channel":"a","data":"1","socket_id":"x"}"#, 400, "Invalid socket_id"),
        (
            #"{"name":"e","channel":"a","data":"1","socket_id":7}"#, 400,
            "Expected socket_id parameter to be a string"
        ),
        (
            #"{"name":"e","channel":"a","data":"1","info":"x"}"#, 400,
            "The attribute x does not apply here"
        ),
    ])
    func `an invalid event is refused in plain text and not sent`(
        body: String, status: Int, words: String
    ) {
        var fixture = fixture()
        let answer = fixture.request("POST", events, body: body)
        #expect(answer.status == status)
        #expect(answer.body == words + "\n")
        #expect(answer.output == [])
    }

    @Test(arguments: [(10_240, 200), (10_241, 413)])
    func `data is limited to 10,240 bytes without its escapes`(size: Int, status: Int) {
        var fixture = fixture()
        let data = String(repeating: #"\n"#, count: size)
        let answer = fixture.request(
            "POST", events, body: #"{"name":"e","channel":"a","data":"\#(data)"}"#)
        #expect(answer.status == status)
        if status == 413 {
            #expect(
                answer.body.hasPrefix(
                    "The data content of this event exceeds the allowed maximum (10240 bytes)."))
        }
    }

    @Test(arguments: [(100, 200), (101, 400)])
    func `an event is limited to 100 channels`(count: Int, status: Int) {
        var fixture = fixture()
        let names = (0..<count).map { "\"c\($0)\"" }.joined(separator: ",")
        let answer = fixture.request(
            "POST", events, body: #"{"name":"e","channels":[\#(names)],"data":"1"}"#)
        #expect(answer.status == status)
    }

    @Test(arguments: [(10, 200), (11, 400)])
    func `a batch is limited to 10 events`(count: Int, status: Int) {
        var fixture = fixture()
        let item = #"{"channel":"a","name":"e","data":"1"}"#
        let items = Array(repeating: item, count: count).joined(separator: ",")
        #expect(fixture.request("POST", batch, body: #"{"batch":[\#(items)]}"#).status == status)
    }

    @Test func `one invalid item refuses the whole batch`() {
        var fixture = fixture()
        let answer = fixture.request(
            "POST", batch,
            body: #"{"batch":[{"channel":"a","name":"e","data":"1"},{"name":"e","data":"1"}]}"#)
        #expect(answer.status == 400)
        #expect(answer.output == [])
    }

    // MARK: Queries

    @Test(arguments: [
        ("channels", "", 200, #"{"channels":{"a":{},"presence-x":{}}}"#),
        (
            "channels", "filter_by_prefix=presence-&info=user_count", 200,
            #"{"channels":{"presence-x":{"user_count":1}}}"#
        ),
        ("channels", "info=user_count", 400, "The attribute user_count does not apply here\n"),
        ("channels/a", "", 200, #"{"occupied":true}"#),
        ("channels/nobody", "", 200, #"{"occupied":false}"#),
        (
            "channels/a", "info=subscription_count", 200,
            #"{"occupied":true,"subscription_count":2}"#
        ),
        ("channels/a", "info=user_count", 400, "The attribute user_count does not apply here\n"),
        ("channels/a", "info=cache", 400, "The attribute cache does not apply here\n"),
        ("channels/cache-x", "info=cache", 200, #"{"occupied":false,"cache":null}"#),
        (
            "channels/presence-x", "info=user_count,subscription_count", 200,
            #"{"occupied":true,"user_count":1,"subscription_count":2}"#
        ),
        ("channels/presence-x/users", "", 200, #"{"users":[{"id":"u"}]}"#),
        ("channels/presence-nobody/users", "", 200, #"{"users":[]}"#),
        ("channels/a/users", "", 400, "Users can only be retrieved for presence channels\n"),
        ("channels/presence-x/stats", "", 200, #"{"occupied":true,"user_count":1}"#),
        ("channels/a/stats", "", 200, #"{"occupied":true}"#),
        ("channels/a%20b", "", 400, "Invalid channel name: a b\n"),
    ])
    func `queries are answered`(path: String, query: String, status: Int, body: String) {
        var fixture = fixture()
        let answer = fixture.request("GET", "/apps/1234/\(path)", query: query)
        #expect(answer.status == status)
        #expect(answer.body == body)
    }

    @Test func `the cached event can be queried, with its remaining lifetime`() {
        var fixture = fixture()
        fixture.request(
            "POST", events, body: #"{"name":"e","channel":"cache-x","data":"{\"a\":1}"}"#)
        fixture.now += .seconds(60)
        #expect(
            fixture.request("GET", "/apps/1234/channels/cache-x", query: "info=cache").body
                == #"{"occupied":false,"cache":{"data":"{\"a\":1}","ttl":1740}}"#)
    }

    @Test(arguments: [
        ("GET", "/apps/1234/events", 405), ("POST", "/apps/1234/channels", 405),
        ("GET", "/apps/1234/users/u/terminate_connections", 405),
        ("GET", "/apps/1234/other", 404), ("GET", "/apps/1234", 404),
        ("GET", "/apps/1234/channels/a/b/c", 404), ("GET", "/apps/99/channels", 404),
        ("GET", "/apps/1234/channels/%zz", 400), ("GET", "/apps/1234/channels/%ff", 400),
    ])
    func `an unknown endpoint is refused`(method: String, path: String, status: Int) {
        var fixture = fixture()
        #expect(fixture.request(method, path).status == status)
    }
}
