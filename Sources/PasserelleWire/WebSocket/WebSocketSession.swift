// SPDX-License-Identifier: MIT

/// Decides what one end of a WebSocket does, from its handshake to its end (RFC 6455 §5–§7).
///
/// Told what happened, it answers with what to do. `closed` comes exactly once, and after it
/// nothing but `endLink`. Once a close frame has been sent nothing more is sent or delivered.
/// The owner keeps the time: when the peer's close does not follow ours, call `closeTimedOut`.
package struct WebSocketSession {
    /// Says what the link's owner must do next, in order.
    package enum Action: Equatable, Sendable {
        /// Send these bytes.
        case send([UInt8])
        /// Hand on a text, binary, ping or pong; a ping's answer is already among the actions.
        case deliver(WebSocketMessage)
        /// The connection is over for its user: 1005 no code given, 1006 no close frame seen.
        case closed(code: UInt16, reason: String)
        /// Write out what is queued, then end the link.
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

    /// Why the peer's frames could not be accepted, where that was the end; no word of the peer's.
    package private(set) var failure: WebSocketError?

    /// Makes a session after its handshake; a client needs a source of unforeseeable masks.
    package init(
        role: WebSocketRole, messageBytes: Int, maskSource: (() -> UInt32)? = nil
    ) {
        precondition(role == .server || maskSource != nil, "a client must mask its frames")
        self.maskSource = role == .client ? maskSource : nil
        parser = WebSocketParser(role: role, messageBytes: messageBytes)
    }

    /// Tells whether messages may still be sent.
    package var isOpen: Bool { state == .open }

    /// Tells whether our close frame is sent and the peer's awaited, which needs a time limit.
    package var isClosing: Bool { state == .closing }

    /// Notes what the peer has sent, and gives all that is to be done about it.
    ///
    /// Who answers messages one by one asks `append` and `next` instead: an answer made from the
    /// actions of a whole read comes too late when a close or a bad frame stands in the same read.
    package mutating func received(_ bytes: Span<UInt8>) -> [Action] {
        append(bytes)
        var actions: [Action] = []
        while let action = next() { actions.append(action) }
        return actions
    }

    /// Takes in what the peer has sent; then `next` gives what to do, until it gives `nil`.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard state != .closed else { return }
        parser.append(bytes)
    }

    /// Gives the next thing to do about what has come; in between, messages may be sent.
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
        // The last one takes the storage with it, so that an idle session holds none.
        due = due.count == 1 ? [] : Array(due.dropFirst())
        return action
    }

    /// Sends text, which must be valid UTF-8; does nothing once closing.
    package mutating func send(text: [UInt8]) -> [Action] { send(.text, text) }

    /// Sends text; does nothing once closing.
    package mutating func send(text: String) -> [Action] { send(.text, Array(text.utf8)) }

    /// Sends bytes; does nothing once closing.
    package mutating func send(binary: [UInt8]) -> [Action] { send(.binary, binary) }

    /// Sends a ping, its payload cut to 125 bytes; does nothing once closing.
    package mutating func ping(_ payload: [UInt8] = []) -> [Action] {
        send(.ping, Array(payload.prefix(WebSocketFrameHeader.controlBytes)))
    }

    /// Sends a pong unasked, its payload cut to 125 bytes; does nothing once closing.
    package mutating func pong(_ payload: [UInt8] = []) -> [Action] {
        send(.pong, Array(payload.prefix(WebSocketFrameHeader.controlBytes)))
    }

    /// Begins the closing handshake; does nothing when it has begun.
    package mutating func close(
        code: UInt16? = WebSocketCloseCode.normal, reason: String = ""
    ) -> [Action] {
        guard state == .open else { return [] }
        state = .closing
        return [.send(WebSocketWriter.close(code: code, reason: reason, mask: maskSource?()))]
    }

    /// Notes that the peer has not answered our close in time.
    package mutating func closeTimedOut() -> [Action] {
        guard state == .closing else { return [] }
        state = .closed
        return [.closed(code: WebSocketCloseCode.lost, reason: ""), .endLink]
    }

    /// Notes that the link has ended.
    package mutating func lost() -> [Action] {
        guard state != .closed else { return [] }
        state = .closed
        return [.closed(code: WebSocketCloseCode.lost, reason: "")]
    }

    // MARK: - Inside

    private func send(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [Action] {
        guard state == .open else { return [] }
        return [.send(WebSocketWriter.frame(opcode, payload, mask: maskSource?()))]
    }

    private mutating func take(_ message: WebSocketMessage) {
        switch message {
        case .close(let code, let reason):
            end(code ?? WebSocketCloseCode.noneGiven, reason, telling: code, "")
        case .ping(let payload):
            guard state == .open else { return }
            due = send(.pong, payload) + [.deliver(message)]
        case .text, .binary, .pong:
            guard state == .open else { return }
            due = [.deliver(message)]
        }
    }

    /// Fails the connection: tells the peer why, unless our close is already sent (§7.1.7).
    private mutating func fail(_ error: WebSocketError) {
        failure = error
        end(error.closeCode, error.message, telling: error.closeCode, error.message)
    }

    private mutating func end(
        _ seen: UInt16, _ reason: String, telling code: UInt16?, _ words: String
    ) {
        if state == .open {
            due = [.send(WebSocketWriter.close(code: code, reason: words, mask: maskSource?()))]
        }
        state = .closed
        due += [.closed(code: seen, reason: reason), .endLink]
    }
}
