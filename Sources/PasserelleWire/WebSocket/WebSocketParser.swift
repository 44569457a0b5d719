// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole messages (RFC 6455 §5 and §6.2).
///
/// Append what comes, then ask `next` until it gives `nil`. Payload is unmasked and text checked
/// as it comes, so bad text fails at its first bad byte. After an error every further `next`
/// throws the same; after a close frame nothing more is read. Idle, it holds no heap memory.
package struct WebSocketParser: Sendable {
    private let role: WebSocketRole
    private let messageBytes: Int
    private var input = InputBuffer()
    private var frame: WebSocketFrameHeader?
    private var frameOffset = 0
    private var message: WebSocketOpcode?
    private var payload: [UInt8] = []
    private var text = UTF8Check()
    private var isClosed = false
    private var failure: WebSocketError?

    /// Makes a parser for one end, which holds no message of more than that many bytes.
    package init(role: WebSocketRole, messageBytes: Int) {
        self.role = role
        self.messageBytes = messageBytes
    }

    /// Tells whether no part of a frame or message is held.
    package var isIdle: Bool { input.isEmpty && frame == nil && message == nil }

    /// Takes in what the peer has sent.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard !isClosed, failure == nil else { return }
        input.append(bytes)
    }

    /// Gives the next whole message, or `nil` when only part has come.
    package mutating func next() throws(WebSocketError) -> WebSocketMessage? {
        if let failure { throw failure }
        do throws(WebSocketError) {
            return try advance()
        } catch {
            failure = error
            release()
            throw error
        }
    }

    // MARK: - Inside

    private mutating func advance() throws(WebSocketError) -> WebSocketMessage? {
        while !isClosed {
            if frame == nil {
                guard try takeHeader() else { return nil }
            }
            guard let frame else { return nil }
            if frame.opcode.isControl {
                guard input.count >= frame.length else { return nil }
                return try takeControl(frame)
            }
            guard try takePayload(frame) else { return nil }
            self.frame = nil
            if frame.isFinal { return try takeMessage() }
        }
        return nil
    }

    private mutating func takeHeader() throws(WebSocketError) -> Bool {
        let role = role
        let header = try input.take { (bytes: Span<UInt8>) throws(WebSocketError) in
            try WebSocketFrameHeader.parse(bytes, by: role)
        }
        guard let header else { return false }
        switch header.opcode {
        case .continuation:
            guard message != nil else { throw .unexpectedContinuation }
        case .text, .binary:
            guard message == nil else { throw .expectedContinuation }
            message = header.opcode
        case .close, .ping, .pong: break
        }
        guard header.opcode.isControl || header.length <= messageBytes - payload.count else {
            throw .messageTooLarge(limit: messageBytes)
        }
        frame = header
        frameOffset = 0
        return true
    }

    /// Moves what has come of a data frame to the message, and tells whether that was the rest.
    private mutating func takePayload(_ frame: WebSocketFrameHeader) throws(WebSocketError) -> Bool
    {
        let count = min(frame.length - frameOffset, input.count)
        let start = payload.count
        if count > 0 {
            input.move(count, to: &payload)
            if let key = frame.mask { payload.mask(from: start, key: key, offset: frameOffset) }
        }
        frameOffset += count
        if message == .text {
            var check = text
            let isText = check.accepts(payload.span.extracting(start...))
            text = check
            guard isText else { throw .malformedText }
        }
        return frameOffset == frame.length
    }

    private mutating func takeMessage() throws(WebSocketError) -> WebSocketMessage {
        guard text.isComplete else { throw .malformedText }
        let isText = message == .text
        let whole = payload
        payload = []
        message = nil
        return isText ? .text(whole) : .binary(whole)
    }

    private mutating func takeControl(
        _ frame: WebSocketFrameHeader
    ) throws(WebSocketError) -> WebSocketMessage {
        var content: [UInt8] = []
        if frame.length > 0 { input.move(frame.length, to: &content) }
        if let key = frame.mask { content.mask(from: 0, key: key, offset: 0) }
        self.frame = nil
        switch frame.opcode {
        case .ping: return .ping(content)
        case .pong: return .pong(content)
        default:
            let close = try WebSocketParser.close(content)
            isClosed = true
            release()
            return close
        }
    }

    private static func close(_ content: [UInt8]) throws(WebSocketError) -> WebSocketMessage {
        guard !content.isEmpty else { return .close(code: nil, reason: "") }
        guard content.count > 1 else { throw .malformedClose }
        let code = UInt16(content[0]) << 8 | UInt16(content[1])
        guard WebSocketCloseCode.mayBeSent(code) else { throw .forbiddenCloseCode(code) }
        guard let reason = String(validating: content.dropFirst(2), as: UTF8.self) else {
            throw .malformedText
        }
        return .close(code: code, reason: reason)
    }

    private mutating func release() {
        input = InputBuffer()
        payload = []
        frame = nil
        message = nil
    }
}
