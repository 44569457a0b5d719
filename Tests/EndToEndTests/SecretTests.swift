// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// No output of the real binary contains a secret.
struct SecretTests {
    private let tokenKey = "token-key-c0ffee-0123456789abcdef"
    private let inngestKey = "inngest-key-5eed5eed5eed"
    private let proxyPassword = "proxy-pass-77aa77aa"
    private let cookie = "session-cookie-1f2e3d4c"
    private let bearer = "bearer-99aa88bb77cc"
    private let inURL = "eyJ-in-url-a1b2c3d4"
    private let csrf = "csrf-00ff00ff00ff"

    private var secrets: [String] {
        [
            SandboxProcess.secret, tokenKey, inngestKey, proxyPassword, cookie, bearer, inURL, csrf,
        ]
    }

    private func variables(route: Int) -> [String: String] {
        [
            "PASSERELLE_AUTH": "endpoint,token", "PASSERELLE_TOKEN_KEY": tokenKey,
            "PASSERELLE_AUTH_ENDPOINT": "http://127.0.0.1:\(route)/auth",
            "PASSERELLE_INNGEST_KEY": inngestKey, "PASSERELLE_INNGEST_URL": "https://inn.invalid",
            "PASSERELLE_NOTICE_DELAY": "0s", "PASSERELLE_PIN": "presence-bail-1",
            "PASSERELLE_NOTICE_RECIPIENTS": "to",
            "HTTPS_PROXY": "http://user:\(proxyPassword)@127.0.0.1:1",
            "PASSERELLE_REQUEST_RATE": "1000", "PASSERELLE_ADMIN": "127.0.0.1:0",
            // The console shows content, which contains no secret.
            "PASSERELLE_CONSOLE_CONTENT": "1",
        ]
    }

    /// Every kind of request that fails, each with all secrets in it.
    private var requests: [String] {
        let fields =
            "Host: localhost\r\nCookie: s=\(cookie); passerelle=\(inURL)\r\n"
            + "Authorization: Bearer \(bearer)\r\nX-CSRF-Token: \(csrf)\r\n"
        let token = "access_token=\(inURL)"
        let targets = [
            "/events?channel=presence-bail-1&\(token)", "/poll?channel=presence-bail-1&\(token)",
            "/poll?channel=presence-x&\(token)", "/poll?\(token)&\(token)", "/none?\(token)",
            "/poll?channel=presence-bail-1&after=\(inURL)", "/poll?channel=\(inURL)%00",
            "/channels/presence-bail-1/members?\(token)", "/healthz?\(token)",
            "/readyz?\(token)", "/metrics?\(token)", "/%zz?\(token)", "/channels/\(inURL)/members",
            "/events?channel=presence-bail-1&last=\(inURL)", "/events?\(inURL)=1&\(inURL)",
            "/?\(token)", "/console?\(token)", "/console/events?\(token)", "/console/\(inURL)",
        ]
        let plain = targets.map { "GET \($0) HTTP/1.1\r\n\(fields)\r\n" }
        return plain + [
            "POST /channels/presence-bail-1/events?\(token) HTTP/1.1\r\n\(fields)"
                + "Content-Type: application/json\r\nContent-Length: \(inURL.utf8.count)\r\n\r\n"
                + inURL,
            "DELETE /poll?\(token) HTTP/1.1\r\n\(fields)\r\n",
            "GET /poll?\(token) HTTP/1.1\r\n\(fields)\(bearer): 1\r\n \(bearer)\r\n\r\n",
            "\(inURL) /poll?\(token) HTTP/1.1\r\n\(fields)\r\n",
            "GET /poll?\(token) HTTP/9.9\r\n\(fields)\r\n",
            "GET /poll?\(token) HTTP/1.1\r\n\(fields)Origin: https://\(inURL).test\r\n\r\n",
            "GET /poll?\(token) HTTP/1.1\r\nHost: \(inURL)/\r\n\r\n",
            "GET /poll HTTP/1.1\r\n\(fields)X: \(String(repeating: inURL, count: 1_000))\r\n\r\n",
            "\(inURL)\u{1}\(bearer)\r\n\r\n",
        ]
    }

    /// Answers each call of the auth route with another status, and with the cookie.
    private func answerCalls(of route: ScriptedHTTP) {
        let bodies = ["no \(cookie)", "{\"auth\":\"\(cookie)\"}", ""]
        route.answer = { request, link in
            let number = route.requests.count
            link.send(
                HTTPWriter.response(
                    HTTPResponse(
                        status: [403, 200, 500, 302, 401][number % 5],
                        fields: ["Set-Cookie": cookie, "Location": "/\(cookie)"],
                        body: Array(bodies[number % 3].utf8)),
                    version: .http11, keepAlive: false))
            link.finish()
        }
    }

    /// Sends every request to each address, and returns the answers.
    private func answers(
        _ fixture: EndToEndFixture, at addresses: [ListenAddress]
    ) throws -> String {
        var published = ""
        for (address, request) in addresses.flatMap({ at in requests.map { (at, $0) } }) {
            let client = RawClient(fixture, address, request)
            try fixture.wait(for: "an answer to \(request)") {
                client.recorder.text.contains("\r\n\r\n") || !client.recorder.ends.isEmpty
            }
            published += client.recorder.text
            client.close()
        }
        return published
    }

    @Test func `no output contains a secret`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let route = try ScriptedHTTP(loop: fixture.loop)
        answerCalls(of: route)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: variables(route: route.port))
        let admin = try gateway.adminAddress()
        let console = RawClient(
            fixture, admin, "GET /console/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        var published = try answers(fixture, at: [gateway.http, admin])
        try sandbox.publish(
            "presence-bail-1", "new-message",
            #"{"message":{"id":"m","content":"c","senderId":"s"},"to":["absent"]}"#)
        try fixture.wait(for: "a notice that fails") {
            !gateway.process.lines(with: "Inngest").isEmpty
        }
        try sandbox.control("close?code=4200")
        gateway.process.signal(SIGHUP)
        try fixture.wait(for: "a reload") { !gateway.process.lines(with: "reloaded").isEmpty }
        let line = LineClient(fixture, path: gateway.ipc)
        published += "\(try line.ask("STATUS"))" + "\(try line.ask("CHANNELS"))"
        line.send("\(inURL) PUBLISH")
        try fixture.wait(for: "a refusal") { line.replies.count == 3 }
        published += "\(line.replies[2])"
        let metrics = try fixture.request(admin, "GET", "/metrics")
        published += String(decoding: metrics.body, as: UTF8.self)
        try fixture.wait(for: "the console's event") {
            console.recorder.text.contains(#""event":"new-message""#)
        }
        #expect(try gateway.stop() == 0)
        published += console.recorder.text + gateway.process.output + gateway.process.errors
        #expect(published.contains("status=403") && published.contains("status=431"))
        for secret in secrets { #expect(!published.contains(secret), "\(secret)") }
    }

    @Test(arguments: [
        ["serve", "--help"], ["help", "variables"], ["serve", "--pusher-secret", "hush-hush"],
        ["serve", "--token-key=hush-hush"], ["serve", "--inngest-key", "hush-hush"],
        ["serve", "--https-proxy", "http://u:hush-hush@p:1"],
        ["serve", "--pusher-port", "x"], ["serve", "--linger", "x"],
    ])
    func `a refused start and help contain no secret either`(arguments: [String]) throws {
        let fixture = try EndToEndFixture()
        let process = try fixture.start(
            arguments[0], Array(arguments.dropFirst()),
            GatewayProcess.variables(upstreamPort: 1, ipc: fixture.directory.file("x"))
                .merging(variables(route: 1)) { $1 })
        try fixture.wait(for: "its end") { process.hasEnded }
        let published = process.output + process.errors
        for secret in secrets + ["hush-hush"] { #expect(!published.contains(secret), "\(secret)") }
        guard arguments.count > 1,
            ["-secret", "-key", "-proxy"].contains(where: arguments[1].contains)
        else { return }
        let flag = String(arguments[1].prefix { $0 != "=" })
        #expect(process.status == 64)
        #expect(
            process.errors.hasPrefix(
                "passerelle: \(flag) is refused, since every user of this host can read a process's"
                    + " arguments; set "))
    }

    @Test func `a crash leaves no core file and no secret`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let pid = gateway.process.pid
        let result = try fixture.run(
            "prlimit", ["--pid", "\(pid)", "--core=unlimited:unlimited"])
        // A user without the right to raise the limit gets no core file in any case.
        #expect(result.status == 0 || getuid() != 0)
        var found = stat()
        #expect(stat("/proc/\(pid)/environ", &found) == 0 && found.st_uid == 0)
        #expect(try gateway.stop(SIGABRT) == 128 + SIGABRT)
        #expect(!gateway.process.hasDumpedCore)
        #expect(!gateway.process.errors.contains(SandboxProcess.secret))
    }
}
