// SPDX-License-Identifier: MIT

/// The state machine of one end of a WebSocket after its handshake (RFC 6455 §5–§7).
///
/// Each method returns the actions to perform. `closed` occurs exactly once; only `endLink` can
/// follow it. After a close frame is sent, no message is sent or delivered. The owner keeps the
/// time: if the peer does not answer the close frame, it must call `closeTimedOut`.
package struct WebSocketSession {
    /// An action that the link's owner must perform; actions are in order.
    package enum Action: Equatable, Sendable {
        /// Send these bytes.
        case send([UInt8])
        /// Deliver a text, binary, ping or pong; the answer to a ping is already in the actions.
        case deliver(WebSocketMessage)
        /// The connection is over for its user: 1005 no code given, 1006 no close frame received.
        case closed(code: UInt16, reason: String)
        /// Flush the output, then end the link.
        case endLink
    }

    private enum State: Equatable {
        case open
        case closing
        case closed
    }

    private let maskSource: (() -> UInt32)?
    private var parser: WebSocketParser
    private var state = State.open
    private var due: [Action] = []

    /// The error if the peer's frames ended the session; contains no bytes of the peer.
    package private(set) var failure: WebSocketError?

    /// Creates a session after the handshake; a client needs a source of unpredictable masks.
    package init(
        role: WebSocketRole, messageBytes: Int, maskSource: (() -> UInt32)? = nil
    ) {
        precondition(role == .server || maskSource != nil, "a client must mask its frames")
        self.maskSource = role == .client ? maskSource : nil
        parser = WebSocketParser(role: role, messageBytes: messageBytes)
    }

    /// True if messages may be sent.
    package var isOpen: Bool { state == .open }

    /// Handles bytes received from the peer; returns all actions.
    ///
    /// An owner that answers messages one by one must call `append` and `next` instead: if a close
    /// or an invalid frame follows in the same read, an answer after all actions comes too late.
    package mutating func received(_ bytes: Span<UInt8>) -> [Action] {
        append(bytes)
        var actions: [Action] = []
        while let action = next() { actions.append(action) }
        return actions
    }

    /// Appends bytes received from the peer; call `next` for the actions until it returns `nil`.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard state != .closed else { return }
        parser.append(bytes)
    }

    /// Returns the next action for the received bytes; messages may be sent in between.
    package mutating func next() -> Action? {
        while due.isEmpty {
            guard state != .closed else { return nil }
            do throws(WebSocketError) {
                guard let message = try parser.next() else { return nil }
                take(message)
            } catch {
                fail(error)
            }
        }
        let action = due[0]
        // Removing the last action frees the storage, so that an idle session holds none.
        due = due.count == 1 ? [] : Array(due.dropFirst())
        return action
    }

    /// Sends a text message, which must be valid UTF-8; ignored after a close.
    package mutating func send(text: [UInt8]) -> [Action] { send(.text, text) }

    /// Sends a text message; ignored after a close.
    package mutating func send(text: String) -> [Action] { send(.text, Array(text.utf8)) }

    /// Sends a binary message; ignored after a close.
    package mutating func send(binary: [UInt8]) -> [Action] { send(.binary, binary) }

    /// Sends a ping with a payload of at most 125 bytes; ignored after a close.
    package mutating func ping(_ payload: [UInt8] = []) -> [Action] {
        send(.ping, Array(payload.prefix(WebSocketFrameHeader.controlBytes)))
    }

    /// Starts the closing handshake; ignored if it has started.
    package mutating func close(
        code: UInt16? = WebSocketCloseCode.normal, reason: String = ""
    ) -> [Action] {
        guard state == .open else { return [] }
        state = .closing
        return [.send(WebSocketWriter.close(code: code, reason: reason, mask: maskSource?()))]
    }

    /// Handles the expiry of the time limit for the peer's close frame.
    package mutating func closeTimedOut() -> [Action] {
        guard state == .closing else { return [] }
        state = .closed
        return [.closed(code: WebSocketCloseCode.lost, reason: ""), .endLink]
    }

    /// Handles the end of the link.
    package mutating func lost() -> [Action] {
        guard state != .closed else { return [] }
        state = .closed
        return [.closed(code: WebSocketCloseCode.lost, reason: "")]
    }

    // MARK: - Private

    private func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [Action] {
        guard state == .open else { return [] }
        return [.send(WebSocketWriter.frame(opcode, payload, mask: maskSource?()))]
    }

    private mutating func take(_ message: WebSocketMessage) {
        switch message {
        case .close(let code, let reason):
            end(code ?? WebSocketCloseCode.noStatus, reason, sending: code, "")
        case .ping(let payload):
            guard state == .open else { return }
            due = send(.pong, payload) + [.deliver(message)]
        case .text, .binary, .pong:
            guard state == .open else { return }
            due = [.deliver(message)]
        }
    }

    /// Fails the connection; sends a close frame with the reason unless one was sent (§7.1.7).
    private mutating func fail(_ error: WebSocketError) {
        failure = error
        end(error.closeCode, error.message, sending: error.closeCode, error.message)
    }

    private mutating func end(
        _ seen: UInt16, _ reason: String, sending code: UInt16?, _ words: String
    ) {
        if state == .open {
            due = [.send(WebSocketWriter.close(code: code, reason: words, mask: maskSource?()))]
        }
        state = .closed
        due += [.closed(code: seen, reason: reason), .endLink]
    }
}

/// The close codes that this implementation sends or reports (RFC 6455 §7.4.1).
package enum WebSocketCloseCode {
    /// A normal closure.
    package static let normal: UInt16 = 1000
    /// The close frame had no code; never sent.
    package static let noStatus: UInt16 = 1005
    /// The link ended without a close frame; never sent.
    package static let lost: UInt16 = 1006

    /// Returns true if a close frame may have the code: assigned, registered or private.
    package static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
