// SPDX-License-Identifier: MIT

import PasserelleHub

@testable import PasserelleUpstream

/// The invariants that hold at every moment, or again within a time limit.
extension PresenceFixture {
    /// The longest delivery of one message, rounded up to the simulation's interval.
    static let way = longestTravel + tick
    /// The longest membership after the grace period: a subscription, its answer, its end.
    static let leaveBound = way * 3
    /// The longest time that a reader may lack membership on a working connection: the handshake,
    /// the answer and end of another user's subscription, the subscription.
    static let joinBound = way * 4
    /// The longest time to reduce the connections: present users leave, others move.
    static let shrinkBound = way * 4
    /// The longest time from Channels to the hub.
    static let newsBound = way

    /// The start of each temporary deviation.
    struct Overdue {
        var absent: [ChannelUser: Duration] = [:]
        var missing: [ChannelUser: Duration] = [:]
        var unreportedAbsent: [ChannelUser: Duration] = [:]
        var unreportedMissing: [ChannelUser: Duration] = [:]
        var surplus: Duration?
        var connections: [DelegatePool.ID] = []
        /// The time until which each connection waits before its next attempt.
        var excused: [DelegatePool.ID: Duration] = [:]
        /// Users that were refused since they were last members.
        var refused: Set<ChannelUser> = []
    }

    mutating func check() {
        for channel in Self.channels {
            let atServer = server.members(of: channel)
            let remote = Set(remotes.filter { $0.channel == channel }.map(\.userID))
            let isSubscribed = hub.channel(channel)?.isLive ?? false
            let atHub = hub.channel(channel)?.members
            for userID in Self.localUsers {
                let user = ChannelUser(channel, userID)
                let isMember = atServer.contains(userID)
                let isPresent = checkGrace(of: user)
                checkMember(
                    user, isPresent: isPresent, isMember: isMember,
                    isRemote: remote.contains(userID))
                checkNews(
                    user, isAbsent: !isPresent && !isMember,
                    isThere: isPresent && isMember, isKnown: atHub?[userID] != nil,
                    isSubscribed: isSubscribed)
            }
        }
        checkPool()
        checkLines()
    }

    /// Verifies that both sides have the same users on each connection without messages in flight,
    /// and that every refusal was followed by an unsubscription.
    private mutating func checkLines() {
        for (id, line) in lines {
            guard let serverID = line.serverID, line.session.socketID != nil,
                line.toServer.isEmpty, line.toClient.isEmpty
            else { continue }
            if !server.refusals(on: serverID).isEmpty {
                faults.append("no unsubscription after a refusal on connection \(id)")
            }
            let users = server.users(on: serverID)
            let expected = id == Self.observer ? observed : assigned(on: id)
            if users != expected {
                faults.append("\(users) on connection \(id) instead of \(expected)")
            }
        }
    }

    private var observed: [String: String] {
        let live = Self.channels.filter { hub.channel($0)?.isLive ?? false }
        return Dictionary(uniqueKeysWithValues: live.map { ($0, "passerelle") })
    }

    private func assigned(on id: DelegatePool.ID) -> [String: String] {
        let slots = pool.connections.first { $0.id == id }?.slots ?? [:]
        return slots.filter { $0.value.phase == .live }.mapValues(\.userID)
    }

    /// Returns true if a user has a reader, or had one or polled within the grace period.
    private mutating func checkGrace(of user: ChannelUser) -> Bool {
        let reads = listeners.contains {
            $0.channel == user.channel && $0.userID == user.userID
        }
        let isPresent = reads || (grace[user] ?? .zero) > now
        if tracker.contains(user) != isPresent {
            faults.append("\(user) is present: \(!isPresent), expected: \(isPresent)")
        }
        return isPresent
    }

    private mutating func checkMember(
        _ user: ChannelUser, isPresent: Bool, isMember: Bool, isRemote: Bool
    ) {
        if !isPresent { overdue.refused.remove(user) }
        if isPresent, isMember, pool.liveConnection(of: user) != nil,
            overdue.refused.remove(user) != nil
        {
            coverage.recoveries += 1
        }
        let isAbsent = !isPresent && isMember && !isRemote
        note(\.absent, user, isAbsent, within: Self.leaveBound, "a member after its grace period")
        let isMissing = isPresent && !isMember && pool.membership(of: user) != .notDelegated
        note(
            \.missing, user, isMissing, within: Self.joinBound, excuse: excuse(of: user),
            "a reader without membership")
    }

    private mutating func checkNews(
        _ user: ChannelUser, isAbsent: Bool, isThere: Bool, isKnown: Bool, isSubscribed: Bool
    ) {
        note(
            \.unreportedAbsent, user, isSubscribed && isAbsent && isKnown, within: Self.newsBound,
            "a user that left is reported as present")
        note(
            \.unreportedMissing, user, isSubscribed && isThere && !isKnown, within: Self.newsBound,
            "a user that joined is not reported")
    }

    /// Returns the time until which the connections of a user are excused.
    private func excuse(of user: ChannelUser) -> Duration {
        let ids: [DelegatePool.ID]
        switch pool.delegations[user]?.place {
        case .assigned(let id): ids = [id]
        case .moving(let from, let to): ids = [from, to]
        case .waiting: ids = pool.connections.map(\.id)
        case .observed, nil: ids = []
        }
        return ids.compactMap { overdue.excused[$0] }.max() ?? .zero
    }

    /// Records the start of a deviation, and reports a fault if it lasts longer than `bound`.
    private mutating func note(
        _ path: WritableKeyPath<Overdue, [ChannelUser: Duration]>, _ user: ChannelUser,
        _ isSo: Bool,
        within bound: Duration, excuse: Duration = .zero, _ words: String
    ) {
        guard isSo else {
            overdue[keyPath: path][user] = nil
            return
        }
        let since = overdue[keyPath: path][user] ?? now
        overdue[keyPath: path][user] = since
        let time = now - max(since, excuse)
        if time > bound { faults.append("\(words), for \(time): \(user)") }
    }

    private mutating func checkPool() {
        var counts: [String: Int] = [:]
        for (user, delegation) in pool.delegations {
            if case .observed = delegation.place { continue }
            counts[user.channel, default: 0] += 1
        }
        let need = counts.values.max() ?? 0
        if pool.need != need { faults.append("\(pool.need) connections for \(need)") }
        let ids = pool.connections.map(\.id)
        if Set(lines.keys) != Set(ids + [Self.observer]) {
            faults.append("connections \(lines.keys.sorted()) instead of \(ids)")
        }
        if isSettled {
            coverage.settled += 1
            if ids.count != need { faults.append("\(ids.count) connections for \(need), settled") }
        }
        guard ids.count > need, ids == overdue.connections, pool.nextMoveAllowed == nil else {
            overdue.connections = ids
            overdue.surplus = nil
            return
        }
        overdue.surplus = overdue.surplus ?? now
        let excuse = ids.compactMap { overdue.excused[$0] }.max() ?? .zero
        let time = now - max(overdue.surplus ?? now, excuse)
        if time > Self.shrinkBound { faults.append("surplus connections for \(time)") }
    }

    /// True if all connections are established and no user joins, leaves, moves or waits.
    private var isSettled: Bool {
        pool.waiting.isEmpty && pool.nextMoveAllowed == nil
            && pool.connections.allSatisfy { connection in
                connection.isUp && connection.slots.values.allSatisfy { $0.phase == .live }
            }
    }
}
