// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests calls without a complete answer: sent once, with an error that states whether it was sent.
struct CallFailureTests {
    @Test func `a timeout is unknown, and the request is not repeated`() throws {
        let clock = ManualClock()
        let fixture = try RESTFixture(clock: clock.clock)
        fixture.http.answer = { _, _ in clock.pass(.seconds(10)) }
        let outcome = try fixture.publish()
        #expect(outcome == .unknown("no answer within 10.0 seconds"))
        try run(fixture.loop, until: { fixture.http.links.isEmpty })
        #expect(fixture.http.requests.count == 1 && fixture.http.accepted == 1)
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            "HTTP/1.1 200 OK\r\nContent-Le", "H",
        ])
    func `an incomplete answer is unknown, if the server closes or waits`(half: String) throws {
        let clock = ManualClock()
        let fixture = try RESTFixture(clock: clock.clock)
        fixture.answers(half)
        #expect(
            try fixture.publish()
                == .unknown("the server closed in the middle of its answer"))
        fixture.answers(half, thenEnds: false)
        let waits = fixture.http.answer
        fixture.http.answer = {
            waits?($0, $1)
            clock.pass(.seconds(10))
        }
        #expect(try fixture.publish() == .unknown("no answer within 10.0 seconds"))
        #expect(fixture.http.requests.count == 2)
    }

    @Test func `an end without an answer is unknown`() throws {
        let fixture = try RESTFixture()
        fixture.answers("")
        #expect(
            try fixture.publish() == .unknown("the server closed without an answer"))
        #expect(fixture.http.requests.count == 1)
    }

    @Test func `a refused connection is reported as unavailable`() throws {
        let fixture = try RESTFixture()
        fixture.http.close()
        guard case .unavailable(let words) = try fixture.publish() else {
            Issue.record("the outcome is not unavailable")
            return
        }
        #expect(words.hasPrefix("connect"))
    }

    @Test func `a TLS handshake that never completes has sent no request`() throws {
        let loop = try EventLoop()
        let certificates = try TestCertificates()
        let silent = LinkRecorder()
        let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            $0.owner = silent
        }
        defer { listener.close() }
        let tls = try TLSClient(caFile: certificates.authorityFile)
        let server = RESTFixture.server(port: listener.boundPort ?? 0, tls: tls)
        let rest = ChannelsREST(loop: loop, server: server, timeout: .milliseconds(80))
        var outcome: PublishOutcome?
        rest.publish(channel: "c", event: "e", data: []) { outcome = $0 }
        try run(loop, until: { outcome != nil })
        #expect(outcome == .unavailable("no answer within 0.08 seconds"))
    }

    @Test(
        arguments: [
            "220 mail ESMTP\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        ])
    func `an answer that is not HTTP, or too large, leaves the outcome unknown`(answer: String)
        throws
    {
        let fixture = try RESTFixture()
        fixture.answers(answer, thenEnds: false)
        #expect(try fixture.publish() == .unknown("Channels' answer is malformed"))
    }
}
