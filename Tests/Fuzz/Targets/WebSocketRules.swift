// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of a WebSocket for any bytes of a peer (RFC 6455).
enum WebSocketRules {
    private static let messageBytes = 512

    /// Checks that a session acts the same for its peer's bytes in any pieces, ends once, delivers
    /// no message after its end, and keeps the limit of a message.
    static func session(_ role: WebSocketRole, _ bytes: [UInt8]) {
        let whole = actions(role, [bytes])
        hold(
            "a session does not depend on how its bytes are cut",
            whole == actions(role, Pieces(bytes).map { $0 }))
        var isEnded = false
        for action in whole {
            switch action {
            case .deliver(let message):
                hold("no message is delivered after the end", !isEnded)
                check(message)
            case .closed:
                hold("an end comes once", !isEnded)
                isEnded = true
            case .send, .endLink: break
            }
        }
    }

    private static func actions(
        _ role: WebSocketRole, _ pieces: [[UInt8]]
    ) -> [WebSocketSession.Action] {
        var session = WebSocketSession(
            role: role, messageBytes: messageBytes, maskSource: { 0x1234_5678 })
        var actions: [WebSocketSession.Action] = []
        for piece in pieces { actions += session.received(piece.span) }
        return actions + session.lost()
    }

    private static func check(_ message: WebSocketMessage) {
        switch message {
        case .text(let bytes):
            hold("a text is within its limit", bytes.count <= messageBytes)
            hold("a text is UTF-8", String(validating: bytes, as: UTF8.self) != nil)
        case .binary(let bytes): hold("bytes are within their limit", bytes.count <= messageBytes)
        case .ping(let bytes), .pong(let bytes):
            hold("a control frame is short", bytes.count <= 125)
        case .close: break
        }
    }
}
