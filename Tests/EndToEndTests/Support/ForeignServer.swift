// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// A Channels server that imitates servers by other authors; each property can be set.
///
/// Its socket ids are UUIDs, and it decodes and encodes payloads.
final class ForeignServer {
    /// True if client events carry the `user_id` of their sender's subscription.
    var stamps = true
    /// The only `Origin` that may connect; `nil` accepts any.
    var origin: String?
    /// The prefix of its paths.
    var path = ""
    /// True if it refuses all members except the gateway's own.
    var refusesMembers = false
    /// The number of errors that it sent.
    private(set) var errors = 0
    private(set) var subscriptions: [(channel: String, data: String)] = []
    /// The unsubscribed users, each from the connection that had subscribed it.
    private(set) var unsubscriptions: [(channel: String, userID: String?)] = []
    let channels: ScriptedChannels
    private var rooms: [String: [Place]] = [:]

    private struct Place {
        let connection: ScriptedChannels.Connection
        let userID: String
        /// True if the member has a `user_info`: without it every later subscription fails.
        let isWhole: Bool
    }

    init(_ fixture: EndToEndFixture) throws {
        channels = try ScriptedChannels(loop: fixture.loop)
        channels.onRequest = { [weak self] in self?.answer($0) }
        channels.onOpen = { [weak self] in self?.greet($0) }
        channels.onMessage = { [weak self] in self?.take($1, from: $0) }
    }

    var port: Int { channels.port }

    /// Sends an event to every subscriber of a channel with an open connection.
    func send(_ name: String, _ data: String, on channel: String) {
        let event = ServerMessage.event(
            channel: channel, name: name, data: Array(data.utf8), userID: nil)
        for place in standing(channel) { place.connection.send(event) }
    }

    /// The users on a channel.
    func users(of channel: String) -> Set<String> { Set(standing(channel).map(\.userID)) }

    private func standing(_ channel: String) -> [Place] {
        (rooms[channel] ?? []).filter { !$0.connection.isEnded }
    }

    /// Refuses requests outside its path, and answers every REST request alike.
    private func answer(_ request: HTTPRequest) -> [UInt8]? {
        let isWebSocket = request.path.hasPrefix(path + "/app/")
        if isWebSocket { return nil }
        let status = request.path.hasPrefix(path + "/apps/") ? 200 : 404
        let body = Array(#"{"channels":{}}"#.utf8)
        return HTTPWriter.response(
            HTTPResponse(status: status, body: status == 200 ? body : []), keepAlive: false)
    }

    private func greet(_ connection: ScriptedChannels.Connection) {
        if let origin, connection.request.fields.first("origin") != origin {
            refuse(connection, 4009, "Origin not allowed")
            return connection.drop()
        }
        connection.send(
            .connectionEstablished(
                socketID: "6f1e4bd8-77aa-4d7b-9a3e-00000000000\(channels.connections.count % 10)",
                activityTimeout: 30))
    }

    private func refuse(
        _ connection: ScriptedChannels.Connection, _ code: Int, _ message: String
    ) {
        errors += 1
        connection.send(.error(code: code, message: message))
    }

    private func take(_ message: ClientMessage, from connection: ScriptedChannels.Connection) {
        switch message {
        case .ping: connection.send(.pong)
        case .subscribe(let channel, _, let data):
            subscriptions.append((channel, data ?? ""))
            subscribe(connection, channel, data ?? "{}")
        case .unsubscribe(let channel):
            let place = rooms[channel]?.first { $0.connection === connection }
            unsubscriptions.append((channel, place?.userID))
            rooms[channel]?.removeAll { $0.connection === connection }
        case .clientEvent(let channel, let name, let data):
            relay(connection, channel, name, data)
        default: break
        }
    }

    private func subscribe(
        _ connection: ScriptedChannels.Connection, _ channel: String, _ data: String
    ) {
        guard let member = ChannelMember(channelData: Array(data.utf8)) else { return }
        let isRefused = refusesMembers && member.userID != "passerelle"
        let place = Place(
            connection: connection, userID: member.userID,
            isWhole: !isRefused && member.userInfo != nil)
        // As in the original, the member is added before the list is encoded, which then fails.
        rooms[channel, default: []].append(place)
        let present = standing(channel)
        guard present.allSatisfy(\.isWhole) else {
            return refuse(connection, 4200, "Invalid message format")
        }
        let members = present.map { ChannelMember(userID: $0.userID, userInfo: Array("{}".utf8)) }
        connection.send(.subscriptionSucceeded(channel: channel, members: members))
        for other in present where other.connection !== connection {
            other.connection.send(.memberAdded(channel: channel, member))
        }
    }

    private func relay(
        _ connection: ScriptedChannels.Connection, _ channel: String, _ name: String,
        _ data: [UInt8]
    ) {
        guard let root = try? JSONScanner.document(data.span) else { return }
        let members = JSONScanner.members(data.span, of: root).reversed().map { key, value in
            "\(String(decoding: data[key.range], as: UTF8.self)) : "
                + String(decoding: data[value.range], as: UTF8.self)
        }
        let sender = standing(channel).first { $0.connection === connection }?.userID
        let frame = ServerMessage.encodedEvent(
            channel: channel, name: name,
            wireData: Array("{\(members.joined(separator: " , "))}".utf8),
            userID: stamps ? sender : nil)
        for place in standing(channel) where place.connection !== connection {
            place.connection.send(text: frame)
        }
    }
}
