// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The page `/diagnose` of the real binary, and the tests behind it.
struct DiagnoseTests {
    /// A gateway that checks its readers and never reaches Channels.
    private func gateway(
        _ fixture: EndToEndFixture, _ more: [String: String] = [:]
    ) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: 9,
            variables: [
                "PASSERELLE_AUTH": "token",
                "PASSERELLE_TOKEN_KEY": String(repeating: "k", count: 32),
            ].merging(more) { $1 })
    }

    private func text(_ answer: HTTPResponse) -> String {
        String(decoding: answer.body, as: UTF8.self)
    }

    @Test func `the page needs no credentials and no Channels, and has no secret`() throws {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        let page = try gateway.get("/diagnose")
        #expect(page.status == 200 && text(page).contains("<noscript>"))
        #expect(
            page.fields.first("Content-Security-Policy")?
                .contains("connect-src 'self' ws://127.0.0.1:9;") == true)
        let settings = text(try gateway.get("/diagnose/settings.json"))
        let key = SandboxProcess.credentials["PUSHER_KEY"] ?? ""
        #expect(settings.contains("ws://127.0.0.1:9/app/\(key)?protocol=7"))
        #expect(!settings.contains(SandboxProcess.secret))
        #expect(try gateway.get("/diagnose/diagnose.js").status == 200)
        #expect(try gateway.get("/diagnose/").fields.first("Location") == "../diagnose")
    }

    @Test func `a stream's frames arrive one by one, and a poll after its time`() throws {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        let stream = RawClient(
            fixture, gateway.http, "GET /diagnose/stream?for=2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let began = ContinuousClock.now
        try fixture.wait(for: "the first frame") { stream.recorder.text.contains(#"{"n":0,"#) }
        #expect(!stream.recorder.text.contains(#"{"n":9,"#))
        try fixture.wait(for: "the end") { !stream.recorder.ends.isEmpty }
        #expect(stream.recorder.text.contains(#"{"n":9,"#))
        #expect(stream.recorder.text.hasSuffix("0\r\n\r\n"))
        #expect(stream.recorder.text.contains("event: end\ndata: {\"end\":true}\n\n"))
        #expect(ContinuousClock.now - began >= .seconds(2))
        let asked = ContinuousClock.now
        #expect(text(try gateway.get("/diagnose/poll?wait=1")) == #"{"waited":1}"#)
        #expect(ContinuousClock.now - asked >= .seconds(1))
    }

    @Test func `no answer repeats what is no word, and no log has it`() throws {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture)
        let attack = "<script>alert(1)</script>"
        let body = Array(#"{"echo":"\#(attack)"}"#.utf8)
        let echo = try fixture.request(
            gateway.http, "POST", "/diagnose/echo", fields: ["Content-Type": "application/json"],
            body: body)
        #expect(text(echo) == #"{"echo":null}"#)
        let fields = try gateway.get(
            "/diagnose/fields",
            fields: [
                "Authorization": "Bearer \(attack)", "Cookie": "passerelle-diagnose=\(attack)",
            ])
        #expect(text(fields).hasPrefix(#"{"cookie":null,"authorization":null"#))
        #expect(try gateway.get("/diagnose/cookie?value=%3Cscript%3E").status == 400)
        #expect(!gateway.process.errors.contains("alert("))
    }

    @Test func `the page can be turned off`() throws {
        let fixture = try EndToEndFixture()
        let gateway = try gateway(fixture, ["PASSERELLE_DIAGNOSE": "no"])
        for path in ["", "/", "/diagnose.js", "/settings.json", "/stream", "/poll", "/time"] {
            #expect(try gateway.get("/diagnose\(path)").status == 404, "\(path)")
        }
        #expect(try gateway.get("/passerelle.js").status == 200)
    }
}
