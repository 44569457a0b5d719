// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// `/console` and its stream, as an operator's browser asks for them.
struct ConsoleRouteTests {
    /// A scene whose consoles are told often.
    private func scene(content: Bool = false, stall: Duration = .seconds(60)) throws -> Scene {
        try Scene { configuration, _ in
            configuration.consoleShowsContent = content
            configuration.consoleInterval = .milliseconds(5)
            configuration.stall = stall
        }
    }

    /// An open console.
    private func open(
        _ scene: Scene, _ fields: String = "", version: String = "1.1"
    ) throws -> Stream {
        let client = try scene.admin()
        client.send("GET /console/events HTTP/\(version)\r\nHost: h\r\n\(fields)\r\n")
        try scene.settle()
        return Stream(client)
    }

    /// Turns until the console is told a message of that name that is as it should be.
    @discardableResult
    private func wait(
        _ scene: Scene, _ console: Stream, for name: String,
        where isRight: @escaping ([UInt8]) -> Bool = { _ in true }
    ) throws -> EventStreamMessage {
        var found: EventStreamMessage?
        try run(
            scene.loop,
            until: {
                let messages = try console.feed(console.client.pair.receive() ?? [])
                found = found ?? messages.first { $0.event == name && isRight($0.data) }
                return found != nil
            })
        return try #require(found)
    }

    private func refusal(_ word: String, _ message: String) -> String {
        #"{"error":"\#(word)","message":"\#(message)"}"# + "\n"
    }

    @Test(arguments: [
        ("/console", "text/html; charset=utf-8", "<!doctype html>"),
        ("/console/console.css", "text/css; charset=utf-8", "/* SPDX-License-Identifier: MIT */"),
        ("/console/console.js", "text/javascript; charset=utf-8", "// SPDX-License-Identifier"),
    ])
    func `the page and its files may do nothing but speak to the gateway`(
        path: String, type: String, begin: String
    ) throws {
        let scene = try scene()
        let answer = try scene.admin().get(path)
        #expect(answer.status == 200 && answer.fields.all("Content-Type") == [type])
        #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix(begin))
        #expect(
            answer.fields.all("Content-Security-Policy") == [
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script';"
                    + " trusted-types 'none'"
            ])
        for (name, value) in [
            ("Cache-Control", "no-cache"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
        ] {
            #expect(answer.fields.all(name) == [value])
        }
        #expect(answer.fields.first("Access-Control-Allow-Origin") == nil)
        let head = try scene.admin().request(
            "HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(
            head.status == 200 && head.body.isEmpty && head.fields.all("Content-Type") == [type])
        #expect(scene.downstream.desk.consoles.count == 0)
    }

    @Test func `the page asks nobody else for anything`() throws {
        let scene = try scene()
        for path in ["/console", "/console/console.css", "/console/console.js"] {
            let text = String(decoding: try scene.admin().get(path).body, as: UTF8.self)
            // Names of namespaces are no addresses.
            let others = text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!others.contains("//www") && !others.contains("http:"), "\(path)")
            #expect(!others.contains("https:") && !others.contains("@import"), "\(path)")
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                #expect(!others.contains(sink), "\(path): \(sink)")
            }
        }
    }

    @Test func `a browser is led to the console, and who else asks hears what there is`() throws {
        let scene = try scene()
        let plain = try scene.admin().get("/")
        #expect(plain.status == 200 && plain.fields.all("Vary") == ["Accept"])
        #expect(String(decoding: plain.body, as: UTF8.self).hasPrefix("/console  "))
        let person = try scene.admin().get("/", "Accept: text/html,*/*;q=0.8\r\n")
        #expect(person.status == 303 && person.fields.all("Location") == ["console"])
        #expect(person.fields.all("Vary") == ["Accept"])
    }

    @Test func `other methods and paths are refused as elsewhere`() throws {
        let scene = try scene()
        for path in ["/console", "/console/console.css", "/console/console.js", "/console/events"] {
            let posted = try scene.admin().request("POST \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(posted.status == 405 && posted.fields.all("Allow") == ["GET, HEAD"])
            #expect(
                String(decoding: posted.body, as: UTF8.self)
                    == refusal("method-not-allowed", "This route takes GET, HEAD."))
            let options = try scene.admin().request("OPTIONS \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(options.status == 204 && options.fields.all("Allow") == ["GET, HEAD"])
            #expect(try scene.http().get(path).status == 404)
        }
        for path in ["/console/", "/console/x", "/console/events/", "/console/words.js"] {
            #expect(try scene.admin().get(path).status == 404, "\(path)")
        }
    }

    @Test(arguments: [
        (
            "Sec-Fetch-Site: cross-site", "Only the console's own page may open this stream."
        ),
        ("Sec-Fetch-Site: Same-Site", "Only the console's own page may open this stream."),
        (
            "Origin: https://elsewhere.example",
            "Pages of that origin may not use this gateway; PASSERELLE_ORIGINS says which may."
        ),
    ])
    func `pages elsewhere open no stream`(field: String, message: String) throws {
        let scene = try scene()
        let answer = try scene.admin().get("/console/events", field + "\r\n")
        #expect(answer.status == 403)
        #expect(String(decoding: answer.body, as: UTF8.self) == refusal("forbidden", message))
        #expect(scene.downstream.desk.consoles.count == 0)
    }

    @Test func `a console is told how things are at once, and then again and again`() throws {
        let scene = try scene()
        scene.facts.version = "9.8.7"
        scene.facts.upstream = "connected"
        let reader = try scene.stream("channel=presence-x")
        scene.say("presence-x", "new-message")
        _ = try reader.names()
        let console = try open(scene, "Sec-Fetch-Site: same-origin\r\n")
        let told = try console.messages()
        #expect(told.prefix(2).map(\.event) == ["state", "events"])
        #expect(console.events.retry == 1000)
        let head = try #require(console.head)
        #expect(head.status == 200)
        #expect(head.fields.all("Content-Type") == ["text/event-stream; charset=utf-8"])
        #expect(head.fields.all("Cross-Origin-Resource-Policy") == ["same-origin"])
        #expect(head.fields.all("X-Content-Type-Options") == ["nosniff"])
        let state = told[0].data
        #expect(member(state, "version") == "9.8.7")
        #expect(member(state, "upstream", "state") == "connected")
        #expect(member(state, "readers") == #"{"sse":1,"poll":0,"line":0}"#)
        // The members first, then the message.
        #expect(member(state, "deliveries", "sse") == "2")
        #expect(member(state, "events") == "1")
        #expect(column(told[1].data, "event") == ["new-message"])
        scene.say("presence-x", "new-request")
        let news = try wait(scene, console, for: "events")
        #expect(column(news.data, "event") == ["new-request"])
        try wait(scene, console, for: "state") { member($0, "deliveries", "sse") == "3" }
    }

    @Test func `nothing is looked at while nobody looks`() throws {
        let scene = try scene()
        let consoles = scene.downstream.desk.consoles
        #expect(!consoles.isTicking)
        let one = try open(scene)
        let other = try open(scene)
        #expect(consoles.count == 2 && consoles.isTicking)
        one.close()
        try run(scene.loop, until: { consoles.count == 1 })
        #expect(consoles.isTicking)
        other.close()
        try run(scene.loop, until: { consoles.count == 0 })
        #expect(!consoles.isTicking)
        // A HEAD is told what would come, and is no console.
        let client = try scene.admin()
        let head = try client.request(
            "HEAD /console/events HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(head.status == 200 && consoles.count == 0 && !consoles.isTicking)
        #expect(head.fields.all("Content-Type") == ["text/event-stream; charset=utf-8"])
        #expect(try client.get("/healthz").status == 200)
    }

    @Test func `so many consoles are open at once, and one more comes back`() throws {
        let scene = try scene()
        var all: [Stream] = []
        for _ in 0..<Consoles.limit { all.append(try open(scene)) }
        #expect(Consoles.limit == 8 && scene.downstream.desk.consoles.count == 8)
        for console in all { #expect(try !console.messages().isEmpty) }
        let refused = try scene.admin().get("/console/events")
        #expect(refused.status == 503 && refused.fields.all("Retry-After") == ["5"])
        #expect(
            String(decoding: refused.body, as: UTF8.self)
                == refusal(
                    "too-many-consoles",
                    "There are as many consoles as there may be; come back."))
        // Whoever looks for what is wrong still gets in.
        #expect(try scene.admin().get("/metrics").status == 200)
        all[0].close()
        try run(scene.loop, until: { scene.downstream.desk.consoles.count == 7 })
        _ = try open(scene)
        #expect(scene.downstream.desk.consoles.count == 8)
    }

    @Test func `what is said is shown only where it is to be`() throws {
        for content in [false, true] {
            let scene = try scene(content: content)
            scene.members = [
                Member(userID: "usr_7", userInfo: Array(#"{"name":"a-private-name"}"#.utf8))
            ]
            _ = try scene.stream("channel=presence-x")
            scene.say("presence-x", "new-message", #""a-private-word""#)
            let console = try open(scene)
            var text = ""
            for message in try console.messages() {
                text += String(decoding: message.data, as: UTF8.self)
            }
            scene.say("presence-x", "client-typing", #""a-typed-word""#)
            text += String(decoding: try wait(scene, console, for: "events").data, as: UTF8.self)
            #expect(text.contains("usr_7") && text.contains("new-message"))
            for words in ["a-private-name", "a-private-word", "a-typed-word"] {
                #expect(text.contains(words) == content, "\(words)")
            }
        }
    }

    @Test func `every surface's readers are counted, and what they were told`() throws {
        let scene = try scene()
        let stream = try scene.stream("channel=c")
        scene.say("c", "e")
        _ = try stream.names()
        _ = try scene.http().get("/poll?channel=c&last=1")
        let line = try scene.line()
        line.send("SUBSCRIBE c last=1\n")
        _ = try line.lines()
        let poll = try scene.http()
        poll.send(
            "GET /poll?channel=c&after=\(scene.hub.position.text)&wait=9 HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        try scene.settle()
        #expect(try scene.http().get("/poll?channel=f").status == 403)
        let state = try open(scene).messages()[0].data
        #expect(member(state, "readers") == #"{"sse":1,"poll":1,"line":1}"#)
        // A stream and a line are told the members first.
        #expect(member(state, "deliveries") == #"{"sse":2,"poll":1,"line":2}"#)
        #expect(member(state, "refusals") == "1")
    }

    @Test func `a console that comes back is told all that is held, as it is by then`() throws {
        let scene = try scene(content: true)
        _ = try scene.stream("channel=c")
        scene.hub.heard(
            "c", event: "new-message", data: Array("1".utf8), userID: nil, key: "m", at: scene.now)
        let first = try open(scene)
        _ = try first.messages()
        first.close()
        scene.hub.heard(
            "c", event: "message-deleted", data: Array("2".utf8), userID: nil, retracts: "m",
            at: scene.now)
        let second = try open(scene, "Last-Event-ID: 7-2\r\n")
        let told = try wait(scene, second, for: "events").data
        #expect(column(told, "retracted") == ["true", "nothing"])
        #expect(column(told, "data") == ["nothing", "2"] && member(told, "fresh") == "true")
    }

    /// Hosts, by what the console answers for.
    @Test(arguments: [
        ("localhost:8081", true, true), ("127.0.0.1:8081", true, true), ("[::1]", true, true),
        ("10.0.0.5:8081", false, true), ("[fd00::1]:8081", false, true),
        ("ops.example:8081", false, true), ("evil.example", false, false),
        ("10.0.0.5.evil.example", false, false), ("", false, false),
    ])
    func `no name that a page has made for itself leads to a console`(
        host: String, isOwn: Bool, isOpen: Bool
    ) {
        let request = HTTPRequest(method: "GET", target: "/console", fields: ["Host": host])
        for (hosts, isAnswered) in [
            (OriginRules.Hosts.loopback, isOwn), (.addresses(["ops.example"]), isOpen),
        ] {
            var rules = OriginRules()
            rules.hosts = hosts
            #expect(((try? rules.checkHost(of: request)) != nil) == isAnswered, "\(host) \(hosts)")
        }
    }

    @Test func `a client of HTTP 1.0 is told until the connection ends`() throws {
        let scene = try scene()
        let console = try open(scene, version: "1.0")
        let told = try console.messages()
        #expect(told.first?.event == "state")
        #expect(console.head?.fields.first("Transfer-Encoding") == nil)
        scene.downstream.drain()
        #expect(scene.downstream.desk.consoles.count == 0)
        _ = try console.client.read()
        #expect(console.client.pair.receive() == nil)
    }

    @Test func `a gateway that ends ends its consoles, and takes no further one`() throws {
        let scene = try scene()
        let console = try open(scene)
        let later = try scene.admin()
        later.send("GET /console/events HTTP/1.1\r\nHost: h\r\n")
        try scene.settle()
        scene.downstream.drain()
        _ = try console.messages()
        #expect(console.isEnded && scene.downstream.desk.consoles.count == 0)
        #expect(!scene.downstream.desk.consoles.isTicking)
    }
}
