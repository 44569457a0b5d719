// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleNet
package import PasserelleWire

/// A Channels server on one port: WebSocket, REST and webhooks of one application.
///
/// It can simulate faults: `GET /sandbox` on the same port lists the commands. It belongs to the
/// thread of one loop, and performs the actions of `ChannelsApp`.
package final class Sandbox {
    /// The interval of `timePassed` calls while there are connections.
    private static let tick = Duration.milliseconds(250)

    /// Called for every path that is not the server's own; returns true if it will answer, once.
    package var extraRoutes: ((HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool)?

    /// The loop of the sandbox.
    let loop: EventLoop
    /// The configuration.
    let configuration: SandboxConfiguration
    /// Writes a log line.
    let log: (String) -> Void
    /// Decides all answers on WebSockets and through REST.
    var app: ChannelsApp
    /// The open WebSockets, including those of refused clients.
    var webSockets: [Int: WebSocketConnection] = [:]
    private var requests: [ObjectIdentifier: SandboxConnection] = [:]
    private var listener: Listener?
    private let webhooks: WebhookSender?
    private var lastID = 0
    private var ticker: TimerToken?

    /// The listening port; 0 on a Unix socket.
    package var port: Int { listener?.boundPort ?? 0 }

    /// Starts listening; `log` receives one line per event.
    ///
    /// Throws `ListenError`, or `TLSError` if the CA file for webhooks cannot be read.
    package init(
        loop: EventLoop, configuration: SandboxConfiguration, log: @escaping (String) -> Void
    ) throws {
        self.loop = loop
        self.configuration = configuration
        self.log = log
        app = ChannelsApp(configuration)
        webhooks = try configuration.webhook.map {
            try WebhookSender(url: $0, configuration: configuration, loop: loop, log: log)
        }
        listener = try Listener(loop: loop, address: configuration.listen, tls: configuration.tls) {
            [weak self] link in self?.accept(link)
        }
    }

    /// Stops listening and ends every connection immediately.
    package func stop() {
        listener?.close()
        listener = nil
        ticker.map(loop.cancel)
        for connection in requests.values { connection.close() }
        for connection in webSockets.values { connection.cut() }
        webhooks?.stop()
    }

    // MARK: HTTP

    private func accept(_ link: Link) {
        let connection = SandboxConnection(link, loop: loop) {
            [weak self] connection, request, number in
            self?.requested(connection, request, number)
        } onEnd: { [weak self] connection in
            self?.requests[ObjectIdentifier(connection)] = nil
        }
        requests[ObjectIdentifier(connection)] = connection
    }

    private func requested(
        _ connection: SandboxConnection, _ request: HTTPRequest, _ number: UInt64
    ) {
        let respond = { [weak connection] (response: HTTPResponse) -> Void in
            connection?.respond(response, to: number)
        }
        if request.path == "/sandbox" || request.path.hasPrefix("/sandbox/") {
            return respond(control(request, from: connection.link.peer))
        }
        guard app.misbehaviour.silence[nil] != .everything else { return }
        if request.path.hasPrefix("/app/") {
            return upgrade(connection, request, respond)
        }
        if RESTRoute.covers(request.path) { return rest(request, respond) }
        if let extraRoutes, extraRoutes(request, respond) { return }
        respond(RESTError.noRoute.response)
    }

    private func rest(_ request: HTTPRequest, _ respond: @escaping (HTTPResponse) -> Void) {
        var response: HTTPResponse
        let clock = loop.wallMilliseconds + Int64(app.misbehaviour.clockSeconds) * 1000
        switch app.misbehaviour.rest {
        case .ignored: return
        case .failing(let status):
            response = .text(status, "Failed by a sandbox command\n")
        case .answered:
            let answer = app.requested(
                request, now: loop.now, wallMilliseconds: clock)
            if answer.response.status >= 400 {
                let words = String(decoding: answer.response.body, as: UTF8.self)
                log("REST \(answer.response.status): \(printable(words, limit: 300))")
            }
            perform(answer.actions)
            response = answer.response
        }
        response.fields.set("Date", HTTPDate.text(clock / 1000))
        let delay = app.misbehaviour.delay[nil]
        guard delay > .zero else { return respond(response) }
        loop.scheduleTask(in: delay) { respond(response) }
    }

    // MARK: WebSockets

    private func upgrade(
        _ connection: SandboxConnection, _ request: HTTPRequest,
        _ respond: (HTTPResponse) -> Void
    ) {
        let refusal = app.misbehaviour.refusal
        if refusal?.form == .http { return respond(HTTPResponse(status: 503)) }
        let segments = (try? HTTPTarget.decodePath(request.path)) ?? []
        let query = try? HTTPTarget.decodeQuery(request.query ?? "")
        guard segments.count == 2, let query else { return respond(RESTError.noRoute.response) }
        let accept: String
        do throws(WebSocketHandshakeError) {
            let key = try WebSocketHandshake.checkRequest(request)
            accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
        } catch {
            return respond(error.response)
        }
        let link = connection.link
        let early = connection.handOver()
        link.send(
            HTTPWriter.response(WebSocketHandshake.response(accept: accept), keepAlive: true))
        lastID += 1
        let webSocket = WebSocketConnection(id: lastID, link: link, loop: loop) {
            [weak self] id, event in self?.handle(id, event)
        }
        webSockets[lastID] = webSocket
        webSocket.isUnresponsive = isUnresponsive(lastID)
        if let refusal {
            refuse(webSocket, refusal)
        } else {
            let socketID = "\(Random.uint32() % 1_000_000_000).\(Random.uint32() % 1_000_000_000)"
            perform(
                app.connected(
                    webSocket.id, socketID: socketID, key: segments[1], query: query,
                    now: loop.now))
        }
        webSocket.received(early)
    }

    private func refuse(_ webSocket: WebSocketConnection, _ refusal: Misbehaviour.Refusal) {
        let error = ServerMessage.error(code: Int(refusal.code), message: refusal.message)
        if [.error, .open, .drop].contains(refusal.form) {
            webSocket.send(error.encoded(), after: app.misbehaviour.delay[webSocket.id])
        }
        switch refusal.form {
        case .close, .error:
            webSocket.close(
                code: refusal.code, reason: refusal.message,
                after: app.misbehaviour.delay[webSocket.id])
        case .drop, .cut: webSocket.drop()
        case .open, .http: break
        }
    }

    private func handle(_ id: Int, _ event: WebSocketConnection.Event) {
        switch event {
        case .text(let text): perform(app.received(id, text: text, now: loop.now))
        case .binary, .alive: app.noteActivity(id, now: loop.now)
        case .ended:
            webSockets[id] = nil
            perform(app.lost(id, now: loop.now))
        }
    }

    // MARK: Actions

    /// True if the client on a WebSocket gets no answers.
    func isUnresponsive(_ id: Int) -> Bool { app.misbehaviour.silence[id].swallowsMessages }

    /// Performs the app's actions, altered by the simulated faults.
    func perform(_ actions: [ChannelsAction]) {
        for action in actions {
            switch action {
            case .send(let id, let frame):
                for _ in 0..<(app.misbehaviour.duplicates[id] ? 2 : 1) {
                    webSockets[id]?.send(frame, after: app.misbehaviour.delay[id])
                }
            case .close(let id, let code, let reason):
                webSockets[id]?.close(code: code, reason: reason, after: app.misbehaviour.delay[id])
            case .webhook(let event):
                webhooks?.add(event)
            }
        }
        if ticker == nil, app.needsTime {
            ticker = loop.scheduleTask(in: Self.tick) { [weak self] in self?.passTime() }
        }
    }

    private func passTime() {
        ticker = nil
        perform(app.timePassed(now: loop.now))
    }
}

/// The configuration of the sandbox; every value has a default.
package struct SandboxConfiguration {
    /// The application's id, part of REST paths.
    package var appID = "1001"
    /// The application's public key.
    package var key = "sandbox-key"
    /// The application's secret, used for signatures.
    package var secret = "sandbox-secret"
    /// The address to listen on; the kernel chooses the port if it is 0.
    package var listen = ListenAddress.tcp(host: "127.0.0.1", port: 6001)
    /// The URL of the webhook; `nil`: none.
    package var webhook: WebAddress?
    /// A file of CA certificates for an `https` webhook; `nil`: the system's.
    package var webhookCAFile: String?
    /// Seconds without a message after which a peer sends a ping.
    package var activityTimeout = 120
    /// The time a client has to answer the server's ping before it is closed with 4201.
    package var pongTimeout = Duration.seconds(30)
    /// True if client events are enabled.
    package var clientEvents = true
    /// True if subscribers receive the subscription count of their channel.
    package var subscriptionCounts = false
    /// The maximum number of clients; further ones are closed with 4004.
    package var connectionLimit = 10_000
    /// The maximum number of distinct users of a presence channel.
    package var memberLimit = 100
    /// The lifetime of a cache channel's last event.
    package var cacheLifetime = Duration.seconds(1800)
    /// The delay of a departure's webhook, which is canceled if the client returns meanwhile.
    package var departureDelay = Duration.seconds(3)
    /// The certificate for TLS; `nil`: plain text.
    package var tls: TLSServer?

    /// Creates the default configuration.
    package init() {}
}
