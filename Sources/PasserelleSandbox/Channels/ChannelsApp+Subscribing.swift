// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

extension ChannelsApp {
    /// Subscribes a client to a channel, or sends an error with the reason.
    mutating func subscribe(
        _ id: Int, to channel: String, auth: String, channelData: String?, now: Duration
    ) {
        guard let connection = connections[id], misbehaviour.silence[id] != .subscriptions else {
            return
        }
        if let denial = misbehaviour.denials.first(where: { $0.pattern.matches(channel) }) {
            return deny(id, channel, denial)
        }
        if channel.utf8.starts(with: ChannelName.serverToUserPrefix.utf8) {
            return subscribeToUser(id, connection, channel, now: now)
        }
        guard let name = try? ChannelName(channel) else {
            return sendError(to: id, "Invalid channel name: \(printable(channel))")
        }
        guard !connection.channels.contains(channel) else {
            return sendError(to: id, "Existing subscription to channel \(channel)")
        }
        if name.kind != .public {
            let expected = ChannelsSigning.subscription(
                socketID: connection.socketID, channel: channel, channelData: channelData)
            if let fault = fault(in: auth, for: expected) { return sendError(to: id, fault) }
        }
        guard name.kind == .presence else {
            enter(id, name, now: now)
            send(.subscriptionSucceeded(channel: channel, members: nil), to: id)
            return replay(to: id, name, now: now)
        }
        do throws(MembershipError) {
            try enter(id, connection, name, channelData: channelData, now: now)
            replay(to: id, name, now: now)
        } catch {
            sendError(to: id, error.message)
        }
    }

    /// Ends a subscription; the client gets an answer only if it was not subscribed.
    mutating func unsubscribe(_ id: Int, from channel: String, now: Duration) {
        guard connections[id]?.channels.remove(channel) != nil else {
            return sendError(
                to: id,
                "No current subscription to channel \(printable(channel)), "
                    + "or subscription in progress")
        }
        leave(id, channel: channel, now: now)
    }

    /// Removes a connection from a channel and notifies the remaining subscribers.
    mutating func leave(_ id: Int, channel: String, now: Duration) {
        guard var left = channels.removeValue(forKey: channel) else { return }
        let member = left.leave(id)
        if !left.connections.isEmpty { channels[channel] = left }
        if let member {
            send(
                ServerMessage.memberRemoved(channel: channel, userID: member.userID).encoded(),
                toAll: left.connections)
            departed(.memberRemoved(channel: channel, userID: member.userID), now: now)
        }
        if left.connections.isEmpty { departed(.channelVacated(channel), now: now) }
        countChanged(channel, now: now)
    }

    /// The error in an auth string; `nil` if it signs `text` with the app's secret.
    func fault(in auth: String, for text: [UInt8]) -> String? {
        let parts = auth.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == configuration.key else {
            return "Invalid key in subscription auth data: '\(printable(auth))'"
        }
        let expected = Hex.encode(
            Digest.hmacSHA256(key: Array(configuration.secret.utf8), text))
        guard ConstantTime.equal(Array(parts[1].utf8), Array(expected.utf8)) else {
            return "Invalid signature: Expected HMAC SHA256 hex digest of "
                + "\(String(decoding: text, as: UTF8.self)), but got \(printable(String(parts[1])))"
        }
        return nil
    }

    private mutating func deny(_ id: Int, _ channel: String, _ denial: Misbehaviour.Denial) {
        let message = "Refused by a sandbox command: channel \(printable(channel))"
        guard let status = denial.status else { return sendError(to: id, message) }
        send(.subscriptionError(channel: channel, status: status, message: message), to: id)
    }

    // MARK: Joining

    private mutating func subscribeToUser(
        _ id: Int, _ connection: AppConnection, _ channel: String, now: Duration
    ) {
        guard let user = connection.user, channel == ChannelName.serverToUserPrefix + user.id,
            let name = try? ChannelName(channel, allowsServerToUser: true)
        else {
            return sendError(
                to: id, "Not signed in as the user of channel \(printable(channel))", code: 4009)
        }
        guard !connection.channels.contains(channel) else {
            return sendError(to: id, "Existing subscription to channel \(channel)")
        }
        enter(id, name, now: now)
        send(.subscriptionSucceeded(channel: channel, members: nil), to: id)
    }

    private mutating func enter(_ id: Int, _ name: ChannelName, now: Duration) {
        occupy(name)
        channels[name.text]?.join(id)
        connections[id]?.channels.insert(name.text)
        countChanged(name.text, now: now)
    }

    private mutating func enter(
        _ id: Int, _ connection: AppConnection, _ name: ChannelName, channelData: String?,
        now: Duration
    ) throws(MembershipError) {
        let member = try PresenceMembership.member(
            of: name.text, channelData: channelData, user: connection.user)
        let present = channels[name.text]
        if let present, !present.holds(userID: member.userID),
            present.members.count >= configuration.memberLimit
        {
            throw .full(name.text, limit: configuration.memberLimit)
        }
        occupy(name)
        var channel = channels.removeValue(forKey: name.text) ?? AppChannel(name: name)
        let isNew = channel.join(id, as: member)
        channels[name.text] = channel
        connections[id]?.channels.insert(name.text)
        let members = channel.members.map(\.member)
        send(.subscriptionSucceeded(channel: name.text, members: members), to: id)
        guard isNew else { return }
        send(
            ServerMessage.memberAdded(channel: name.text, member).encoded(),
            toAll: channel.connections, but: id)
        let event = WebhookEvent.memberRemoved(channel: name.text, userID: member.userID)
        if !departures.cancel(event) {
            queueWebhook(.memberAdded(channel: name.text, userID: member.userID))
        }
    }

    private mutating func occupy(_ name: ChannelName) {
        guard channels[name.text] == nil else { return }
        channels[name.text] = AppChannel(name: name)
        if !departures.cancel(.channelVacated(name.text)) {
            queueWebhook(.channelOccupied(name.text))
        }
    }

    private mutating func departed(_ event: WebhookEvent, now: Duration) {
        guard configuration.webhook != nil else { return }
        departures.add(event, due: now + configuration.departureDelay)
    }

    /// Sends a new subscriber of a cache channel the last event, or a cache miss.
    private mutating func replay(to id: Int, _ name: ChannelName, now: Duration) {
        guard name.isCache else { return }
        if let entry = cache.entry(name.text, now: now) {
            let frame = ServerMessage.encodedEvent(
                channel: name.text, name: entry.name, wireData: entry.data, userID: nil)
            send(frame, to: id)
        } else {
            send(.cacheMiss(channel: name.text), to: id)
            queueWebhook(.cacheMiss(name.text))
        }
    }
}

extension ChannelsApp {
    /// The largest `data` of an event, in bytes of its text.
    static let dataLimit = 10_240

    /// Forwards a client's event to the other subscribers, or sends an error with the reason.
    ///
    /// `data` is forwarded unchanged. The user id on a presence channel is that of the sender's
    /// subscription, even if the event contains another.
    mutating func relay(_ id: Int, channel: String, name: String, data: [UInt8], now: Duration) {
        guard let connection = connections[id] else { return }
        if let refusal = refusal(of: name, on: channel, by: connection, data: data) {
            return sendError(to: id, refusal)
        }
        guard let subscribed = channels[channel] else { return }
        guard connections[id]?.clientEvents.admits(at: now) ?? false else {
            return sendError(
                to: id,
                "Client event rejected: more than \(EventRate.limit) in a second", code: 4301)
        }
        let userID = subscribed.member(through: id)?.userID
        let frame = ServerMessage.encodedEvent(
            channel: channel, name: name, wireData: data, userID: userID)
        counts.clientEvents += 1
        send(frame, toAll: subscribed.connections, but: id)
        queueWebhook(
            .clientEvent(
                channel: channel, name: name, data: data, socketID: connection.socketID,
                userID: userID))
    }

    private func refusal(
        of name: String, on channel: String, by connection: AppConnection, data: [UInt8]
    ) -> String? {
        guard configuration.clientEvents, misbehaviour.passesClientEvents else {
            return "To send client events, you must enable this feature in the Settings page of "
                + "your dashboard."
        }
        guard EventName.isValid(name) else {
            return "Client event names have at most \(EventName.maximumLength) characters"
        }
        guard let named = try? ChannelName(channel), named.kind != .public else {
            return "Client events are only supported on private and presence channels"
        }
        guard connection.channels.contains(channel) else {
            return "Client event rejected: not subscribed to channel \(channel)"
        }
        guard data.count <= Self.dataLimit else {
            return "The data content of this event exceeds the allowed maximum "
                + "(\(Self.dataLimit) bytes)"
        }
        return nil
    }
}
