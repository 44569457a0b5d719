// SPDX-License-Identifier: MIT

@testable import PasserelleWire

/// The masking key of the RFC's examples (RFC 6455 §5.7).
let exampleMask: UInt32 = 0x37FA_213D

/// Feeds bytes to a parser, cut at these indices, and returns the messages up to the first error.
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

/// Returns a frame as the peer of `role` sends it.
func frame(
    _ opcode: WebSocketOpcode, _ text: String, to role: WebSocketRole = .client,
    isFinal: Bool = true
) -> [UInt8] {
    WebSocketWriter.frame(
        opcode, Array(text.utf8), mask: role == .server ? exampleMask : nil, isFinal: isFinal)
}
