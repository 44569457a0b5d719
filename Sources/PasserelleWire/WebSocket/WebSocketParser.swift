// SPDX-License-Identifier: MIT

/// A parser that turns the bytes of one connection into messages (RFC 6455 §5 and §6.2).
///
/// Call `append` with received bytes, then `next` until it returns `nil`. Text is validated on
/// arrival, so that it fails at its first bad byte. After an error every further `next` throws the
/// same; after a close frame no bytes are read. An idle parser holds no heap memory.
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

    /// Creates a parser for one end; a message can have at most `messageBytes` bytes.
    package init(role: WebSocketRole, messageBytes: Int) {
        self.role = role
        self.messageBytes = messageBytes
    }

    /// True if no part of a frame or message is held.
    package var isIdle: Bool { input.isEmpty && frame == nil && message == nil }

    /// Appends bytes received from the peer.
    package mutating func append(_ bytes: Span<UInt8>) {
        guard !isClosed, failure == nil else { return }
        input.append(bytes)
    }

    /// Returns the next complete message, or `nil` if it is incomplete.
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

    // MARK: - Private

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

    /// Moves received payload to the message; returns true if the frame is complete.
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

/// The end of a connection that this process is (RFC 6455 §5.1).
package enum WebSocketRole: Equatable, Sendable {
    /// The client: it masks its frames and refuses masked ones.
    case client
    /// The server: it does not mask its frames and refuses unmasked ones.
    case server
}

/// A complete message, reassembled from its fragments.
package enum WebSocketMessage: Equatable, Sendable {
    /// A text message; the bytes are valid UTF-8.
    case text([UInt8])
    /// A binary message.
    case binary([UInt8])
    /// A ping; the pong must carry the same payload, at most 125 bytes.
    case ping([UInt8])
    /// A pong with a payload of at most 125 bytes.
    case pong([UInt8])
    /// The peer's close frame, with a valid code or none (§5.5.1).
    case close(code: UInt16?, reason: String)
}

/// The type of a frame (RFC 6455 §5.2).
package enum WebSocketOpcode: UInt8, Equatable, Sendable {
    /// Another fragment of the open message.
    case continuation = 0x0
    /// A text message, or its first fragment.
    case text = 0x1
    /// A binary message, or its first fragment.
    case binary = 0x2
    /// The last frame of its sender.
    case close = 0x8
    /// Asks for a pong.
    case ping = 0x9
    /// Answers a ping, or is sent unsolicited as a keep-alive.
    case pong = 0xA

    /// True for control frames: short, unfragmented, and allowed between fragments (§5.5).
    package var isControl: Bool { rawValue >= 0x8 }
}
