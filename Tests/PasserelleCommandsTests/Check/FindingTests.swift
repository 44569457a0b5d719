// SPDX-License-Identifier: MIT

@testable import PasserelleCommands
@testable import PasserelleConfiguration
import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

@testable import PasserelleDaemon

struct FindingTests {
    private func verdicts(_ findings: [Finding]) -> [String] {
        findings.map { "\($0.check) \($0.verdict)" }
    }

    @Test(arguments: [
        (401, Finding.Verdict.ok), (403, .ok), (302, .ok), (303, .ok), (307, .ok), (300, .failed),
        (301, .failed), (308, .failed), (400, .warning), (402, .warning), (419, .warning),
        (422, .warning), (451, .warning),
    ])
    func `the auth route's own status is reported`(status: Int, verdict: Finding.Verdict) throws {
        let signer = Signer(key: "k", secret: Array("s".utf8))
        let answer = AuthRouteAnswer(
            HTTPResponse(status: status, body: []), channel: "presence-a", socketID: "1.2",
            signer: signer, memberID: "passerelle")
        let finding = Finding.authRoute(answer, at: "http://a/")
        #expect(finding.found.contains("\(status)"), "\(finding)")
        #expect(finding.verdict == verdict)
        #expect((finding.remedy == nil) == (verdict == .ok))
        #expect(!finding.found.contains("refused (403)") || status == 403)
    }

    @Test(arguments: [
        ("https://a/api/auth", true), ("http://www.a/api/auth", true), ("//b/api/auth", true),
        ("/api/auth/", true), ("http://a:8080/api/auth/?x=1", true), ("https://a/login", false),
        ("/login?to=/api/auth", false), ("", false),
    ])
    func `a redirect to the same path is not a refusal`(location: String, isMoved: Bool) {
        for status in [302, 303, 307] {
            let finding = Finding.authRoute(
                .refused(status: status), at: "http://a:80/api/auth", redirectedTo: location)
            #expect(finding.verdict == (isMoved ? .failed : .ok), "\(finding)")
            #expect(finding.remedy?.contains("PASSERELLE_AUTH_ENDPOINT") == (isMoved ? true : nil))
        }
    }

    @Test func `the query of the auth route's URL is not shown`() {
        let url = "https://a:443/auth?k=TOPSECRET"
        let findings = [
            Finding.authRoute(.refused(status: 403), at: url),
            .authRoute(at: url, refusesAsForged: .origin, from: "https://a", 403),
        ]
        for finding in findings {
            #expect(finding.tried.hasPrefix("POST https://a:443/auth?… with"))
            #expect(!finding.text.contains("TOPSECRET"))
        }
    }

    @Test func `a note is not a failure unless it is a warning`() {
        var note = ConfigurationNote(subject: "f:1", text: "t", remedy: "r")
        #expect(CheckReport(findings: [.note(note)]).outcome == .well)
        #expect(Finding.note(note).text.contains("f:1: t") && Finding.note(note).remedy == "r")
        note.isWarning = true
        #expect(CheckReport(findings: [.note(note)]).outcome == .warned)
    }

    @Test func `an unreachable server is reported at the step that failed`() {
        func reaching(_ plain: LinkEnd?, _ secure: LinkEnd??) -> [String] {
            verdicts(Finding.reaching("h", port: 443, plain: plain, secure: secure))
        }
        #expect(reaching(.resolve("no such name"), nil) == ["dns failed", "tcp skipped"])
        #expect(reaching(.timedOut, nil) == ["dns ok", "tcp failed"])
        #expect(reaching(nil, .some(.tls("expired"))) == ["dns ok", "tcp ok", "tls failed"])
        #expect(reaching(nil, .some(nil)) == ["dns ok", "tcp ok", "tls ok"])
        #expect(reaching(nil, nil) == ["dns ok", "tcp ok"])
    }

    @Test(arguments: [
        (0, Finding.Verdict.ok), (60, .ok), (-60, .ok), (61, .warning), (-599, .warning),
        (600, .failed), (-900, .failed),
    ])
    func `a clock may be off by a minute, but not by ten`(skew: Int, verdict: Finding.Verdict) {
        #expect(Finding.clock(Int64(skew)).verdict == verdict)
    }

    @Test func `the clock check is skipped if the server sends no time`() {
        #expect(Finding.clock(nil).verdict == .skipped)
    }

    @Test(arguments: [
        (200, "ok", ""), (401, "failed", "PUSHER_SECRET"), (403, "failed", "PUSHER_APP_ID"),
        (404, "failed", "PUSHER_APP_ID"), (302, "failed", "PUSHER_HOST"),
        (500, "failed", "status page"),
    ])
    func `a status leads to the value that is wrong`(status: Int, verdict: String, remedy: String) {
        let response = HTTPResponse(status: status, body: Array("no\n".utf8))
        let found = Finding.rest(.success(response), appID: "1", now: 0)
        #expect(verdicts(found) == ["clock skipped", "rest \(verdict)"])
        #expect(remedy.isEmpty || found[1].remedy?.contains(remedy) == true)
    }

    @Test func `a refused signature is attributed to a wrong clock`() {
        let fields: HTTPFields = ["Date": HTTPDate.text(900)]
        let response = HTTPResponse(status: 401, fields: fields, body: [])
        let found = Finding.rest(.success(response), appID: "1", now: 0)
        #expect(verdicts(found) == ["clock failed", "rest failed"])
        #expect(found[0].found.hasPrefix("15 min ahead of this machine's"))
        #expect(found[1].remedy == "set the clock first, see above")
    }

    @Test(arguments: [
        (4000, "", "PUSHER_SCHEME"), (4001, "App key x not in this cluster", "PUSHER_KEY"),
        (4003, "", "enable"), (4004, "Over quota", "connections"), (4005, "", "PUSHER_PATH"),
        (4007, "", "protocol 7"), (4009, "Origin not allowed", "PUSHER_ORIGIN"),
        (4009, "Connection not authorized within timeout", "sign in"),
        (4050, "come back never", "server's message"),
    ])
    func `the remedy for a refusal names its cause, and the key only if the key is wrong`(
        code: Int, words: String, remedy: String
    ) {
        for report in [
            UpstreamSession.Report.rejectedPermanently(code: code, message: words),
            .waits(.seconds(1), because: .code(code, words)),
        ] {
            let finding = Finding.connection([report], to: "h")
            #expect(finding?.verdict == .failed)
            #expect(finding?.remedy?.contains(remedy) == true)
            #expect((finding?.remedy?.contains("PUSHER_KEY") == true) == (code == 4001))
        }
    }

    @Test func `a server without WebSocket may need a path or an origin`() {
        let finding = Finding.connection(
            [.waits(.seconds(1), because: .link("no WebSocket here: status 403"))], to: "h")
        #expect(finding?.remedy?.contains("PUSHER_PATH") == true)
        #expect(finding?.remedy?.contains("PUSHER_ORIGIN") == true)
    }

    @Test func `a refused client event is found in the sender's reports`() {
        let finding = Finding.clientEvent(
            sender: [.clientEventRefused(code: nil, message: "not enabled")], listener: [],
            name: "client-x")
        #expect(finding?.verdict == .failed && finding?.found == "refused: not enabled")
    }

    @Test func `a report is lines for people and one JSON object for programs`() {
        var report = CheckReport(findings: [.ok("dns", "h", "has an address")])
        #expect(report.hasPassed && report.text.hasSuffix("\nAll checks passed.\n"))
        report.findings.append(.warning("clock", "c", "2 min off", do: "set it"))
        #expect(!report.hasPassed && report.outcome == .warned)
        #expect(report.text.hasSuffix("\nNo failures; warnings: 1.\n"))
        report.findings.append(.failed("rest", "GET \"x\"", "401", do: "copy it"))
        #expect(report.outcome == .failed)
        #expect(
            report.text == """
                ok      dns            h: has an address
                warning clock          c: 2 min off
                                       => set it
                FAILED  rest           GET "x": 401
                                       => copy it
                1 failed; fix the first one first.

                """)
        let json = String(decoding: report.json, as: UTF8.self)
        #expect(json.hasPrefix(#"{"ok":false,"checks":[{"check":"dns","status":"ok","tried":"h""#))
        #expect((try? JSONScanner.document(report.json.span)) != nil)
    }

    @Test func `the channel matches one of the patterns`() throws {
        func channel(_ text: String) throws -> String? {
            CheckChannel.any(try ChannelPatterns(text))
        }
        #expect(try channel("presence-bail-*") == "presence-bail-passerelle-check")
        #expect(try channel("news,private-a,presence-b") == "presence-b")
        #expect(try channel("news,private-*") == "private-passerelle-check")
        #expect(try channel("news") == "news")
        #expect(CheckChannel.any(nil) == nil)
    }

    @Test func `a missing directory or socket is accepted if it could be created`() throws {
        let directory = try TemporaryDirectory()
        #expect(Finding.stateDirectory(directory.file("state")).verdict == .ok)
        #expect(Finding.stateDirectory(directory.file("a/b")).verdict == .failed)
        #expect(Finding.stateDirectory(nil).verdict == .ok)
        #expect(Finding.unixSocket(directory.file("s")).verdict == .ok)
        #expect(Finding.unixSocket(directory.file("a/s")).verdict == .failed)
        #expect(Finding.descriptors(limit: 4_095).verdict == .warning)
        #expect(Finding.descriptors(limit: 4_096).verdict == .ok)
    }

    @Test func `the default admin address does not prevent a start`() throws {
        let address = try ListenAddress.parse("127.0.0.1:8081")
        let other = HTTPResponse(status: 200, body: Array("# node_exporter".utf8))
        func verdict(_ result: Result<HTTPResponse, HTTPCallError>, _ isExplicit: Bool) -> String {
            "\(Finding.admin(result, at: address, isExplicit: isExplicit).verdict)"
        }
        #expect(verdict(.success(other), false) == "warning")
        #expect(verdict(.success(other), true) == "failed")
        #expect(verdict(.failure(.unanswered("silence")), false) == "warning")
        #expect(verdict(.failure(.unreachable("refused")), true) == "ok")
        let ours = HTTPResponse(status: 200, body: Array("\npasserelle_upstream_connected 1".utf8))
        #expect(verdict(.success(ours), true) == "ok")
    }

    @Test(arguments: ["mkfifo", "mkdir", "ln -s lock", "ln -s journal-2"])
    func `a state directory with a journal that is not a regular file fails`(make: String) throws {
        let directory = try TemporaryDirectory()
        let made = try Subprocess.run("sh", ["-c", "cd \(directory.path) && \(make) journal-1"])
        #expect(made.status == 0)
        #expect(Finding.stateDirectory(directory.path).verdict == .failed)
    }
}
