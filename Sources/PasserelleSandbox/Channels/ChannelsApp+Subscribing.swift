// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

extension ChannelsApp {
    /// Lets a client listen to a channel, or says in an error why not.
    mutating func subscribe(
        _ id: Int, to channel: String, auth: String, channelData: String?, now: Duration
    ) {
        guard let connection = connections[id], misbehaviour.silence != .subscriptions else {
            return
        }
        if let denial = misbehaviour.denials.first(where: { $0.pattern.matches(channel) }) {
            return deny(id, channel, denial)
        }
        if channel.hasPrefix(ChannelName.serverToUserPrefix) {
            return subscribeToUser(id, connection, channel, now: now)
        }
        guard let name = try? ChannelName(channel) else {
            return complain(to: id, "Invalid channel name: \(printable(channel))")
        }
        guard !connection.channels.contains(channel) else {
            return complain(to: id, "Existing subscription to channel \(channel)")
        }
        if name.kind != .public {
            let expected = ChannelsSigning.subscription(
                socketID: connection.socketID, channel: channel, channelData: channelData)
            if let fault = fault(in: auth, for: expected) { return complain(to: id, fault) }
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
            complain(to: id, error.message(channel: channel))
        }
    }

    /// Ends a subscription; the client gets no answer unless it had none.
    mutating func unsubscribe(_ id: Int, from channel: String, now: Duration) {
        guard connections[id]?.channels.remove(channel) != nil else {
            return complain(
                to: id,
                "No current subscription to channel \(printable(channel)), "
                    + "or subscription in progress")
        }
        leave(id, channel: channel, now: now)
    }

    /// Takes a connection off a channel and tells those who stay.
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

    /// Says what is wrong with an auth string, or `nil` when it signs `text` with our secret.
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
        let message = "Told to refuse subscriptions to channel \(printable(channel))"
        guard let status = denial.status else { return complain(to: id, message) }
        send(.subscriptionError(channel: channel, status: status, message: message), to: id)
    }

    // MARK: Entering

    private mutating func subscribeToUser(
        _ id: Int, _ connection: AppConnection, _ channel: String, now: Duration
    ) {
        guard let user = connection.user, channel == ChannelName.serverToUserPrefix + user.id,
            let name = try? ChannelName(channel, allowsServerToUser: true)
        else {
            return complain(
                to: id, "Not signed in as the user of channel \(printable(channel))", code: 4009)
        }
        guard !connection.channels.contains(channel) else {
            return complain(to: id, "Existing subscription to channel \(channel)")
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
        let member = try PresenceMembership.member(channelData: channelData, of: connection.user)
        let present = channels[name.text]
        if let present, !present.holds(userID: member.userID),
            present.members.count >= configuration.memberLimit
        {
            throw .full(limit: configuration.memberLimit)
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
            tellWebhook(.memberAdded(channel: name.text, userID: member.userID))
        }
    }

    private mutating func occupy(_ name: ChannelName) {
        guard channels[name.text] == nil else { return }
        channels[name.text] = AppChannel(name: name)
        if !departures.cancel(.channelVacated(name.text)) {
            tellWebhook(.channelOccupied(name.text))
        }
    }

    private mutating func departed(_ event: WebhookEvent, now: Duration) {
        guard configuration.webhook != nil else { return }
        departures.add(event, due: now + configuration.departureDelay)
    }

    /// Tells a new subscriber of a cache channel the last event, or that there is none.
    private mutating func replay(to id: Int, _ name: ChannelName, now: Duration) {
        guard name.isCache else { return }
        if let entry = cache.entry(name.text, now: now) {
            let frame = ServerMessage.encodedEvent(
                channel: name.text, name: entry.name, wireData: entry.data, userID: nil)
            send(frame, to: id)
        } else {
            send(.cacheMiss(channel: name.text), to: id)
            tellWebhook(.cacheMiss(name.text))
        }
    }
}
