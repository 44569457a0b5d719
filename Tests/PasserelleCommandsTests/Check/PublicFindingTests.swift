// SPDX-License-Identifier: MIT

@testable import PasserelleCommands
@testable import PasserelleConfiguration
import PasserelleHTTP
import PasserelleUpstream
import PasserelleWire
import Testing

@testable import PasserelleDaemon

struct PublicFindingTests {
    private typealias Answer = Result<HTTPResponse, HTTPCallError>

    private func answer(
        _ status: Int, _ body: String = "", _ fields: HTTPFields = [:]
    ) -> Answer {
        .success(HTTPResponse(status: status, fields: fields, body: Array(body.utf8)))
    }

    private let refusal = #"{"error":"not-found","message":"There is no such route here."}"#
    private let site = WebAddress(isTLS: true, host: "chat.example", port: 443, target: "/")
    private let own = WebAddress(isTLS: false, host: "127.0.0.1", port: 80, target: "/")

    @Test func `the remedy depends on the server that answers`() {
        for (status, body, words) in [
            (404, refusal, "PUSHER_SECRET"), (404, "<html>", "the proxy's"),
            (308, "", "that it redirects to"), (421, refusal, "PASSERELLE_HOSTS"),
            (401, "", "credentials"), (502, "", "does not reach"), (200, "<html>", "no gateway"),
            (429, refusal, "PASSERELLE_TRUSTED_PROXIES"),
        ] {
            let found = Finding.gateway(answer(status, body), nil, at: site)
            #expect(found.verdict == .failed)
            #expect(found.remedy?.contains(words) == true, "\(found)")
        }
        let away = Finding.gateway(.failure(.unanswered("no answer")), nil, at: site)
        #expect(away.verdict == .failed && away.found == "no answer")
    }

    @Test func `text of other servers is left out or escaped`() {
        let evil = #"{"error":"\u001b[2J<b>","message":""}"#
        #expect(Finding.words(answer(403, evil)) == "403, not from a gateway")
        #expect(Finding.words(answer(403, refusal)) == "403 not-found")
        let moved = Finding.words(answer(302, "", ["Location": "https://a/\u{1b}[2J"]))
        #expect(!moved.contains("\u{1b}"))
    }

    @Test(arguments: [
        (200, Access.checked(byEndpoint: true, byToken: false), false, Finding.Verdict.failed),
        (200, .checked(byEndpoint: true, byToken: false), true, .ok),
        (401, .checked(byEndpoint: false, byToken: true), false, .ok),
        (403, .checked(byEndpoint: true, byToken: false), false, .ok),
        (503, .checked(byEndpoint: true, byToken: false), false, .failed),
        (200, .unchecked, false, .failed),
    ])
    func `a request without credentials is admitted only to public channels or on loopback`(
        status: Int, access: Access, isPublic: Bool, verdict: Finding.Verdict
    ) {
        let found = Finding.anonymous(answer(status), access, at: site, isPublic: isPublic)
        #expect(found.verdict == verdict)
        let here = Finding.anonymous(answer(status), access, at: own, isPublic: isPublic)
        #expect(here.verdict == (access == .unchecked ? .ok : verdict))
    }

    @Test func `polls are judged by their answers`() {
        let body = #"{"position":"a-1","events":[]}"#
        let fields: HTTPFields = ["ETag": "\"a-1\"", "Cache-Control": "private, no-cache"]
        func verdict(
            _ first: Answer, _ conditional: Answer?, _ later: Bool?
        ) -> (Finding.Verdict, String) {
            let found = Finding.poll(first, conditional: conditional, later: later)
            return (found.verdict, found.found)
        }
        let good = answer(200, body, fields)
        #expect(verdict(good, answer(304), true).0 == .ok)
        #expect(verdict(good, answer(304), nil).0 == .ok)
        #expect(verdict(good, answer(304), false) == (.failed, "an outdated answer was repeated"))
        #expect(verdict(good, answer(200, body, fields), true).0 == .failed)
        #expect(verdict(good, .failure(.unanswered("gone")), true).0 == .failed)
        #expect(verdict(answer(200, "<html>"), nil, nil).0 == .failed)
        for name in ["ETag", "Cache-Control"] {
            var less = fields
            less.remove(name)
            let (judged, words) = verdict(answer(200, body, less), answer(304), true)
            #expect(judged == .failed && words.contains(name))
        }
    }

    @Test func `a token must be accepted both ways`() {
        let (yes, no) = (answer(200), answer(401, refusal))
        #expect(Finding.token(bearer: yes, cookie: yes, at: site).verdict == .ok)
        #expect(Finding.token(bearer: yes, cookie: no, at: site).found.contains("cookie"))
        #expect(Finding.token(bearer: no, cookie: yes, at: site).found.contains("Authorization"))
    }

    @Test func `an interrupted poll is reported with its waiting time`() {
        let cut = WaitingPolls.Failure(after: .milliseconds(30_040), words: "504 timeout")
        let found = Finding.idlePoll(longest: .zero, failure: cut)
        #expect(found.found == "504 timeout after 30.0 s")
        #expect(found.measured == ["waited_ms": 30_040])
        #expect(Finding.idlePoll(longest: .seconds(55), failure: nil).verdict == .ok)
    }
}
