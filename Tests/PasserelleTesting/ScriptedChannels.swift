// SPDX-License-Identifier: MIT
package import PasserelleNet
package import PasserelleWire

/// A Channels server that does only what a test tells it to, and writes down what clients say.
package final class ScriptedChannels {
    /// One client's connection.
    package final class Connection {
        /// What the client said, in order.
        package fileprivate(set) var heard: [ClientMessage] = []
        /// The code of the client's close frame; 1005 where it gave none, 1006 without a frame.
        package fileprivate(set) var closeCode: UInt16?
        /// The request that opened it.
        package let request: HTTPRequest
        fileprivate var link: Link?
        fileprivate var session = WebSocketSession(role: .server, messageBytes: 1_048_576)

        fileprivate init(request: HTTPRequest, link: Link) {
            self.request = request
            self.link = link
        }

        /// Whether the link is gone.
        package var isOver: Bool { link == nil }

        /// Says a message as hosted Channels would.
        package func say(_ message: ServerMessage) { say(text: message.encoded()) }

        /// Says any text, whatever it holds.
        package func say(text: [UInt8]) { send(session.send(text: text)) }

        /// Says a binary message.
        package func say(binary: [UInt8]) { send(session.send(binary: binary)) }

        /// Puts bytes on the link that need not be a frame.
        package func spill(_ bytes: [UInt8]) { link?.send(bytes) }

        /// Sends a close frame.
        package func close(code: UInt16?, reason: String = "") {
            send(session.close(code: code, reason: reason))
        }

        /// Ends the link without a close frame, what was said before goes out.
        package func drop() {
            link?.finish()
            link = nil
        }

        private func send(_ actions: [WebSocketSession.Action]) {
            for case .send(let bytes) in actions { link?.send(bytes) }
        }

        fileprivate func received(_ bytes: Span<UInt8>, _ told: (ClientMessage) -> Void) {
            session.append(bytes)
            while let action = session.next() {
                switch action {
                case .send(let bytes): link?.send(bytes)
                case .deliver(.text(let text)):
                    guard let message = try? ClientMessage.parse(text.span) else { continue }
                    heard.append(message)
                    told(message)
                case .deliver: break
                case .closed(let code, _): closeCode = code
                case .endLink: drop()
                }
            }
        }
    }

    /// Every connection that was opened, in order.
    package private(set) var connections: [Connection] = []
    /// Called when a WebSocket is open: the server speaks first.
    package var onOpen: ((Connection) -> Void)?
    /// Called with each message, after it was written down.
    package var onMessage: ((Connection, ClientMessage) -> Void)?
    /// Called with each request for a WebSocket: bytes given are the answer in place of the
    /// agreement, and then the link ends.
    package var onRequest: ((HTTPRequest) -> [UInt8]?)?

    private let http: ScriptedHTTP

    /// Listens on a port of 127.0.0.1 that the kernel chooses.
    package init(loop: EventLoop, tls: TLSServer? = nil) throws {
        http = try ScriptedHTTP(loop: loop, tls: tls)
        http.answer = { [weak self] request, link in self?.asked(request, link) }
    }

    /// The port that the kernel chose.
    package var port: Int { http.port }
    /// What it shows to those who connect from now on.
    package var tls: TLSServer? {
        get { http.tls }
        set { http.tls = newValue }
    }
    /// The newest connection.
    package var newest: Connection? { connections.last }
    /// How many links were accepted, whatever became of them.
    package var accepted: Int { http.accepted }

    /// Listens no more and ends what is open.
    package func close() { http.close() }

    /// From now on behaves well: says hello, subscribes whoever asks, answers pings.
    package func behave(activityTimeout: Int = 120) {
        onOpen = { [weak self] connection in
            let number = self?.connections.count ?? 0
            connection.say(
                .connectionEstablished(
                    socketID: "1.\(number)", activityTimeout: activityTimeout))
        }
        onMessage = { connection, message in
            switch message {
            case .subscribe(let channel, _, _):
                let isPresence = channel.hasPrefix("presence-")
                connection.say(
                    .subscriptionSucceeded(channel: channel, members: isPresence ? [] : nil))
            case .ping: connection.say(.pong)
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
        private let told: (Connection, ClientMessage) -> Void

        init(_ connection: Connection, _ told: @escaping (Connection, ClientMessage) -> Void) {
            self.connection = connection
            self.told = told
        }

        func link(_ link: Link, received bytes: Span<UInt8>) {
            connection.received(bytes) { told(connection, $0) }
        }

        func linkEnded(_ link: Link, _ end: LinkEnd) {
            if connection.closeCode == nil { connection.closeCode = WebSocketCloseCode.lost }
            connection.link = nil
        }
    }
}
