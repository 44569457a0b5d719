// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// What follows each way in which a connection can end.
struct SessionEndingTests {
    @Test(arguments: [4000, 4001, 4003, 4004, 4009, 4099] as [UInt16])
    func `codes that say not to come back are the end`(code: UInt16) {
        var scene = SessionScene(live: "a")
        #expect(
            scene.closed(code, "no more") == [
                .tell(.lost), .tell(.refusedForGood(code: Int(code), message: "no more")),
            ])
        #expect(scene.session.isStopped && scene.session.deadline == nil)
        #expect(scene.at(1_000) == [] && scene.want("b") == [] && scene.start() == [])
    }

    @Test(
        arguments: [
            nil, 1000, 1001, 1002, 1003, 1011, 3000, 3999, 4100, 4199, 4300, 4301, 4999,
        ] as [UInt16?])
    func `other codes, and none, wait for a second at the least`(code: UInt16?) {
        for (jitter, delay) in [(0, 1), (0.5, 1.5), (0.75, 1.75)] {
            var scene = SessionScene(live: "a", jitter: jitter)
            scene.now = .seconds(60)
            let cause =
                code.map { UpstreamSession.Cause.code(Int($0), "bye") } ?? .link("bye")
            #expect(
                scene.closed(code) == [
                    .tell(.lost), .tell(.waits(.seconds(delay), because: cause)),
                ])
            #expect(scene.at(60 + delay - 0.0001) == [])
            #expect(scene.at(60 + delay) == [.connect])
        }
    }

    @Test(arguments: [4200, 4201, 4202, 4299] as [UInt16])
    func `codes that ask for it bring it back at once`(code: UInt16) {
        var scene = SessionScene(live: "a")
        scene.now = .seconds(60)
        #expect(
            scene.closed(code) == [
                .tell(.lost), .tell(.waits(.zero, because: .code(Int(code), "bye"))),
            ])
        #expect(scene.at(60) == [.connect])
    }

    @Test func `a server that always asks for it does not get a tight loop`() {
        var scene = SessionScene(jitter: 1)
        _ = scene.start()
        var delays: [Duration?] = []
        for _ in 0..<12 {
            _ = scene.establish()
            delays.append(SessionScene.delay(scene.closed(4200)))
            _ = scene.at((scene.session.deadline ?? .zero) / .seconds(1))
        }
        let waited = [0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        #expect(delays == waited.map { .seconds($0) })
    }

    @Test func `attempts that fail are further and further apart`() {
        var scene = SessionScene(jitter: 1)
        _ = scene.start()
        var delays: [Duration?] = []
        for _ in 0..<8 {
            delays.append(SessionScene.delay(scene.closed(nil, "refused")))
            _ = scene.at((scene.session.deadline ?? .zero) / .seconds(1))
        }
        #expect(delays == [2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    }

    @Test(arguments: [(4.9, 8), (5.0, 2)])
    func `only a connection that stood for a while makes good for failures before it`(
        stood: Double, delay: Int
    ) {
        var scene = SessionScene(jitter: 1)
        _ = scene.start()
        _ = scene.closed(nil)
        _ = scene.at(2)
        _ = scene.closed(nil)
        #expect(scene.at(6) == [.connect])
        _ = scene.establish()
        scene.now = .seconds(6 + stood)
        #expect(SessionScene.delay(scene.closed(nil)) == .seconds(delay))
    }

    // MARK: - Errors in place of the handshake

    @Test(arguments: [4000, 4001, 4004, 4099])
    func `an error before the handshake is read as a close code, though the socket stays open`(
        code: Int
    ) {
        var scene = SessionScene()
        _ = scene.start()
        #expect(
            scene.err(code, "Over quota") == [
                .endLink(code: 1000), .tell(.refusedForGood(code: code, message: "Over quota")),
            ])
        // Whatever the socket does then is of no interest.
        #expect(scene.closed(nil) == [] && scene.establish() == [])
        #expect(scene.session.isStopped)
    }

    @Test(arguments: [(4100, 1), (4200, 0), (4301, 1), (0, 1), (-4001, 1), (69_537, 1), (401, 1)])
    func `an error before the handshake that is not for good is waited out`(
        code: Int, delay: Int
    ) {
        var scene = SessionScene()
        _ = scene.start()
        #expect(
            scene.err(code) == [
                .endLink(code: 1000),
                .tell(.waits(.seconds(delay), because: .code(code, "no"))),
            ])
    }

    @Test func `an error without a code before the handshake is waited out`() {
        var scene = SessionScene()
        _ = scene.start()
        #expect(
            scene.err(nil, "no such\r\napp") == [
                .endLink(code: 1000),
                .tell(.waits(.seconds(1), because: .error("no such app"))),
            ])
    }

    @Test(arguments: [4001, 4004, 4009, 4200, 4301, nil])
    func `an error after the handshake ends nothing`(code: Int?) {
        var scene = SessionScene(live: "a")
        #expect(scene.err(code) == [.tell(.error(code: code, message: "no"))])
        #expect(scene.session.socketID != nil)
    }

    // MARK: - Over the number of connections

    @Test func `who outlasts a quota waits for room where it has stood before, and only there`() {
        var session = UpstreamSession(outlastsQuota: true) { 0 }
        _ = session.started(now: .zero)
        let full = ServerMessage.error(code: 4004, message: "Full")
        var fresh = session
        #expect(
            fresh.received(full, now: .zero).last
                == .tell(.refusedForGood(code: 4004, message: "Full")))
        _ = session.received(
            .connectionEstablished(socketID: "1.1", activityTimeout: nil), now: .zero)
        #expect(
            session.linkEnded(code: 4004, words: "Full", now: .zero) == [
                .tell(.lost), .tell(.waits(.seconds(1), because: .code(4004, "Full"))),
            ])
        #expect(session.timePassed(now: .seconds(1)) == [.connect])
        #expect(
            session.received(full, now: .seconds(1)) == [
                .endLink(code: 1000),
                .tell(.waits(.seconds(1), because: .code(4004, "Full"))),
            ])
        // Any other refusal is one for good.
        _ = session.timePassed(now: .seconds(2))
        #expect(
            session.received(.error(code: 4001, message: "no"), now: .seconds(3)).last
                == .tell(.refusedForGood(code: 4001, message: "no")))
    }

    // MARK: - Garbage

    @Test func `garbage replaces the connection`() {
        var scene = SessionScene(live: "a")
        scene.now = .seconds(60)
        #expect(
            scene.session.garbled("bad bytes", now: scene.now) == [
                .endLink(code: 1002), .tell(.lost),
                .tell(.waits(.seconds(1), because: .garbage("bad bytes"))),
            ])
        #expect(scene.session.garbled("more", now: scene.now) == [])
        #expect(scene.at(61) == [.connect])
    }

    @Test func `a server's words are one short line`() {
        var scene = SessionScene(live: "a")
        let words = "one\ntwo\u{1B}[31m" + String(repeating: "é", count: 2_000)
        guard case .tell(.error(_, let message)) = scene.err(nil, words).first else {
            Issue.record("the error is told")
            return
        }
        #expect(message.hasPrefix("one two [31mé") && message.utf8.count <= 300)
    }

    @Test(
        arguments: [
            (.code(4200, ""), "closed with code 4200"),
            (.code(4200, "later"), "closed with code 4200: later"),
            (.error("x"), "an error in place of the handshake: x"), (.link("x"), "x"),
            (.handshakeTimeout, "no handshake within 20.0 seconds"),
            (.silence, "no answer to a ping within 30.0 seconds"),
            (.garbage("x"), "garbage: x"),
        ] as [(UpstreamSession.Cause, String)])
    func `a cause is a clause for the log`(cause: UpstreamSession.Cause, clause: String) {
        #expect("\(cause)" == clause)
    }
}
