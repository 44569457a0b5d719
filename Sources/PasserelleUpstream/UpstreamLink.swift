// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// One connection to Channels from its dial to its end: link, opening handshake, WebSocket.
///
/// After `ended` or `garbled`, and after `close`, nothing more is told.
final class UpstreamLink: LinkOwner {
    /// What it tells, in the order in which it happens.
    enum Happening {
        /// Bytes came: the peer lives.
        case heard
        /// A text message came.
        case text([UInt8])
        /// Something came that is not of the protocol; the words hold nothing of it.
        case garbled(String)
        /// It is over; the code is that of the peer's close frame, where there was one.
        case ended(code: UInt16?, words: String)
    }

    /// The largest message that Channels may send, in bytes: presence lists come in one message.
    static let messageBytes = 4 * 1_048_576
    /// Bytes that may wait for the server before it is too slow for us.
    static let outputBytes = 4 * 1_048_576
    /// How long finding and reaching the server may take, TLS included.
    static let connectTimeout: Duration = .seconds(15)
    /// How long what is queued may take to go out once the end is decided.
    static let farewell: Duration = .seconds(5)

    /// The loop holds the link, which holds this: it must not hold the loop.
    private unowned let loop: EventLoop
    private let told: (UpstreamLink, Happening) -> Void
    private let request: [UInt8]
    private let accept: String
    private var link: Link?
    /// Without a bound on bodies, since none is read: the head decides.
    private var upgrade = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
    private var webSocket: WebSocketSession?

    /// Dials at once; `told` is never called from in here.
    init(
        loop: EventLoop, server: ChannelsServer,
        told: @escaping (UpstreamLink, Happening) -> Void
    ) {
        self.loop = loop
        self.told = told
        let key = Base64.encode(Random.bytes(16))
        accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        let target =
            "/app/\(HTTPTarget.encode(server.key))?protocol=7&client=passerelle"
            + "&version=\(HTTPTarget.encode(server.clientVersion))"
        request = HTTPWriter.request(
            WebSocketHandshake.request(host: server.webSocketHost, target: target, key: key))
        link = Outbound.connect(
            loop: loop, to: server.webSocket, tls: server.tls, proxy: server.webSocketProxy,
            timeout: Self.connectTimeout, owner: self)
        link?.outputLimit = Self.outputBytes
    }

    /// Sends a text message; one that comes before the handshake is done, or too late, is lost.
    func send(_ text: [UInt8]) {
        send(webSocket?.send(text: text) ?? [])
    }

    /// Says goodbye where there is somebody to say it to, and lets go.
    func close(code: UInt16) {
        send(webSocket?.close(code: code) ?? [])
        leave()
    }

    // MARK: - The link

    /// Asks for a WebSocket.
    func linkOpened(_ link: Link) {
        link.send(request)
    }

    /// Reads the answer to that, then frames.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard webSocket != nil else { return receivedAnswer(bytes) }
        told(self, .heard)
        webSocket?.append(bytes)
        read()
    }

    /// Tells the end: there was no close frame.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        self.link = nil
        let words = webSocket == nil ? "no connection: \(end)" : "the connection was lost: \(end)"
        told(self, .ended(code: nil, words: words))
    }

    /// Lets what is queued go out, but not for ever, and hears nothing more.
    private func leave() {
        guard let link else { return }
        self.link = nil
        link.owner = nil
        guard webSocket != nil else { return link.close() }
        link.finish()
        loop.after(Self.farewell) { [weak link] in link?.close() }
    }

    // MARK: - The opening handshake

    private func receivedAnswer(_ bytes: Span<UInt8>) {
        upgrade.append(bytes)
        do {
            while let part = try upgrade.next() {
                switch part {
                case .head(let head): try WebSocketHandshake.checkResponse(head, accept: accept)
                case .body: break
                case .end: return upgraded()
                }
            }
        } catch let error as WebSocketHandshakeError {
            leave()
            told(self, .ended(code: nil, words: "no WebSocket here: \(error.message)"))
        } catch let error as HTTPError {
            garbled("the answer to the opening handshake is no HTTP: \(error.message)")
        } catch {
            garbled("the answer to the opening handshake is no HTTP")
        }
    }

    private func upgraded() {
        webSocket = WebSocketSession(
            role: .client, messageBytes: Self.messageBytes, maskSource: Random.uint32)
        let rest = upgrade.takeRemainder()
        upgrade = HTTPResponseStreamParser()
        webSocket?.append(rest.span)
        read()
    }

    // MARK: - The WebSocket

    /// Takes messages one by one, since an answer to one must go out before the next is looked at:
    /// behind a close frame it would be too late.
    private func read() {
        // Whoever is told may have closed.
        while link != nil, let action = webSocket?.next() { perform(action) }
    }

    private func send(_ actions: [WebSocketSession.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: WebSocketSession.Action) {
        switch action {
        case .send(let bytes): link?.send(bytes)
        case .deliver(.text(let text)): told(self, .text(text))
        case .deliver(.binary): garbled("a binary message")
        case .deliver(.ping), .deliver(.pong), .deliver(.close): break
        case .closed(let code, let reason): closed(code: code, reason: reason)
        case .endLink: leave()
        }
    }

    private func closed(code: UInt16, reason: String) {
        if let failure = webSocket?.failure {
            return garbled("a malformed WebSocket frame: \(failure.message)")
        }
        leave()
        let wasNamed = code != WebSocketCloseCode.noneGiven && code != WebSocketCloseCode.lost
        told(
            self,
            .ended(
                code: wasNamed ? code : nil, words: wasNamed ? reason : "closed without a code"))
    }

    private func garbled(_ words: String) {
        leave()
        told(self, .garbled(words))
    }
}
