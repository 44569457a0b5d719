// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct DemoApplicationTests {
    @Test func `the page forbids a browser all but what it needs`() throws {
        let response = try #require(Demo().get("/"))
        #expect(response.status == 200)
        #expect(response.fields.first("Content-Type") == "text/html; charset=utf-8")
        let policy = try #require(response.fields.first("Content-Security-Policy"))
        #expect(policy.hasPrefix("default-src 'none'; script-src 'sha256-"))
        #expect(policy.contains("; connect-src 'self' ws://127.0.0.1:6001; "))
        #expect(!policy.contains("unsafe"))
        #expect(response.body == DemoPage.bytes)
    }

    @Test(arguments: ["script", "style"])
    func `the page has one inline element of each kind, and its hash allows it`(
        name: String
    ) throws {
        let page = String(decoding: DemoPage.bytes, as: UTF8.self)
        let opening = page.ranges(of: "<\(name)>")
        let closing = page.ranges(of: "</\(name)>")
        #expect(opening.count == 1 && closing.count == 1)
        let content = try Array(
            page[#require(opening.first).upperBound..<#require(closing.first).lowerBound].utf8)
        #expect(content.count > 1_000)
        let policy = try #require(Demo().get("/")?.fields.first("Content-Security-Policy"))
        #expect(policy.contains("\(name)-src \(DemoPage.hash(of: content));"))
    }

    @Test func `an empty element is filled where it stands, and only an empty one`() {
        let page = Array("<p><style></style>é".utf8)
        let filled = DemoPage.filled(page, element: "style", with: Array("b{}".utf8))
        #expect(filled == Array("<p><style>b{}</style>é".utf8))
        #expect(DemoPage.filled(filled, element: "style", with: [1]) == filled)
        #expect(DemoPage.filled(page, element: "script", with: [1]) == page)
    }

    @Test(arguments: ["http://", "https://", "src=", "innerHTML", "insertAdjacent", "eval("])
    func `the page takes nothing from elsewhere, and puts no text on it as markup`(text: String) {
        let page = String(decoding: DemoPage.bytes, as: UTF8.self)
        // Names of namespaces are no places.
        let bare = page.replacing("http://www.w3.org/2000/svg", with: "")
        #expect(!bare.contains(text))
    }

    @Test func `a browser is told where Channels is`() throws {
        let response = try #require(Demo().get("/demo/settings"))
        #expect(
            response.text
                == #"{"key":"sandbox-key","wsUrl":"ws://127.0.0.1:6001","#
                + #""channel":"presence-bail-demo"}"#)
    }

    @Test func `a party's subscription is signed with what is known of it`() throws {
        let response = try #require(
            Demo().sign("socket_id=123.456&channel_name=presence-bail-demo&user_id=usr_notary_01"))
        #expect(response.status == 200)
        let fields = try #require(JSONFields(response.body))
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
    func `nobody else's subscription is signed`(form: String, status: Int) {
        #expect(Demo().sign(form)?.status == status)
    }

    @Test func `an event is sent with its data byte for byte`() {
        let demo = Demo()
        let response = demo.send(#"{"event":"new-message","data": {"b":1.50,"a":"\u00e9 <b>"} }"#)
        #expect(response?.status == 202)
        #expect(
            demo.sent == [
                #"presence-bail-demo new-message {"b":1.50,"a":"\u00e9 <b>"}"#
            ])
    }

    @Test func `an event that Channels does not take is an error to whoever sent it`() {
        let demo = Demo()
        demo.isTaken = false
        #expect(demo.send(#"{"event":"new-message","data":{}}"#)?.status == 502)
    }

    @Test(arguments: [
        #"{"event":"pusher:ping","data":{}}"#, #"{"event":"client-typing","data":{}}"#,
        #"{"event":7,"data":{}}"#, #"{"data":{}}"#, #"{"event":"new-message"}"#,
        #"{"event":"new-message","data":"text"}"#, #"{"event":"new-message","data":[]}"#,
        #"{"event":"new-message","data":{}"#, "[]", "null", "",
    ])
    func `what is no event of the application is not sent`(body: String) {
        let demo = Demo()
        #expect(demo.send(body)?.status == 400)
        #expect(demo.sent.isEmpty)
    }

    @Test(arguments: [(10_239, 202), (10_240, 202), (10_241, 413)])
    func `data is as long as Channels takes it, and no longer`(count: Int, status: Int) {
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
    func `only the demo's own page may send`(host: String, origin: String?, status: Int) {
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
    func `a type that another site's form could send is refused`(type: String) {
        #expect(Demo().send(#"{"event":"new-message","data":{}}"#, type: type)?.status == 415)
    }

    @Test(arguments: [
        ("POST", "/", "GET, HEAD"), ("DELETE", "/demo/settings", "GET, HEAD"),
        ("GET", "/demo/auth", "POST"), ("PUT", "/demo/publish", "POST"),
    ])
    func `a wrong method is told the right one`(method: String, path: String, allowed: String) {
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

/// The demo's server half, with a Channels that writes down what it is sent.
private final class Demo {
    var isTaken = true
    private(set) var sent: [String] = []

    func answer(_ request: HTTPRequest) -> HTTPResponse? {
        let application = DemoApplication(
            key: "sandbox-key", secret: "sandbox-secret", wsURL: "ws://127.0.0.1:6001"
        ) { channel, event, data, done in
            self.sent.append("\(channel) \(event) \(String(decoding: data, as: UTF8.self))")
            done(self.isTaken)
        }
        var replies: [HTTPResponse] = []
        let isMine = application.respond(to: request) { replies.append($0) }
        #expect(replies.count == (isMine ? 1 : 0))
        return replies.first
    }

    func get(_ path: String) -> HTTPResponse? {
        answer(HTTPRequest(method: "GET", target: path, fields: ["Host": "localhost"]))
    }

    func sign(_ form: String) -> HTTPResponse? {
        post("/demo/auth", form, type: "application/x-www-form-urlencoded")
    }

    func send(_ body: String, type: String = "application/json") -> HTTPResponse? {
        post("/demo/publish", body, type: type)
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
