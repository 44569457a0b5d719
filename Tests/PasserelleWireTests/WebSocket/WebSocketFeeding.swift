// SPDX-License-Identifier: MIT

import PasserelleWire

/// The key that the RFC's examples are masked with (RFC 6455 §5.7).
let exampleMask: UInt32 = 0x37FA_213D

/// Feeds frames in pieces and gives what comes out until the first error.
func messages(
    _ bytes: [UInt8], to role: WebSocketRole, cuts: [Int] = [], limit: Int = 1_000_000
) -> Outcome<WebSocketMessage, WebSocketError> {
    var parser = WebSocketParser(role: role, messageBytes: limit)
    var outcome = Outcome<WebSocketMessage, WebSocketError>()
    do throws(WebSocketError) {
        for piece in pieces(bytes, cuts) {
            parser.append(piece.span)
            while let message = try parser.next() { outcome.values.append(message) }
        }
    } catch {
        outcome.failure = error
    }
    return outcome
}

/// Gives a frame as the peer of that role would send it.
func frame(
    _ opcode: WebSocketOpcode, _ text: String, to role: WebSocketRole = .client,
    isFinal: Bool = true
) -> [UInt8] {
    WebSocketWriter.frame(
        opcode, Array(text.utf8), mask: role == .server ? exampleMask : nil, isFinal: isFinal)
}
