// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// One WebSocket over one link, in either role: echoes messages, or passes texts to `onText`.
final class EchoConnection: LinkOwner {
    /// The largest message accepted, in bytes: conformance suites send 16 MiB.
    static let messageBytes = 64 << 20
    /// The number of unsent bytes above which reading pauses until they are sent.
    static let waitingBytes = 1 << 20
    /// The timeout of connecting.
    static let timeout = Duration.seconds(10)

    /// Called with each text instead of echoing it.
    var onText: (([UInt8]) -> Void)?
    /// Called once at the end, with a sentence if no WebSocket was opened.
    var onEnd: ((_ failure: String?) -> Void)?

    private var requests: HTTPRequestParser?
    private var responses: HTTPResponseParser?
    private var session: WebSocketSession?
    private var opening: [UInt8] = []
    private var accept = ""

    /// Waits for the client's handshake on an accepted link.
    init(accepting link: Link) {
        requests = HTTPRequestParser()
        take(link)
    }

    /// Connects and starts the handshake.
    init(connecting target: EchoTarget, loop: EventLoop) throws(TLSError) {
        let key = Base64.encode(Random.bytes(16))
        accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        opening = HTTPWriter.request(
            WebSocketHandshake.request(host: target.hostField, target: target.path, key: key))
        responses = HTTPResponseParser()
        let tls = target.isSecure ? try TLSClient(verifies: false) : nil
        take(
            Dial.connect(
                loop: loop, to: target.address, tls: tls, timeout: Self.timeout, owner: self))
    }

    func linkOpened(_ link: Link) { link.send(opening) }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        if session != nil {
            session?.append(bytes)
            while let action = session?.next() { carryOut(action, on: link) }
            if link.queuedBytes > Self.waitingBytes { link.pause() }
        } else if requests != nil {
            requests?.append(bytes)
            answer(on: link)
        } else if responses != nil {
            responses?.append(bytes)
            check(on: link)
        }
    }

    func linkBecameWritable(_ link: Link) { link.resume() }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        finish(end == .closedHere || session != nil ? nil : end.description)
    }

    private func take(_ link: Link) {
        link.owner = self
        // If the queue is just below the mark, one more message may be added.
        link.outputLimit = Self.waitingBytes + 2 * Self.messageBytes
    }

    // MARK: - Handshake

    private func answer(on link: Link) {
        do {
            guard let request = try requests?.next() else { return }
            let key = try WebSocketHandshake.checkRequest(request)
            let accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
            let response = WebSocketHandshake.response(accept: accept)
            link.send(HTTPWriter.response(response, keepAlive: true))
            let rest = requests?.takeRemainder() ?? []
            open(WebSocketSession(role: .server, messageBytes: Self.messageBytes), rest, link)
        } catch let error as WebSocketHandshakeError {
            refuse(error.response, on: link)
        } catch {
            let status = (error as? HTTPError)?.status ?? 400
            refuse(HTTPResponse(status: status), on: link)
        }
    }

    private func refuse(_ response: HTTPResponse, on link: Link) {
        requests = nil
        link.send(HTTPWriter.response(response, keepAlive: false))
        link.finish()
    }

    private func check(on link: Link) {
        do {
            guard let response = try responses?.next() else { return }
            try WebSocketHandshake.checkResponse(response, accept: accept)
            let session = WebSocketSession(
                role: .client, messageBytes: Self.messageBytes, maskSource: Random.uint32)
            open(session, responses?.takeRemainder() ?? [], link)
        } catch {
            responses = nil
            link.close()
            finish("the handshake failed: \(error)")
        }
    }

    private func open(_ session: WebSocketSession, _ rest: [UInt8], _ link: Link) {
        self.session = session
        requests = nil
        responses = nil
        if !rest.isEmpty { self.link(link, received: rest.span) }
    }

    // MARK: - Messages

    private func carryOut(_ action: WebSocketSession.Action, on link: Link) {
        switch action {
        case .send(let bytes): link.send(bytes)
        case .deliver(.text(let text)):
            if let onText { onText(text) } else { send(session?.send(text: text), on: link) }
        case .deliver(.binary(let bytes)): send(session?.send(binary: bytes), on: link)
        case .deliver, .closed: break
        case .endLink: link.finish()
        }
    }

    private func send(_ actions: [WebSocketSession.Action]?, on link: Link) {
        for case .send(let bytes)? in actions ?? [] { link.send(bytes) }
    }

    private func finish(_ failure: String?) {
        let callback = onEnd
        onEnd = nil
        callback?(failure)
    }
}
