// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
import PasserelleWire

/// One WebSocket connection to Channels, from the dial to its end: link, opening handshake, frames.
///
/// After `ended`, `invalidData` or `close`, no further event is reported.
final class UpstreamWebSocket: LinkOwner {
    /// An event on the connection, reported in order.
    enum Event {
        /// Bytes arrived: the peer is alive.
        case activity
        /// A text message arrived.
        case text([UInt8])
        /// A binary message arrived; the protocol has none.
        case binary
        /// A protocol violation; the text does not quote the input.
        case invalidData(String)
        /// The connection ended; `code` is that of the peer's close frame, if any.
        case ended(code: UInt16?, words: String)
    }

    /// The largest message from Channels, in bytes: a presence list is one message.
    static let maxMessageBytes = 4 * 1_048_576
    /// The size of the output queue, in bytes; a server that is slower is disconnected.
    static let maxOutputBytes = 4 * 1_048_576
    /// The time limit for name resolution, the connection and the TLS handshake.
    static let connectTimeout: Duration = .seconds(15)
    /// The time limit for sending the remaining output after the connection was closed.
    static let closeTimeout: Duration = .seconds(5)

    /// Unowned: the loop retains the link, and the link retains this object.
    private unowned let loop: EventLoop
    private let onEvent: (UpstreamWebSocket, Event) -> Void
    private let request: [UInt8]
    private let expectedAccept: String
    private var link: Link?
    /// The parser of the handshake's answer; it has no body limit, as only the head is read.
    private var upgrade = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var webSocket: WebSocketSession?

    /// Starts to connect; the closure is never called from within this initializer.
    init(
        loop: EventLoop, server: ChannelsServer,
        onEvent: @escaping (UpstreamWebSocket, Event) -> Void
    ) {
        self.loop = loop
        self.onEvent = onEvent
        let key = Base64.encode(Random.bytes(16))
        expectedAccept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        let target =
            "\(server.path)/app/\(HTTPTarget.encode(server.key))?protocol=7&client=passerelle"
            + "&version=\(HTTPTarget.encode(server.clientVersion))"
        var origin = HTTPFields()
        if let value = server.origin { origin.set("Origin", value) }
        request = HTTPWriter.request(
            WebSocketHandshake.request(
                host: server.webSocketHost, target: target, key: key, extra: origin))
        link = Outbound.connect(
            loop: loop, to: server.webSocket, tls: server.tls, proxy: server.webSocketProxy,
            timeout: Self.connectTimeout, owner: self)
        link?.outputLimit = Self.maxOutputBytes
    }

    /// Sends a text message, which is dropped before the handshake and after the end.
    func send(_ text: [UInt8]) {
        send(webSocket?.send(text: text) ?? [])
    }

    /// Sends a close frame if the handshake is done, and releases the link.
    func close(code: UInt16) {
        send(webSocket?.close(code: code) ?? [])
        closeLink()
    }

    // MARK: - The link

    /// Sends the opening handshake.
    func linkOpened(_ link: Link) {
        link.send(request)
    }

    /// Parses the answer to the handshake, then frames.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard webSocket != nil else { return receivedAnswer(bytes) }
        onEvent(self, .activity)
        webSocket?.append(bytes)
        read()
    }

    /// Reports an end without a close frame.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        let words = webSocket == nil ? "connection failed: \(end)" : "connection lost: \(end)"
        onEvent(self, .ended(code: nil, words: words))
    }

    /// Sends the remaining output for a limited time, and ignores all further input.
    private func closeLink() {
        guard let link else { return }
        self.link = nil
        link.owner = nil
        guard webSocket != nil else { return link.close() }
        link.finish()
        loop.scheduleTask(in: Self.closeTimeout) { [weak link] in link?.close() }
    }

    // MARK: - The opening handshake

    private func receivedAnswer(_ bytes: Span<UInt8>) {
        upgrade.append(bytes)
        do {
            while let part = try upgrade.next() {
                switch part {
                case .head(let head):
                    try WebSocketHandshake.checkResponse(head, accept: expectedAccept)
                case .body: break
                case .end: return upgraded()
                }
            }
        } catch let error as WebSocketHandshakeError {
            closeLink()
            onEvent(self, .ended(code: nil, words: "WebSocket handshake failed: \(error.message)"))
        } catch let error as HTTPError {
            receivedInvalidData("the answer to the opening handshake is not HTTP: \(error.message)")
        } catch {
            receivedInvalidData("the answer to the opening handshake is not HTTP")
        }
    }

    private func upgraded() {
        webSocket = WebSocketSession(
            role: .client, messageBytes: Self.maxMessageBytes, maskSource: Random.uint32)
        let rest = upgrade.takeRemainder()
        upgrade = HTTPResponseStreamParser()
        webSocket?.append(rest.span)
        read()
    }

    // MARK: - The WebSocket

    /// Reads messages one by one.
    ///
    /// The answer to a message must be sent before the next one is examined: after a close frame it
    /// would be too late.
    private func read() {
        // The receiver may have closed the connection.
        while link != nil, let action = webSocket?.next() { perform(action) }
    }

    private func send(_ actions: [WebSocketSession.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: WebSocketSession.Action) {
        switch action {
        case .send(let bytes): link?.send(bytes)
        case .deliver(.text(let text)): onEvent(self, .text(text))
        case .deliver(.binary): onEvent(self, .binary)
        case .deliver(.ping), .deliver(.pong), .deliver(.close): break
        case .closed(let code, let reason): closed(code: code, reason: reason)
        case .endLink: closeLink()
        }
    }

    private func closed(code: UInt16, reason: String) {
        if let failure = webSocket?.failure {
            return receivedInvalidData("a malformed WebSocket frame: \(failure.message)")
        }
        closeLink()
        let wasNamed = code != WebSocketCloseCode.noStatus && code != WebSocketCloseCode.lost
        onEvent(
            self,
            .ended(
                code: wasNamed ? code : nil, words: wasNamed ? reason : "closed without a code"))
    }

    private func receivedInvalidData(_ words: String) {
        closeLink()
        onEvent(self, .invalidData(words))
    }
}
