// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// The faults that the sandbox simulates; by default none.
package struct Misbehaviour: Equatable, Sendable {
    /// The requests that are received but never answered.
    package enum Silence: String, Sendable, CaseIterable {
        /// No request.
        case nothing
        /// Subscriptions only.
        case subscriptions
        /// All messages on an open WebSocket, including the connection message.
        case messages
        /// HTTP requests and upgrades as well, except those under `/sandbox`.
        case everything

        /// True if messages on an open WebSocket are not answered.
        var swallowsMessages: Bool { self == .messages || self == .everything }
    }

    /// The way in which a new connection is refused.
    package enum RefusalForm: String, Sendable, CaseIterable {
        /// A close frame with the code.
        case close
        /// An error frame, then a close frame.
        case error
        /// An error frame on a socket that stays open.
        case open
        /// An error frame, then the end of TCP without a close frame.
        case drop
        /// The end of TCP without any frame.
        case cut
        /// The status 503 instead of the upgrade.
        case http
    }

    /// The refusal of new connections.
    package struct Refusal: Equatable, Sendable {
        /// The close code, also used in the error frame.
        package var code: UInt16
        /// The reason, also used as the message of the error frame.
        package var message: String
        /// The frames sent, and the end of the connection.
        package var form: RefusalForm
    }

    /// The refusal of subscriptions, even if their signature is valid.
    package struct Denial: Equatable, Sendable {
        /// The channels concerned.
        package var pattern: ChannelPattern
        /// With a status, a `pusher:subscription_error` names the channel; without one, the error
        /// has neither code nor channel, as from the hosted service.
        package var status: Int?
    }

    /// The handling of REST requests.
    package enum REST: Equatable, Sendable {
        /// They are answered.
        case answered
        /// They are read and never answered.
        case ignored
        /// They have no effect and are answered with this status.
        case failing(status: Int)
    }

    /// A fault of every connection, or of some, which are known by their ids.
    package struct Scoped<Value: Equatable & Sendable>: Equatable, Sendable {
        /// The value for the connections concerned.
        package var value: Value
        /// The value for the others.
        package let normal: Value
        /// The connections concerned; `nil`: all, and HTTP requests.
        package var connections: Set<Int>?

        init(_ normal: Value) {
            value = normal
            self.normal = normal
        }

        /// The value for a connection; `nil` stands for an HTTP request.
        subscript(connection: Int?) -> Value {
            guard let connections else { return value }
            return connection.map(connections.contains) ?? false ? value : normal
        }
    }

    /// The requests that are not answered.
    package var silence = Scoped(Silence.nothing)
    /// The delay of every answer and event.
    package var delay = Scoped(Duration.zero)
    /// True if every frame is sent twice.
    package var duplicates = Scoped(false)
    /// The refusal of new connections, if any.
    package var refusal: Refusal?
    /// The refusals of subscriptions; the first matching one applies.
    package var denials: [Denial] = []
    /// The handling of REST requests.
    package var rest = REST.answered
    /// True if client events are forwarded, provided the application has them enabled.
    package var passesClientEvents = true
    /// The offset of the sandbox's clock from the host's, in seconds.
    package var clockSeconds = 0

    /// The faults as JSON, for the state page.
    var facts: JSONObjectWriter {
        let rest: any JSONValue =
            switch rest {
            case .answered: "answer"
            case .ignored: "ignore"
            case .failing(let status): status
            }
        return [
            "swallow": silence.value.rawValue, "swallow_connections": silence.connections?.count,
            "delay_ms": delay.value.milliseconds, "delay_connections": delay.connections?.count,
            "duplicate": duplicates.value, "duplicate_connections": duplicates.connections?.count,
            "refuse": refusal.map { Int($0.code) }.orNull, "deny": denials.map(\.pattern.text),
            "rest": rest, "client_events": passesClientEvents, "clock_s": clockSeconds,
        ]
    }
}

/// Bytes that no Channels server would send; each kind violates another layer.
package enum Garbage: String, Sendable, CaseIterable {
    /// An empty text message.
    case empty
    /// A text message that is `null`.
    case null
    /// A text message that consists of a byte order mark.
    case mark
    /// A text message with a truncated event.
    case cut
    /// A text message that is not JSON.
    case text
    /// A text message that is JSON, but not an object.
    case array
    /// A text message that is an object without an event.
    case eventless
    /// A text message nested deeper than any parser accepts.
    case deep
    /// A binary message.
    case binary
    /// A text message that is not UTF-8.
    case utf8
    /// A masked frame, which servers must not send.
    case masked
    /// The header of a frame of 2^62 bytes.
    case huge
    /// The first half of a frame, without the rest.
    case half
    /// Bytes that are not a frame.
    case raw

    /// The bytes sent.
    var bytes: [UInt8] {
        switch self {
        case .empty: text("")
        case .null: text("null")
        case .mark: text("\u{FEFF}")
        case .cut: text("{\"event\":\"new-message\",\"da")
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
