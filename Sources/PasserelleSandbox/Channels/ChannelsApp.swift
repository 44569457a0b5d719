// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// One Channels application: who is connected, who listens to what, and what each must hear.
///
/// It is told what happened and answers with what is to be done. Connections are numbers that the
/// caller chooses, rising; a number never comes back. Not told of a connection's end by
/// `lost`, it forgets it only when it closed it itself.
package struct ChannelsApp {
    /// The credentials, and every limit that can be set.
    let configuration: SandboxConfiguration
    /// The clients who have shaken hands, by their numbers.
    var connections: [Int: AppConnection] = [:]
    /// The occupied channels; one that nobody is on is not here.
    var channels: [String: AppChannel] = [:]
    /// The connections of every user who has signed in.
    var users: [String: Set<Int>] = [:]
    /// What cache channels replay.
    var cache = EventCache()
    /// Web hooks that are not yet due.
    var departures = Departures()
    /// What has been said since the start.
    var counts = SandboxCounts()
    /// What it does wrong on purpose.
    package var misbehaviour = Misbehaviour()
    /// What this turn has decided so far.
    var actions: [ChannelsAction] = []

    /// Begins with nobody connected.
    package init(_ configuration: SandboxConfiguration) {
        self.configuration = configuration
        cache.lifetime = configuration.cacheLifetime
    }

    /// Takes in a client whose WebSocket is open, or closes it with the code that says why not.
    ///
    /// `query` holds the decoded parameters of its URL; `socketID` must be new and of the form
    /// `digits.digits`.
    package mutating func connected(
        _ id: Int, socketID: String, key: String, query: [(name: String, value: String)],
        now: Duration
    ) -> [ChannelsAction] {
        func parameter(_ name: String) -> String? { query.last { $0.name == name }?.value }
        let asked = parameter("protocol")
        if let refusal = refusal(key: key, asked: asked) {
            refuse(id, refusal, protocolVersion: asked.flatMap { Int($0) })
            return takeActions()
        }
        let client = [parameter("client"), parameter("version")].compactMap { $0 }
        connections[id] = AppConnection(
            id: id, socketID: socketID, protocolVersion: asked.flatMap { Int($0) } ?? 7,
            client: client.joined(separator: " "), lastHeard: now)
        counts.connections += 1
        send(
            .connectionEstablished(
                socketID: socketID, activityTimeout: configuration.activityTimeout), to: id)
        return takeActions()
    }

    /// Answers one text message of a client; one from a connection that is gone is nothing.
    package mutating func received(
        _ id: Int, text: [UInt8], now: Duration
    ) -> [ChannelsAction] {
        guard misbehaviour.silence != .messages, misbehaviour.silence != .everything else {
            return []
        }
        guard heard(id, now: now) else { return [] }
        counts.messagesReceived += 1
        do throws(ChannelsMessageError) {
            received(id, try ClientMessage.parse(text.span), now: now)
        } catch {
            complain(to: id, "Invalid message format", code: 4200)
        }
        return takeActions()
    }

    /// Notes that a client gave a sign of life that says nothing, such as a WebSocket pong.
    @discardableResult
    package mutating func heard(_ id: Int, now: Duration) -> Bool {
        guard connections[id] != nil else { return false }
        connections[id]?.lastHeard = now
        connections[id]?.pingedAt = nil
        return true
    }

    /// Forgets a client whose connection is gone, and tells those who shared channels with it.
    package mutating func lost(_ id: Int, now: Duration) -> [ChannelsAction] {
        forget(id, now: now)
        return takeActions()
    }

    /// Closes a client from our side.
    mutating func close(_ id: Int, code: UInt16, reason: String, now: Duration) {
        guard connections[id] != nil else { return }
        actions.append(.close(id, code: code, reason: reason))
        forget(id, now: now)
    }

    private mutating func received(_ id: Int, _ message: ClientMessage, now: Duration) {
        switch message {
        case .ping:
            send(.pong, to: id)
        case .pong:
            break
        case .subscribe(let channel, let auth, let channelData):
            subscribe(id, to: channel, auth: auth, channelData: channelData, now: now)
        case .unsubscribe(let channel):
            unsubscribe(id, from: channel, now: now)
        case .clientEvent(let channel, let name, let data):
            relay(id, channel: channel, name: name, data: data, now: now)
        case .signIn(let auth, let userData):
            signIn(id, auth: auth, userData: userData)
        case .unknown:
            complain(to: id, "Client events must start with \"client-\"")
        }
    }

    private mutating func forget(_ id: Int, now: Duration) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        for channel in connection.channels.sorted() {
            leave(id, channel: channel, now: now)
        }
        signOut(id, connection.user)
    }

    // MARK: Refusing

    private func refusal(key: String, asked: String?) -> (code: UInt16, reason: String)? {
        guard key == configuration.key else {
            return (4001, "App key \(printable(key)) not in this cluster")
        }
        guard let asked, !asked.isEmpty else { return (4008, "No protocol version supplied") }
        guard let version = Int(asked), (5...7).contains(version) else {
            return (4007, "Unsupported protocol version")
        }
        guard connections.count < configuration.connectionLimit else {
            return (4004, "Application is over connection quota")
        }
        return nil
    }

    /// Only clients older than protocol 6 read an error; the others read the close code.
    private mutating func refuse(
        _ id: Int, _ refusal: (code: UInt16, reason: String), protocolVersion: Int?
    ) {
        if let protocolVersion, protocolVersion < 6 {
            complain(to: id, refusal.reason, code: Int(refusal.code))
        }
        actions.append(.close(id, code: refusal.code, reason: refusal.reason))
    }

    // MARK: Saying

    /// Decides that a client hears a frame.
    mutating func send(_ frame: [UInt8], to id: Int) {
        counts.framesSent += 1
        actions.append(.send(to: id, frame))
    }

    /// Decides that a client hears a message.
    mutating func send(_ message: ServerMessage, to id: Int) {
        send(message.encoded(), to: id)
    }

    /// Decides that all but one hear a frame.
    mutating func send(_ frame: [UInt8], toAll ids: [Int], but excluded: Int? = nil) {
        for id in ids where id != excluded { send(frame, to: id) }
    }

    /// Refuses what a client asked, as the hosted service does: without a code or a channel.
    mutating func complain(to id: Int, _ message: String, code: Int? = nil) {
        send(.error(code: code, message: message), to: id)
    }

    /// Decides that the web hook, where there is one, is told.
    mutating func tellWebhook(_ event: WebhookEvent) {
        guard configuration.webhook != nil else { return }
        actions.append(.webhook(event))
    }

    /// Hands out what has been decided since the last time.
    mutating func takeActions() -> [ChannelsAction] {
        defer { actions = [] }
        return actions
    }
}

/// How much has been said since the sandbox began.
package struct SandboxCounts: Equatable, Sendable {
    /// Clients that were taken in.
    package var connections = 0
    /// Text messages from clients.
    package var messagesReceived = 0
    /// Text messages to clients.
    package var framesSent = 0
    /// Client events that were passed on.
    package var clientEvents = 0
    /// Published events, counted once a channel.
    package var eventsPublished = 0
    /// REST requests, refused ones among them.
    package var requests = 0
}

/// Cuts a peer's text and drops what is not printable ASCII, so that it may be quoted back.
func printable(_ text: String, limit: Int = 64) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.lazy.filter { (0x20..<0x7F).contains($0.value) }.prefix(limit)))
}
