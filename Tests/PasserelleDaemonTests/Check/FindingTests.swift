// SPDX-License-Identifier: MIT

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

    @Test func `what was not reached is told where it ended`() {
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
    func `a clock may be a minute off, and not ten`(skew: Int, verdict: Finding.Verdict) {
        #expect(Finding.clock(Int64(skew)).verdict == verdict)
    }

    @Test func `a server that does not say its time is not judged by it`() {
        #expect(Finding.clock(nil).verdict == .skipped)
    }

    @Test(arguments: [
        (200, "ok", ""), (401, "failed", "PUSHER_SECRET"), (403, "failed", "PUSHER_APP_ID"),
        (404, "failed", "PUSHER_APP_ID"), (302, "failed", "PUSHER_HOST"),
        (500, "failed", "status page"),
    ])
    func `a status says which value is wrong`(status: Int, verdict: String, remedy: String) {
        let response = HTTPResponse(status: status, body: Array("no\n".utf8))
        let found = Finding.rest(.success(response), appID: "1", now: 0)
        #expect(verdicts(found) == ["clock skipped", "rest \(verdict)"])
        #expect(remedy.isEmpty || found[1].remedy?.contains(remedy) == true)
    }

    @Test func `a refused signature is the clock's where that is wrong`() {
        let fields: HTTPFields = ["Date": HTTPDate.text(900)]
        let response = HTTPResponse(status: 401, fields: fields, body: [])
        let found = Finding.rest(.success(response), appID: "1", now: 0)
        #expect(verdicts(found) == ["clock failed", "rest failed"])
        #expect(found[0].found.hasPrefix("15 min ahead of this machine's"))
        #expect(found[1].remedy == "set the clock first, as said above")
    }

    @Test func `a report is lines for people and one object for programs`() {
        var report = CheckReport(findings: [.ok("dns", "h", "has an address")])
        #expect(report.isWell && report.text.hasSuffix("\nAll is well.\n"))
        report.findings.append(.warning("clock", "c", "2 min off", do: "set it"))
        #expect(!report.isWell && report.outcome == .warned)
        #expect(report.text.hasSuffix("\nIt works, and will hurt: 1 to look at.\n"))
        report.findings.append(.failed("rest", "GET \"x\"", "401", do: "copy it"))
        #expect(report.outcome == .failed)
        #expect(
            report.text == """
                ok      dns            h: has an address
                warning clock          c: 2 min off
                                       => set it
                FAILED  rest           GET "x": 401
                                       => copy it
                1 failed: begin with the first.

                """)
        let json = String(decoding: report.json, as: UTF8.self)
        #expect(json.hasPrefix(#"{"ok":false,"checks":[{"check":"dns","status":"ok","tried":"h""#))
        #expect((try? JSONScanner.document(report.json.span)) != nil)
    }

    @Test func `the channel is one that the patterns allow`() throws {
        func channel(_ text: String) throws -> String? {
            CheckChannel.any(try ChannelPatterns(text))
        }
        #expect(try channel("presence-bail-*") == "presence-bail-passerelle-check")
        #expect(try channel("news,private-a,presence-b") == "presence-b")
        #expect(try channel("news,private-*") == "private-passerelle-check")
        #expect(try channel("news") == "news")
        #expect(CheckChannel.any(nil) == nil)
    }

    @Test func `a place that is not there can be made, or not`() throws {
        let folder = try TemporaryFolder()
        #expect(Finding.stateDirectory(folder.file("state")).verdict == .ok)
        #expect(Finding.stateDirectory(folder.file("a/b")).verdict == .failed)
        #expect(Finding.stateDirectory(nil).verdict == .ok)
        #expect(Finding.unixSocket(folder.file("s")).verdict == .ok)
        #expect(Finding.unixSocket(folder.file("a/s")).verdict == .failed)
        #expect(Finding.descriptors(limit: 4_095).verdict == .warning)
        #expect(Finding.descriptors(limit: 4_096).verdict == .ok)
    }

    @Test func `the default address for operators keeps nothing from starting`() throws {
        let address = try ListenAddress.parse("127.0.0.1:8081")
        let other = HTTPResponse(status: 200, body: Array("# node_exporter".utf8))
        func verdict(_ result: Result<HTTPResponse, HTTPCallError>, _ isSaid: Bool) -> String {
            "\(Finding.admin(result, at: address, isSaid: isSaid).verdict)"
        }
        #expect(verdict(.success(other), false) == "warning")
        #expect(verdict(.success(other), true) == "failed")
        #expect(verdict(.failure(.unanswered("silence")), false) == "warning")
        #expect(verdict(.failure(.unreachable("refused")), true) == "ok")
        let ours = HTTPResponse(status: 200, body: Array("\npasserelle_upstream_connected 1".utf8))
        #expect(verdict(.success(ours), true) == "ok")
    }
}
