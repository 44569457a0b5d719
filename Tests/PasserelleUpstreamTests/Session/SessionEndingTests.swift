// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests the consequence of each kind of end of a connection.
struct SessionEndingTests {
    @Test(arguments: [4000, 4001, 4003, 4004, 4009, 4099] as [UInt16])
    func `permanent close codes end the attempts`(code: UInt16) {
        var fixture = SessionFixture(live: "a")
        #expect(
            fixture.closed(code, "no more") == [
                .deliver(.lost),
                .deliver(.rejectedPermanently(code: Int(code), message: "no more")),
            ])
        #expect(fixture.session.isStopped && fixture.session.deadline == nil)
        #expect(fixture.at(1_000) == [] && fixture.want("b") == [] && fixture.start() == [])
    }

    @Test(
        arguments: [
            nil, 1000, 1001, 1002, 1003, 1011, 3000, 3999, 4100, 4199, 4300, 4301, 4999,
        ] as [UInt16?])
    func `other codes, and an end without a code, wait at least a second`(code: UInt16?) {
        for (jitter, delay) in [(0, 1), (0.5, 1.5), (0.75, 1.75)] {
            var fixture = SessionFixture(live: "a", jitter: jitter)
            fixture.now = .seconds(60)
            let cause =
                code.map { UpstreamSession.Cause.code(Int($0), "bye") } ?? .link("bye")
            #expect(
                fixture.closed(code) == [
                    .deliver(.lost), .deliver(.waits(.seconds(delay), because: cause)),
                ])
            #expect(fixture.at(60 + delay - 0.0001) == [])
            #expect(fixture.at(60 + delay) == [.connect])
        }
    }

    @Test(arguments: [4200, 4201, 4202, 4299] as [UInt16])
    func `reconnect codes reconnect at once`(code: UInt16) {
        var fixture = SessionFixture(live: "a")
        fixture.now = .seconds(60)
        #expect(
            fixture.closed(code) == [
                .deliver(.lost), .deliver(.waits(.zero, because: .code(Int(code), "bye"))),
            ])
        #expect(fixture.at(60) == [.connect])
    }

    @Test func `a server that always requests a reconnect does not cause a tight loop`() {
        var fixture = SessionFixture(jitter: 1)
        _ = fixture.start()
        var delays: [Duration?] = []
        for _ in 0..<12 {
            _ = fixture.establish()
            delays.append(SessionFixture.delay(fixture.closed(4200)))
            _ = fixture.at((fixture.session.deadline ?? .zero) / .seconds(1))
        }
        let waited = [0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        #expect(delays == waited.map { .seconds($0) })
    }

    @Test func `failed attempts have growing delays`() {
        var fixture = SessionFixture(jitter: 1)
        _ = fixture.start()
        var delays: [Duration?] = []
        for _ in 0..<8 {
            delays.append(SessionFixture.delay(fixture.closed(nil, "refused")))
            _ = fixture.at((fixture.session.deadline ?? .zero) / .seconds(1))
        }
        #expect(delays == [2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    }

    @Test(arguments: [(4.9, 8), (5.0, 2)])
    func `only a connection that lasted a while resets the delays`(
        stood: Double, delay: Int
    ) {
        var fixture = SessionFixture(jitter: 1)
        _ = fixture.start()
        _ = fixture.closed(nil)
        _ = fixture.at(2)
        _ = fixture.closed(nil)
        #expect(fixture.at(6) == [.connect])
        _ = fixture.establish()
        fixture.now = .seconds(6 + stood)
        #expect(SessionFixture.delay(fixture.closed(nil)) == .seconds(delay))
    }

    // MARK: - Errors instead of the handshake

    @Test(arguments: [4000, 4001, 4004, 4099])
    func `an error before the handshake counts as a close code, even if the socket stays open`(
        code: Int
    ) {
        var fixture = SessionFixture()
        _ = fixture.start()
        #expect(
            fixture.err(code, "Over quota") == [
                .endLink(code: 1000),
                .deliver(.rejectedPermanently(code: code, message: "Over quota")),
            ])
        // Later events on the socket are ignored.
        #expect(fixture.closed(nil) == [] && fixture.establish() == [])
        #expect(fixture.session.isStopped)
    }

    @Test(arguments: [(4100, 1), (4200, 0), (4301, 1), (0, 1), (-4001, 1), (69_537, 1), (401, 1)])
    func `a temporary error before the handshake is retried`(
        code: Int, delay: Int
    ) {
        var fixture = SessionFixture()
        _ = fixture.start()
        #expect(
            fixture.err(code) == [
                .endLink(code: 1000),
                .deliver(.waits(.seconds(delay), because: .code(code, "no"))),
            ])
    }

    @Test func `an error without a code before the handshake is retried`() {
        var fixture = SessionFixture()
        _ = fixture.start()
        #expect(
            fixture.err(nil, "no such\r\napp") == [
                .endLink(code: 1000),
                .deliver(.waits(.seconds(1), because: .error("no such app"))),
            ])
    }

    @Test(arguments: [4001, 4004, 4009, 4200, 4301, nil])
    func `an error after the handshake does not end the connection`(code: Int?) {
        var fixture = SessionFixture(live: "a")
        // 4301 concerns client events, and has its own report.
        let report: UpstreamSession.Report =
            code == 4301
            ? .clientEventRefused(code: code, message: "no") : .error(code: code, message: "no")
        #expect(fixture.err(code) == [.deliver(report)])
        #expect(fixture.session.socketID != nil)
    }

    // MARK: - Over the connection limit

    @Test func `retriesOverQuota retries over the limit only after the connection was established`()
    {
        var session = UpstreamSession(retriesOverQuota: true) { 0 }
        _ = session.started(now: .zero)
        let full = ServerMessage.error(code: 4004, message: "Full")
        var fresh = session
        #expect(
            fresh.received(full, now: .zero).last
                == .deliver(.rejectedPermanently(code: 4004, message: "Full")))
        _ = session.received(
            .connectionEstablished(socketID: "1.1", activityTimeout: nil), now: .zero)
        #expect(
            session.linkEnded(code: 4004, words: "Full", now: .zero) == [
                .deliver(.lost), .deliver(.waits(.seconds(1), because: .code(4004, "Full"))),
            ])
        #expect(session.timePassed(now: .seconds(1)) == [.connect])
        #expect(
            session.received(full, now: .seconds(1)) == [
                .endLink(code: 1000),
                .deliver(.waits(.seconds(1), because: .code(4004, "Full"))),
            ])
        // Any other permanent code still ends the attempts.
        _ = session.timePassed(now: .seconds(2))
        #expect(
            session.received(.error(code: 4001, message: "no"), now: .seconds(3)).last
                == .deliver(.rejectedPermanently(code: 4001, message: "no")))
    }

    // MARK: - Protocol errors

    @Test func `a protocol error replaces the connection`() {
        var fixture = SessionFixture(live: "a")
        fixture.now = .seconds(60)
        #expect(
            fixture.session.receivedInvalidData("bad bytes", now: fixture.now) == [
                .endLink(code: 1002), .deliver(.lost),
                .deliver(.waits(.seconds(1), because: .garbage("bad bytes"))),
            ])
        #expect(fixture.session.receivedInvalidData("more", now: fixture.now) == [])
        #expect(fixture.at(61) == [.connect])
    }

    @Test func `a server's message becomes one short line`() {
        var fixture = SessionFixture(live: "a")
        let words = "one\ntwo\u{1B}[31m" + String(repeating: "é", count: 2_000)
        guard case .deliver(.error(_, let message)) = fixture.err(nil, words).first else {
            Issue.record("the error is not reported")
            return
        }
        #expect(message.hasPrefix("one two [31mé") && message.utf8.count <= 300)
    }

    @Test(
        arguments: [
            (.code(4200, ""), "closed with code 4200"),
            (.code(4200, "later"), "closed with code 4200: later"),
            (.error("x"), "an error instead of the handshake: x"), (.link("x"), "x"),
            (.handshakeTimeout, "no handshake within 20.0 seconds"),
            (.silence, "no answer to a ping within 30.0 seconds"),
            (.garbage("x"), "protocol error: x"),
        ] as [(UpstreamSession.Cause, String)])
    func `a cause is one clause for the log`(cause: UpstreamSession.Cause, clause: String) {
        #expect("\(cause)" == clause)
    }
}
