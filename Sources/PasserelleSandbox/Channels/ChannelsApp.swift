// SPDX-License-Identifier: MIT

import PasserelleWire

/// A Channels application: its connections, subscriptions and presence, without any I/O.
///
/// Each method handles one event and returns the actions to perform. Connections are numbers
/// chosen by the caller, which must ascend and are never reused. The app removes a connection when
/// it closes it itself; otherwise the caller must report its end by `lost`.
package struct ChannelsApp {
    /// The credentials and limits.
    let configuration: SandboxConfiguration
    /// The clients after the handshake, by number.
    var connections: [Int: AppConnection] = [:]
    /// The occupied channels; a channel without subscribers has no entry.
    var channels: [String: AppChannel] = [:]
    /// The connections of every signed-in user, by the bytes of the user id.
    var users: [[UInt8]: Set<Int>] = [:]
    /// The events replayed by cache channels.
    var cache = EventCache()
    /// Webhooks that are not due yet.
    var departures = Departures()
    /// Counters since the start.
    var counts = SandboxCounts()
    /// The faults that are switched on.
    package var misbehaviour = Misbehaviour()
    /// The actions decided in this turn.
    var actions: [ChannelsAction] = []

    /// Creates an app without connections.
    package init(_ configuration: SandboxConfiguration) {
        self.configuration = configuration
        cache.lifetime = configuration.cacheLifetime
    }

    /// Accepts a client with an open WebSocket, or closes it with the code of the reason.
    ///
    /// `query` contains the decoded parameters of its URL; `socketID` must be new and of the form
    /// `digits.digits`.
    package mutating func connected(
        _ id: Int, socketID: String, key: String, query: [(name: String, value: String)],
        now: Duration
    ) -> [ChannelsAction] {
        func parameter(_ name: String) -> String? { query.last { $0.name == name }?.value }
        let asked = parameter("protocol")
        if let refusal = refusal(key: key, asked: asked) {
            sendError(to: id, refusal.reason, code: Int(refusal.code))
            actions.append(.close(id, code: refusal.code, reason: refusal.reason))
            return takeActions()
        }
        let client = [parameter("client"), parameter("version")].compactMap { $0 }
        connections[id] = AppConnection(
            id: id, socketID: socketID, protocolVersion: asked.flatMap { Int($0) } ?? 7,
            client: client.joined(separator: " "), lastActivity: now)
        counts.connections += 1
        send(
            .connectionEstablished(
                socketID: socketID, activityTimeout: configuration.activityTimeout), to: id)
        return takeActions()
    }

    /// Handles a text message of a client; ignored if the connection is already closed.
    package mutating func received(
        _ id: Int, text: [UInt8], now: Duration
    ) -> [ChannelsAction] {
        guard !misbehaviour.silence[id].swallowsMessages, noteActivity(id, now: now) else {
            return []
        }
        counts.messagesReceived += 1
        do throws(ChannelsMessageError) {
            received(id, try ClientMessage.parse(text.span), now: now)
        } catch {
            sendError(to: id, "Invalid message format", code: 4200)
        }
        return takeActions()
    }

    /// Records activity of a client without a message, such as a WebSocket pong.
    @discardableResult
    package mutating func noteActivity(_ id: Int, now: Duration) -> Bool {
        guard connections[id] != nil else { return false }
        connections[id]?.lastActivity = now
        connections[id]?.pingedAt = nil
        return true
    }

    /// Removes a client when its connection ended and notifies the members of its channels.
    package mutating func lost(_ id: Int, now: Duration) -> [ChannelsAction] {
        forget(id, now: now)
        return takeActions()
    }

    /// Closes a client with an error frame, then a close frame.
    mutating func close(_ id: Int, code: UInt16, reason: String, now: Duration) {
        guard connections[id] != nil else { return }
        sendError(to: id, reason, code: Int(code))
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
            sendError(to: id, "Client events must start with \"client-\"")
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

    // MARK: Sending

    /// Sends a frame to a client.
    mutating func send(_ frame: [UInt8], to id: Int) {
        counts.framesSent += 1
        actions.append(.send(to: id, frame))
    }

    /// Sends a message to a client.
    mutating func send(_ message: ServerMessage, to id: Int) {
        send(message.encoded(), to: id)
    }

    /// Sends a frame to all connections but one.
    mutating func send(_ frame: [UInt8], toAll ids: [Int], but excluded: Int? = nil) {
        for id in ids where id != excluded { send(frame, to: id) }
    }

    /// Sends an error as the hosted service does: without a channel and mostly without a code.
    mutating func sendError(to id: Int, _ message: String, code: Int? = nil) {
        send(.error(code: code, message: message), to: id)
    }

    /// Queues a webhook event, if a webhook is configured.
    mutating func queueWebhook(_ event: WebhookEvent) {
        guard configuration.webhook != nil else { return }
        actions.append(.webhook(event))
    }

    /// Returns the actions decided since the last call.
    mutating func takeActions() -> [ChannelsAction] {
        defer { actions = [] }
        return actions
    }
}

/// Truncates text from a peer and removes all but printable ASCII, so that it can be quoted.
func printable(_ text: String, limit: Int = 64) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.lazy.filter { (0x20..<0x7F).contains($0.value) }.prefix(limit)))
}

/// An action to be performed for the app; actions must be performed in order.
package enum ChannelsAction: Equatable, Sendable {
    /// Send the frame, a JSON text message, to that connection.
    case send(to: Int, [UInt8])
    /// End the connection with a WebSocket close frame; the app has already removed it.
    case close(Int, code: UInt16, reason: String)
    /// Send the event to the application's webhook.
    case webhook(WebhookEvent)
}

extension ChannelsApp {
    /// The body of `/sandbox/state`: the connections, channels and counters, for tests.
    var state: JSONObjectWriter {
        var occupied = JSONObjectWriter()
        for (name, channel) in channels.sorted(by: { $0.key < $1.key }) {
            occupied.member(name, facts(channel))
        }
        let said: JSONObjectWriter = [
            "connections": counts.connections, "messages_received": counts.messagesReceived,
            "frames_sent": counts.framesSent, "client_events": counts.clientEvents,
            "events_published": counts.eventsPublished, "requests": counts.requests,
        ]
        return [
            "connections": connections.values.sorted { $0.id < $1.id }.map(facts),
            "channels": occupied, "counts": said, "misbehaviour": misbehaviour.facts,
        ]
    }

    private func facts(_ connection: AppConnection) -> JSONObjectWriter {
        [
            "socket_id": connection.socketID, "protocol": connection.protocolVersion,
            "client": connection.client, "user_id": (connection.user?.id).orNull,
            "channels": connection.channels.sorted(),
        ]
    }

    private func facts(_ channel: AppChannel) -> JSONObjectWriter {
        let members = channel.members.map { entry -> JSONObjectWriter in
            [
                "user_id": entry.member.userID,
                "user_info": entry.member.userInfo.map(RawJSON.init),
                "subscriptions": entry.connections.count,
            ]
        }
        let isPresence = channel.name.kind == .presence
        return [
            "subscriptions": channel.connections.count, "members": isPresence ? members : nil,
        ]
    }
}

/// Counters since the start of the sandbox.
package struct SandboxCounts: Equatable, Sendable {
    /// Accepted clients.
    package var connections = 0
    /// Text messages received from clients.
    package var messagesReceived = 0
    /// Text messages sent to clients.
    package var framesSent = 0
    /// Forwarded client events.
    package var clientEvents = 0
    /// Published events, counted once per channel.
    package var eventsPublished = 0
    /// REST requests, including refused ones.
    package var requests = 0
}

/// Departures with a delayed webhook, which is canceled if the client returns in time.
struct Departures: Equatable {
    private var waiting: [(event: WebhookEvent, due: Duration)] = []

    /// True if no departure is pending.
    var isEmpty: Bool { waiting.isEmpty }

    /// Adds a departure; they must be added in the order of their due times.
    mutating func add(_ event: WebhookEvent, due: Duration) {
        waiting.append((event, due))
    }

    /// Cancels a departure; returns false if it was not pending.
    mutating func cancel(_ event: WebhookEvent) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.event == event }) else { return false }
        waiting.remove(at: place)
        return true
    }

    /// Removes and returns the departures that are due.
    mutating func due(now: Duration) -> [WebhookEvent] {
        let count = waiting.prefix { $0.due <= now }.count
        defer { waiting.removeFirst(count) }
        return waiting.prefix(count).map(\.event)
    }

    /// True if the same departures are due at the same times.
    static func == (a: Departures, b: Departures) -> Bool {
        a.waiting.elementsEqual(b.waiting) { $0.event == $1.event && $0.due == $1.due }
    }
}

/// The last event of each cache channel, until it expires.
struct EventCache: Equatable {
    /// A cached event.
    struct Entry: Equatable {
        /// The event's name.
        let name: String
        /// The JSON string token published by the application.
        let data: [UInt8]
        /// The time at which it expires.
        let until: Duration
    }

    /// The maximum number of cached channels; the one that would expire first is evicted.
    static let limit = 1000

    /// The lifetime of an event.
    var lifetime = Duration.seconds(1800)
    private var entries: [String: Entry] = [:]

    /// Stores an event, replacing the channel's previous one.
    mutating func remember(_ channel: String, name: String, data: [UInt8], now: Duration) {
        entries[channel] = Entry(name: name, data: data, until: now + lifetime)
        guard entries.count > Self.limit else { return }
        if let oldest = entries.min(by: { $0.value.until < $1.value.until }) {
            entries[oldest.key] = nil
        }
    }

    /// The event for a new subscriber of the channel; `nil` if there is none or it has expired.
    func entry(_ channel: String, now: Duration) -> Entry? {
        guard let entry = entries[channel], entry.until > now else { return nil }
        return entry
    }
}
