// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct DemoApplicationTests {
    @Test(arguments: DemoPages.pages.map(\.path))
    func `a page's policy forbids everything it does not need`(path: String) throws {
        let response = try #require(Demo().get(path))
        #expect(response.status == 200)
        #expect(response.fields.first("Content-Type") == "text/html; charset=utf-8")
        let policy = try #require(response.fields.first("Content-Security-Policy"))
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'"))
        #expect(policy.contains("; connect-src 'self' ws://127.0.0.1:6001; "))
        #expect(!policy.contains("unsafe"))
        for element in ["script", "style"] {
            for content in DemoPages.inlineContents(of: element, in: response.body) {
                #expect(policy.contains(DemoPages.hash(of: content)))
            }
        }
    }

    @Test func `inline contents are found in any element of that name`() {
        let page = Array(
            "<p><style>a{}</style><script src=x></script><script type=\"m\">é</script>".utf8)
        #expect(DemoPages.inlineContents(of: "style", in: page) == [Array("a{}".utf8)])
        #expect(DemoPages.inlineContents(of: "script", in: page) == [Array("é".utf8)])
        #expect(DemoPages.inlineContents(of: "script", in: Array("<script>x".utf8)).isEmpty)
    }

    @Test func `the page's files are served with their types`() throws {
        for (path, type, bytes) in DemoPages.files {
            let response = try #require(Demo().get(path))
            #expect(response.status == 200 && response.body == bytes)
            #expect(response.fields.first("Content-Type") == type)
        }
    }

    @Test(arguments: ["http://", "https://", "innerHTML", "insertAdjacent", "eval("])
    func `the page loads no other resources and adds no text as markup`(text: String) throws {
        for path in ["/", "/demo/page.css", "/demo/page.js"] {
            let page = String(decoding: try #require(Demo().get(path)).body, as: UTF8.self)
            // The name of a namespace is no resource, and a command is not loaded.
            let bare = page.replacing("http://www.w3.org/2000/svg", with: "")
                .replacing("curl -N 'http://", with: "")
            #expect(!bare.contains(text))
        }
    }

    @Test func `the settings contain the address of Channels`() throws {
        let response = try #require(Demo().get("/demo/settings"))
        #expect(
            response.text
                == #"{"key":"sandbox-key","wsUrl":"ws://127.0.0.1:6001","#
                + #""channel":"presence-bail-demo","connected":true}"#)
    }

    @Test func `a subscription is signed with the stored data of the user`() throws {
        let response = try #require(
            Demo().sign("socket_id=123.456&channel_name=presence-bail-demo&user_id=usr_notary_01"))
        #expect(response.status == 200)
        let fields = try #require(JSONObject(response.body))
        #expect(
            fields.text("auth") == "sandbox-key:"
                + "c1e5863d44284cc69f7bbd2c25d63cefb29a7ba7bc24563d9e48843388be791a")
        #expect(
            fields.text("channel_data")
                == #"{"user_id":"usr_notary_01","user_info":{"name":"Étude 01","#
                + #""email":"etude01@example.test","role":"NOTAIRE"}}"#)
    }

    @Test(arguments: [
        ("socket_id=123.456&channel_name=presence-bail-demo&user_id=usr_owner_03", 403),
        ("socket_id=123.456&channel_name=presence-bail-other&user_id=usr_notary_01", 403),
        ("socket_id=123.456:x&channel_name=presence-bail-demo&user_id=usr_notary_01", 400),
        ("socket_id=123&channel_name=presence-bail-demo&user_id=usr_notary_01", 400),
        ("socket_id=.&channel_name=presence-bail-demo&user_id=usr_notary_01", 400),
        ("channel_name=presence-bail-demo&user_id=usr_notary_01", 400), ("%zz", 400), ("", 400),
    ])
    func `subscriptions of unknown users or channels are not signed`(form: String, status: Int) {
        #expect(Demo().sign(form)?.status == status)
    }

    @Test func `the user of a subscription may be named in the query`() throws {
        let form = "socket_id=123.456&channel_name=presence-bail-demo"
        #expect(Demo().sign(form, query: "?user_id=usr_notary_01")?.status == 200)
        #expect(Demo().sign(form, query: "?user_id=usr_owner_03")?.status == 403)
        #expect(
            Demo().sign(form + "&user_id=usr_x", query: "?user_id=usr_notary_01")?.status == 403)
    }

    @Test func `an event is published with its data unchanged`() {
        let demo = Demo()
        let response = demo.send(#"{"event":"new-message","data": {"b":1.50,"a":"\u00e9 <b>"} }"#)
        #expect(response?.status == 202)
        #expect(
            demo.sent == [
                #"presence-bail-demo new-message {"b":1.50,"a":"\u00e9 <b>"}"#
            ])
    }

    @Test(arguments: [true, false])
    func `an event is stored, even if Channels does not accept it`(isTaken: Bool) {
        let demo = Demo()
        demo.isTaken = isTaken
        let response = demo.send(#"{"event":"new-message","data":{"message":{"id":"m"}}}"#)
        #expect(response?.status == 202)
        #expect(
            response?.text == #"{"time":"1970-01-01T00:00:01.000Z","published":\#(isTaken)}"#)
        #expect(
            demo.get("/demo/records")?.text
                == #"{"records":[{"time":"1970-01-01T00:00:01.000Z","event":"new-message","#
                + #""data":{"message":{"id":"m"}}}],"deleted":[]}"#)
    }

    @Test func `the page disconnects Channels and connects it again`() {
        let demo = Demo()
        #expect(demo.get("/demo/settings")?.text.hasSuffix(#""connected":true}"#) == true)
        #expect(demo.connect(#"{"connected":false}"#)?.status == 200)
        #expect(demo.get("/demo/settings")?.text.hasSuffix(#""connected":false}"#) == true)
        #expect(demo.connect(#"{"connected":true}"#)?.status == 200)
        #expect(demo.connections == [false, true])
        for body in [#"{"connected":"true"}"#, "{}", "true", ""] {
            #expect(demo.connect(body)?.status == 400)
        }
        #expect(demo.connections == [false, true])
    }

    @Test(arguments: [
        #"{"event":"pusher:ping","data":{}}"#, #"{"event":"client-typing","data":{}}"#,
        #"{"event":7,"data":{}}"#, #"{"data":{}}"#, #"{"event":"new-message"}"#,
        #"{"event":"new-message","data":"text"}"#, #"{"event":"new-message","data":[]}"#,
        #"{"event":"new-message","data":{}"#, "[]", "null", "",
    ])
    func `an invalid event is not published`(body: String) {
        let demo = Demo()
        #expect(demo.send(body)?.status == 400)
        #expect(demo.sent.isEmpty)
    }

    @Test(arguments: [(10_239, 202), (10_240, 202), (10_241, 413)])
    func `data up to the limit of Channels is accepted`(count: Int, status: Int) {
        let data = #"{"a":""# + String(repeating: "x", count: count - 8) + #""}"#
        #expect(Demo().send(#"{"event":"new-message","data":\#(data)}"#)?.status == status)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", 202), ("localhost", "http://localhost", 202),
        ("LOCALHOST:8080", "http://localhost:8080", 202), ("[::1]:1", "http://[::1]:1", 202),
        ("127.0.0.1:8080", nil, 202), ("127.0.0.1:8080", "http://127.0.0.1:8081", 403),
        ("127.0.0.1:8080", "null", 403), ("127.0.0.1:8080", "", 403),
        ("127.0.0.1:8080", "http://example.test", 403),
        ("example.test:8080", "http://example.test:8080", 403), ("10.example.test", nil, 403),
        ("", nil, 403),
    ])
    func `only the demo's own page may publish`(host: String, origin: String?, status: Int) {
        var fields: HTTPFields = ["Host": host, "Content-Type": "application/json; charset=utf-8"]
        if let origin { fields.add("Origin", origin) }
        let demo = Demo()
        let body = Array(#"{"event":"new-message","data":{}}"#.utf8)
        let request = HTTPRequest(
            method: "POST", target: "/demo/publish", fields: fields, body: body)
        #expect(demo.answer(request)?.status == status)
        #expect(demo.sent.count == (status == 202 ? 1 : 0))
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", ""])
    func `a content type that another site's form could send is refused`(type: String) {
        #expect(Demo().send(#"{"event":"new-message","data":{}}"#, type: type)?.status == 415)
    }

    @Test(arguments: [
        ("POST", "/", "GET, HEAD"), ("DELETE", "/demo/settings", "GET, HEAD"),
        ("GET", "/demo/auth", "POST"), ("PUT", "/demo/publish", "POST"),
        ("GET", "/demo/channels", "POST"), ("POST", "/demo/records", "GET, HEAD"),
    ])
    func `a 405 names the allowed methods`(method: String, path: String, allowed: String) {
        let request = HTTPRequest(method: method, target: path, fields: ["Host": "localhost"])
        let response = Demo().answer(request)
        #expect(response?.status == 405)
        #expect(response?.fields.first("Allow") == allowed)
    }

    @Test(arguments: ["/events", "/demo", "/demo/", "/demo/other", "//", "/index.html"])
    func `other paths are left to the gateway`(path: String) {
        #expect(Demo().get(path) == nil)
    }
}

/// The demo's application server with a Channels that records published events.
private final class Demo {
    var isTaken = true
    private(set) var sent: [String] = []
    private(set) var connections: [Bool] = []
    private lazy var application = DemoApplication(
        key: "sandbox-key", secret: "sandbox-secret", wsURL: "ws://127.0.0.1:6001",
        services: .init(
            now: { "1970-01-01T00:00:01.000Z" },
            publish: { [unowned self] channel, event, data, done in
                sent.append("\(channel) \(event) \(String(decoding: data, as: UTF8.self))")
                done(isTaken)
            }, connectChannels: { [unowned self] in connections.append($0) }))

    func answer(_ request: HTTPRequest) -> HTTPResponse? {
        var replies: [HTTPResponse] = []
        let isMine = application.respond(to: request) { replies.append($0) }
        #expect(replies.count == (isMine ? 1 : 0))
        return replies.first
    }

    func get(_ path: String) -> HTTPResponse? {
        answer(HTTPRequest(method: "GET", target: path, fields: ["Host": "localhost"]))
    }

    func sign(_ form: String, query: String = "") -> HTTPResponse? {
        post("/demo/auth" + query, form, type: "application/x-www-form-urlencoded")
    }

    func send(_ body: String, type: String = "application/json") -> HTTPResponse? {
        post("/demo/publish", body, type: type)
    }

    func connect(_ body: String) -> HTTPResponse? {
        post("/demo/channels", body, type: "application/json")
    }

    private func post(_ path: String, _ body: String, type: String) -> HTTPResponse? {
        let fields: HTTPFields = ["Host": "localhost:8080", "Content-Type": type]
        return answer(
            HTTPRequest(method: "POST", target: path, fields: fields, body: Array(body.utf8)))
    }
}

extension HTTPResponse {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
