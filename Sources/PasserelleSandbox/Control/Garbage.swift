// SPDX-License-Identifier: MIT
import PasserelleWire

/// Bytes that no Channels server would send, each kind wrong in its own layer.
package enum Garbage: String, Sendable, CaseIterable {
    /// A text message that is no JSON.
    case text
    /// A text message that is JSON, but no object.
    case array
    /// A text message whose object has no event.
    case eventless
    /// A text message nested deeper than anybody reads.
    case deep
    /// A binary message.
    case binary
    /// A text message that is not UTF-8.
    case utf8
    /// A frame with a mask, which servers never use.
    case masked
    /// The head of a frame of 2^62 bytes.
    case huge
    /// The first half of a frame, and nothing after it.
    case half
    /// Bytes that are no frame.
    case raw

    /// What goes over the wire.
    var bytes: [UInt8] {
        switch self {
        case .text: text("this is no JSON")
        case .array: text("[1,2,3]")
        case .eventless: text("{\"data\":{}}")
        case .deep: text(String(repeating: "[", count: 5000))
        case .binary: WebSocketWriter.frame(.binary, [0, 1, 2, 255], mask: nil)
        case .utf8: WebSocketWriter.frame(.text, [0xFF, 0xFE, 0xC0, 0x80], mask: nil)
        case .masked: WebSocketWriter.text("{\"event\":\"x\"}", mask: 0x0102_0304)
        case .huge: [0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0]
        case .half: [0x81, 100] + Array("{\"event\":".utf8)
        case .raw: [0xFF, 0xFF, 0xFF, 0xFF] + Array("HTTP/1.1 200 OK\r\n\r\n".utf8)
        }
    }

    private func text(_ text: String) -> [UInt8] {
        WebSocketWriter.text(text, mask: nil)
    }
}
