// SPDX-License-Identifier: MIT

import PasserelleWire

extension ChannelsApp {
    /// Signs a user in on a connection, or sends an error; the connection stays open.
    mutating func signIn(_ id: Int, auth: String, userData: String) {
        guard let connection = connections[id] else { return }
        let expected = ChannelsSigning.signIn(socketID: connection.socketID, userData: userData)
        if let fault = fault(in: auth, for: expected) { return sendError(to: id, fault) }
        guard let data = UserData(userData) else {
            return sendError(to: id, "Invalid user_data: expected an object with an id")
        }
        if let user = connection.user, !user.id.utf8.elementsEqual(data.id.utf8) {
            return sendError(to: id, "Already signed in as another user", code: 4009)
        }
        connections[id]?.user = data
        let key = Array(data.id.utf8)
        let cameOnline = users[key] == nil
        users[key, default: []].insert(id)
        send(.signInSucceeded(userData: userData), to: id)
        if data.isTruncated {
            sendError(
                to: id, "Watchlist limited to \(UserData.watchlistLimit) users", code: 4302)
        }
        let here = data.watchlist.filter { users[Array($0.utf8)] != nil }
        let away = data.watchlist.filter { users[Array($0.utf8)] == nil }
        if let frame = WatchlistFrame.encoded(online: here, offline: away) {
            send(frame, to: id)
        }
        if cameOnline { notifyWatchers(of: data.id, isOnline: true, but: id) }
    }

    /// Removes a closed connection from its user and notifies the watchers of the user.
    mutating func signOut(_ id: Int, _ user: UserData?) {
        guard let user else { return }
        let key = Array(user.id.utf8)
        guard users[key]?.remove(id) != nil, users[key]?.isEmpty ?? false else { return }
        users[key] = nil
        notifyWatchers(of: user.id, isOnline: false)
    }

    /// Closes every connection of a user; clients may reconnect.
    mutating func terminate(userID: String, now: Duration) {
        for id in users[Array(userID.utf8), default: []].sorted() {
            close(id, code: 4009, reason: "You got disconnected by the app.", now: now)
        }
    }

    private mutating func notifyWatchers(of user: String, isOnline: Bool, but excluded: Int? = nil)
    {
        let frame = WatchlistFrame.encoded(
            online: isOnline ? [user] : [], offline: isOnline ? [] : [user])
        let watchers = connections.values.filter {
            $0.user?.watchlist.contains { $0.utf8.elementsEqual(user.utf8) } ?? false
        }
        guard let frame, !watchers.isEmpty else { return }
        send(frame, toAll: watchers.map(\.id).sorted(), but: excluded)
    }
}

extension ChannelsApp {
    /// The number of subscriptions above which the count is sent only at intervals.
    static let userCounts = 100
    /// The interval in that case.
    static let userCountInterval = Duration.seconds(5)

    /// True if `timePassed` must be called even if no other event occurs.
    package var needsTime: Bool { !connections.isEmpty || !departures.isEmpty }

    /// Performs due work: pings, closing of unresponsive clients, delayed counts and webhooks.
    package mutating func timePassed(now: Duration) -> [ChannelsAction] {
        for id in connections.keys.sorted() { ping(id, now: now) }
        for channel in channels.values where channel.countPending {
            countChanged(channel.name.text, now: now)
        }
        for event in departures.due(now: now) { queueWebhook(event) }
        return takeActions()
    }

    /// Sends the subscription count to the subscribers; large channels get it at intervals.
    mutating func countChanged(_ name: String, now: Duration) {
        guard configuration.subscriptionCounts, let channel = channels[name],
            channel.name.kind != .presence
        else { return }
        let count = channel.connections.count
        if let sent = channel.countSent, count > Self.userCounts,
            now - sent < Self.userCountInterval
        {
            channels[name]?.countPending = true
            return
        }
        channels[name]?.countPending = false
        channels[name]?.countSent = now
        let message = ServerMessage.subscriptionCount(channel: name, count)
        send(message.encoded(), toAll: channel.connections)
        queueWebhook(.subscriptionCount(channel: name, count))
    }

    private mutating func ping(_ id: Int, now: Duration) {
        guard let connection = connections[id] else { return }
        if let pingedAt = connection.pingedAt {
            guard now - pingedAt >= configuration.pongTimeout else { return }
            close(id, code: 4201, reason: "Pong reply not received in time", now: now)
        } else if now - connection.lastActivity >= .seconds(configuration.activityTimeout) {
            connections[id]?.pingedAt = now
            send(.ping, to: id)
        }
    }
}
