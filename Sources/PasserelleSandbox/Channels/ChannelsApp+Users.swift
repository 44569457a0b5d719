// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

extension ChannelsApp {
    /// Makes a connection its user's, or says in an error why not; the connection stays open.
    mutating func signIn(_ id: Int, auth: String, userData: String) {
        guard let connection = connections[id] else { return }
        let expected = ChannelsSigning.signIn(socketID: connection.socketID, userData: userData)
        if let fault = fault(in: auth, for: expected) { return complain(to: id, fault) }
        guard let data = UserData(userData) else {
            return complain(to: id, "Invalid user_data: expected an object with an id")
        }
        if let user = connection.user, user.id != data.id {
            return complain(to: id, "Already signed in as another user", code: 4009)
        }
        connections[id]?.user = AppConnection.User(
            id: data.id, userInfo: data.userInfo, watchlist: Set(data.watchlist))
        let cameOnline = users[data.id] == nil
        users[data.id, default: []].insert(id)
        send(.signInSucceeded(userData: userData), to: id)
        if data.isTruncated {
            complain(
                to: id, "Watchlist limited to \(UserData.watchlistLimit) users", code: 4302)
        }
        let here = data.watchlist.filter { users[$0] != nil }
        let away = data.watchlist.filter { users[$0] == nil }
        if let frame = WatchlistFrame.encoded(online: here, offline: away) {
            send(frame, to: id)
        }
        if cameOnline { tellWatchers(of: data.id, isOnline: true, but: id) }
    }

    /// Takes a connection that is gone off its user, and tells those who watch the user.
    mutating func signOut(_ id: Int, _ user: AppConnection.User?) {
        guard let user, users[user.id]?.remove(id) != nil, users[user.id]?.isEmpty ?? false
        else { return }
        users[user.id] = nil
        tellWatchers(of: user.id, isOnline: false)
    }

    /// Closes every connection that is signed in as the user; they may come back.
    mutating func terminate(userID: String, now: Duration) {
        for id in users[userID, default: []].sorted() {
            complain(to: id, "You got disconnected by the app.", code: 4009)
            close(id, code: 4009, reason: "You got disconnected by the app.", now: now)
        }
    }

    private mutating func tellWatchers(of user: String, isOnline: Bool, but excluded: Int? = nil) {
        let frame = WatchlistFrame.encoded(
            online: isOnline ? [user] : [], offline: isOnline ? [] : [user])
        let watchers = connections.values.filter { $0.user?.watchlist.contains(user) ?? false }
        guard let frame, !watchers.isEmpty else { return }
        send(frame, toAll: watchers.map(\.id).sorted(), but: excluded)
    }
}
