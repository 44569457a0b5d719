// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct WebSocketSessionTests {
    typealias Action = WebSocketSession.Action

    static func server(limit: Int = 1_000) -> WebSocketSession {
        WebSocketSession(role: .server, messageBytes: limit)
    }

    static func client() -> WebSocketSession {
        WebSocketSession(role: .client, messageBytes: 1_000, maskSource: { exampleMask })
    }

    @Test func `a client masks all its frames and a server none`() {
        var client = Self.client()
        var server = Self.server()
        #expect(client.send(text: "hi") == [.send(frame(.text, "hi", to: .server))])
        #expect(client.send(binary: []) == [.send(frame(.binary, "", to: .server))])
        #expect(client.ping() == [.send(frame(.ping, "", to: .server))])
        #expect(server.send(text: "hi") == [.send(frame(.text, "hi"))])
        #expect(server.send(binary: [0x61]) == [.send(frame(.binary, "a"))])
    }

    @Test func `a ping is answered with its own payload before it is delivered`() {
        var session = Self.server()
        #expect(
            receive(&session, frame(.ping, "x", to: .server) + frame(.text, "y", to: .server)) == [
                .send(frame(.pong, "x")), .deliver(.ping(Array("x".utf8))),
                .deliver(.text(Array("y".utf8))),
            ])
        #expect(receive(&session, frame(.pong, "z", to: .server)) == [.deliver(.pong([0x7A]))])
    }

    @Test func `a failure by the peer's frames differs from the peer's close`() {
        var session = Self.client()
        #expect(session.failure == nil)
        _ = receive(&session, WebSocketWriter.close(code: 1002, reason: "", mask: nil))
        #expect(session.failure == nil)
        session = Self.client()
        _ = receive(&session, [0xC1, 0x00])
        #expect(session.failure == .reservedBits)
    }

    @Test func `the peer's close is answered with its code and ends the link`() {
        var session = Self.client()
        let close = WebSocketWriter.close(code: 4004, reason: "over quota", mask: nil)
        #expect(
            receive(&session, close + frame(.text, "late")) == [
                .send(WebSocketWriter.close(code: 4004, reason: "", mask: exampleMask)),
                .closed(code: 4004, reason: "over quota"), .endLink,
            ])
        #expect(!session.isOpen)
        #expect(session.send(text: "x") == [])
        #expect(session.lost() == [])
        #expect(receive(&session, frame(.text, "late")) == [])
    }

    @Test func `a close without a code is reported as 1005 and answered without a code`() {
        var session = Self.server()
        #expect(
            receive(&session, frame(.close, "", to: .server)) == [
                .send([0x88, 0x00]), .closed(code: 1005, reason: ""), .endLink,
            ])
    }

    @Test func `after our close no message is sent or delivered until the peer's close`() {
        var session = Self.server()
        #expect(
            session.close(code: 1001, reason: "bye")
                == [.send(WebSocketWriter.close(code: 1001, reason: "bye", mask: nil))])
        #expect(session.close() == [])
        #expect(session.ping() == [])
        #expect(session.send(text: "x") == [])
        let late = frame(.text, "late", to: .server) + frame(.ping, "", to: .server)
        #expect(receive(&session, late) == [])
        let answer = WebSocketWriter.close(code: 1001, reason: "", mask: exampleMask)
        #expect(receive(&session, answer) == [.closed(code: 1001, reason: ""), .endLink])
        #expect(session.closeTimedOut() == [])
    }

    @Test func `a session ends if the peer does not answer our close`() {
        var session = Self.server()
        #expect(session.closeTimedOut() == [])
        _ = session.close()
        #expect(session.closeTimedOut() == [.closed(code: 1006, reason: ""), .endLink])
        #expect(session.lost() == [])
    }

    @Test func `a link that ends without a close frame is reported as 1006, once`() {
        var session = Self.server()
        #expect(session.lost() == [.closed(code: 1006, reason: "")])
        #expect(session.lost() == [])
        var closing = Self.server()
        _ = closing.close()
        #expect(closing.lost() == [.closed(code: 1006, reason: "")])
    }

    @Test(
        arguments: [
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], WebSocketError.malformedText),
            ([0x82, 0xFE, 0x03, 0xE9, 0, 0, 0, 0], .messageTooLarge(limit: 1_000)),
            ([0x81, 0x00], .unmaskedFrame), ([0x88, 0x81, 0, 0, 0, 0, 3], .malformedClose),
        ] as [([UInt8], WebSocketError)])
    func `a peer that violates the protocol gets a close frame with the reason`(
        _ bytes: [UInt8], _ error: WebSocketError
    ) {
        let code = error.closeCode
        let reason = error.message
        var session = Self.server()
        #expect(
            receive(&session, frame(.text, "ok", to: .server) + bytes) == [
                .deliver(.text(Array("ok".utf8))),
                .send(WebSocketWriter.close(code: code, reason: reason, mask: nil)),
                .closed(code: code, reason: reason), .endLink,
            ])
        #expect(receive(&session, bytes) == [])
        var closing = Self.server()
        _ = closing.close()
        #expect(receive(&closing, bytes) == [.closed(code: code, reason: reason), .endLink])
    }

    @Test func `two sessions close each other cleanly, even at the same time`() {
        var client = Self.client()
        var server = Self.server()
        let fromClient = client.close(code: 1000, reason: "done")
        let fromServer = server.close(code: 1001, reason: "away")
        #expect(relay(fromClient, to: &server) == [.closed(code: 1000, reason: "done"), .endLink])
        #expect(relay(fromServer, to: &client) == [.closed(code: 1001, reason: "away"), .endLink])
    }

    @Test func `a message can be answered before the close in the same read`() {
        var session = Self.server()
        let close = WebSocketWriter.close(code: 1000, reason: "", mask: exampleMask)
        session.append((frame(.text, "hi", to: .server) + close).span)
        var done: [Action] = []
        while let action = session.next() {
            done.append(action)
            if case .deliver(.text(let text)) = action { done += session.send(text: text) }
        }
        #expect(
            done == [
                .deliver(.text(Array("hi".utf8))), .send(frame(.text, "hi")),
                .send(WebSocketWriter.close(code: 1000, reason: "", mask: nil)),
                .closed(code: 1000, reason: ""), .endLink,
            ])
    }

    @Test func `large messages pass in both directions, in pieces`() {
        var client = WebSocketSession(
            role: .client, messageBytes: 300_000, maskSource: { exampleMask })
        var server = Self.server(limit: 300_000)
        let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        guard case .send(let bytes)? = client.send(binary: payload).first else { return }
        var delivered: [Action] = []
        for piece in pieces(bytes, Array(stride(from: 1_000, to: bytes.count, by: 1_000))) {
            delivered += server.received(piece.span)
        }
        #expect(delivered == [.deliver(.binary(payload))])
        #expect(relay(server.send(binary: payload), to: &client) == delivered)
    }

    private func receive(_ session: inout WebSocketSession, _ bytes: [UInt8]) -> [Action] {
        session.received(bytes.span)
    }

    private func relay(_ actions: [Action], to session: inout WebSocketSession) -> [Action] {
        actions.flatMap { action in
            guard case .send(let bytes) = action else { return [Action]() }
            return session.received(bytes.span)
        }
    }
}
