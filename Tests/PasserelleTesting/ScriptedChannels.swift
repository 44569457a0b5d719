// SPDX-License-Identifier: MIT
package import PasserelleNet
package import PasserelleWire

/// A Channels server that acts only as the test scripts it, and records the clients' messages.
package final class ScriptedChannels {
    /// One client's connection.
    package final class Connection {
        /// The client's messages, in order.
        package fileprivate(set) var received: [ClientMessage] = []
        /// The code of the client's close frame; 1005 if it had no code, 1006 without a frame.
        package fileprivate(set) var closeCode: UInt16?
        /// The request that opened the connection.
        package let request: HTTPRequest
        fileprivate var link: Link?
        fileprivate var session = WebSocketSession(role: .server, messageBytes: 1_048_576)

        fileprivate init(request: HTTPRequest, link: Link) {
            self.request = request
            self.link = link
        }

        /// True if the link has ended.
        package var isEnded: Bool { link == nil }

        /// Sends a message as hosted Channels would.
        package func send(_ message: ServerMessage) { send(text: message.encoded()) }

        /// Sends any text message.
        package func send(text: [UInt8]) { send(session.send(text: text)) }

        /// Sends a binary message.
        package func send(binary: [UInt8]) { send(session.send(binary: binary)) }

        /// Sends raw bytes that need not be a frame.
        package func sendRaw(_ bytes: [UInt8]) { link?.send(bytes) }

        /// Sends a close frame.
        package func close(code: UInt16?, reason: String = "") {
            send(session.close(code: code, reason: reason))
        }

        /// Ends the link without a close frame, after its output is flushed.
        package func drop() {
            link?.finish()
            link = nil
        }

        private func send(_ actions: [WebSocketSession.Action]) {
            for case .send(let bytes) in actions { link?.send(bytes) }
        }

        fileprivate func process(_ bytes: Span<UInt8>, _ deliver: (ClientMessage) -> Void) {
            session.append(bytes)
            while let action = session.next() {
                switch action {
                case .send(let bytes): link?.send(bytes)
                case .deliver(.text(let text)):
                    guard let message = try? ClientMessage.parse(text.span) else { continue }
                    received.append(message)
                    deliver(message)
                case .deliver: break
                case .closed(let code, _): closeCode = code
                case .endLink: drop()
                }
            }
        }
    }

    /// All connections, in order.
    package private(set) var connections: [Connection] = []
    /// Called when a WebSocket is open: the server sends first.
    package var onOpen: ((Connection) -> Void)?
    /// Called with each message, after it was recorded.
    package var onMessage: ((Connection, ClientMessage) -> Void)?
    /// Called with each WebSocket request; if it returns bytes, they are the answer and the link
    /// ends.
    package var onRequest: ((HTTPRequest) -> [UInt8]?)?

    private let http: ScriptedHTTP

    /// Listens on a port of 127.0.0.1 chosen by the kernel.
    package init(loop: EventLoop, tls: TLSServer? = nil) throws {
        http = try ScriptedHTTP(loop: loop, tls: tls)
        http.answer = { [weak self] request, link in self?.asked(request, link) }
    }

    /// The bound port.
    package var port: Int { http.port }
    /// The TLS configuration of later connections.
    package var tls: TLSServer? {
        get { http.tls }
        set { http.tls = newValue }
    }
    /// The newest connection.
    package var newest: Connection? { connections.last }
    /// The number of accepted links, including those that failed.
    package var accepted: Int { http.accepted }

    /// Closes the listener and all links.
    package func close() { http.close() }

    /// Acts like Channels from now on: greets clients, accepts every subscription, answers pings.
    package func actAsChannels(activityTimeout: Int = 120) {
        onOpen = { [weak self] connection in
            let number = self?.connections.count ?? 0
            connection.send(
                .connectionEstablished(
                    socketID: "1.\(number)", activityTimeout: activityTimeout))
        }
        onMessage = { connection, message in
            switch message {
            case .subscribe(let channel, _, _):
                let isPresence = channel.hasPrefix("presence-")
                connection.send(
                    .subscriptionSucceeded(channel: channel, members: isPresence ? [] : nil))
            case .ping: connection.send(.pong)
            default: break
            }
        }
    }

    private func asked(_ request: HTTPRequest, _ link: Link) {
        if let refusal = onRequest?(request) {
            link.send(refusal)
            return link.finish()
        }
        guard let key = try? WebSocketHandshake.checkRequest(request) else { return link.close() }
        let accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        link.send(
            HTTPWriter.response(WebSocketHandshake.response(accept: accept), keepAlive: true))
        let connection = Connection(request: request, link: link)
        connections.append(connection)
        link.owner = Talk(connection) { [weak self] in self?.onMessage?($0, $1) }
        onOpen?(connection)
    }

    private final class Talk: LinkOwner {
        private let connection: Connection
        private let deliver: (Connection, ClientMessage) -> Void

        init(_ connection: Connection, _ deliver: @escaping (Connection, ClientMessage) -> Void) {
            self.connection = connection
            self.deliver = deliver
        }

        func link(_ link: Link, received bytes: Span<UInt8>) {
            connection.process(bytes) { deliver(connection, $0) }
        }

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            if connection.closeCode == nil { connection.closeCode = WebSocketCloseCode.lost }
            connection.link = nil
        }
    }
}
