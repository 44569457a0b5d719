// SPDX-License-Identifier: MIT

import PasserelleHub

@testable import PasserelleUpstream

/// What is true at every moment, or is true again within a bound.
extension PresenceWorld {
    /// One way of one message, as late as the world looks.
    static let way = longestTravel + tick
    /// How long Channels may count one whose grace is over: a subscription, its answer, its end.
    static let leaveBound = way * 3
    /// How long one who reads may be no member while their connection is well: the handshake, another
    /// whose subscription must be answered before they leave the place, the subscription.
    static let joinBound = way * 4
    /// How long it may take to make do with fewer connections: who is there leaves, others move.
    static let shrinkBound = way * 4
    /// How long what Channels knows may take to the hub.
    static let newsBound = way

    /// Since when something is not as it is to be.
    struct Overdue {
        var absent: [Attendee: Duration] = [:]
        var missing: [Attendee: Duration] = [:]
        var untoldAbsent: [Attendee: Duration] = [:]
        var untoldMissing: [Attendee: Duration] = [:]
        var surplus: Duration?
        var connections: [DelegatePool.ID] = []
        /// Until when each connection waits before it is tried again.
        var excused: [DelegatePool.ID: Duration] = [:]
        /// Users who were refused since they last were members.
        var refused: Set<Attendee> = []
    }

    mutating func check() {
        for channel in Self.channels {
            let atServer = server.members(of: channel)
            let remote = Set(remotes.filter { $0.channel == channel }.map(\.userID))
            let isHeard = hub.channel(channel)?.isLive ?? false
            let atHub = hub.channel(channel)?.members
            for userID in Self.localUsers {
                let attendee = Attendee(channel, userID)
                let isMember = atServer.contains(userID)
                let isPresent = checkGrace(of: attendee)
                checkMember(
                    attendee, isPresent: isPresent, isMember: isMember,
                    isRemote: remote.contains(userID))
                checkNews(
                    attendee, isAbsent: !isPresent && !isMember,
                    isThere: isPresent && isMember, isKnown: atHub?[userID] != nil,
                    isHeard: isHeard)
            }
        }
        checkPool()
    }

    /// Answers whether a user has a reader, or had one or polled within the grace period.
    private mutating func checkGrace(of attendee: Attendee) -> Bool {
        let reads = listeners.contains {
            $0.channel == attendee.channel && $0.userID == attendee.userID
        }
        let isPresent = reads || (grace[attendee] ?? .zero) > now
        if attendance.contains(attendee) != isPresent {
            faults.append("\(attendee) is present: \(!isPresent), and is to be: \(isPresent)")
        }
        return isPresent
    }

    private mutating func checkMember(
        _ attendee: Attendee, isPresent: Bool, isMember: Bool, isRemote: Bool
    ) {
        if !isPresent { overdue.refused.remove(attendee) }
        if isPresent, isMember, pool.liveConnection(of: attendee) != nil,
            overdue.refused.remove(attendee) != nil
        {
            coverage.recoveries += 1
        }
        let isAbsent = !isPresent && isMember && !isRemote
        note(\.absent, attendee, isAbsent, within: Self.leaveBound, "a member whose grace is over")
        let isMissing = isPresent && !isMember && pool.standing(of: attendee) != .apart
        note(
            \.missing, attendee, isMissing, within: Self.joinBound, excuse: excuse(of: attendee),
            "a reader who is no member")
    }

    private mutating func checkNews(
        _ attendee: Attendee, isAbsent: Bool, isThere: Bool, isKnown: Bool, isHeard: Bool
    ) {
        note(
            \.untoldAbsent, attendee, isHeard && isAbsent && isKnown, within: Self.newsBound,
            "one who left is told to be there")
        note(
            \.untoldMissing, attendee, isHeard && isThere && !isKnown, within: Self.newsBound,
            "one who came is not told")
    }

    /// Until when the connections that a user depends on are away.
    private func excuse(of attendee: Attendee) -> Duration {
        let ids: [DelegatePool.ID]
        switch pool.wishes[attendee]?.place {
        case .seated(let id): ids = [id]
        case .moving(let from, let to): ids = [from, to]
        case .waiting: ids = pool.connections.map(\.id)
        case .observed, nil: ids = []
        }
        return ids.compactMap { overdue.excused[$0] }.max() ?? .zero
    }

    /// Notes since when something is so, and that it is so for too long.
    private mutating func note(
        _ path: WritableKeyPath<Overdue, [Attendee: Duration]>, _ attendee: Attendee, _ isSo: Bool,
        within bound: Duration, excuse: Duration = .zero, _ words: String
    ) {
        guard isSo else {
            overdue[keyPath: path][attendee] = nil
            return
        }
        let since = overdue[keyPath: path][attendee] ?? now
        overdue[keyPath: path][attendee] = since
        let time = now - max(since, excuse)
        if time > bound { faults.append("\(words), for \(time): \(attendee)") }
    }

    private mutating func checkPool() {
        var counts: [String: Int] = [:]
        for (attendee, wish) in pool.wishes {
            if case .observed = wish.place { continue }
            counts[attendee.channel, default: 0] += 1
        }
        let need = counts.values.max() ?? 0
        if pool.need != need { faults.append("\(pool.need) connections for \(need)") }
        let ids = pool.connections.map(\.id)
        if Set(lines.keys) != Set(ids + [Self.observer]) {
            faults.append("connections \(lines.keys.sorted()) where there are to be \(ids)")
        }
        if isSettled {
            coverage.settled += 1
            if ids.count != need { faults.append("\(ids.count) connections for \(need), settled") }
        }
        guard ids.count > need, ids == overdue.connections, pool.movesRestUntil == nil else {
            overdue.connections = ids
            overdue.surplus = nil
            return
        }
        overdue.surplus = overdue.surplus ?? now
        let excuse = ids.compactMap { overdue.excused[$0] }.max() ?? .zero
        let time = now - max(overdue.surplus ?? now, excuse)
        if time > Self.shrinkBound { faults.append("\(ids.count) for \(need) since \(time)") }
    }

    /// True when all connections stand and nobody comes, goes, moves or is held up by a rest.
    private var isSettled: Bool {
        pool.waiting.isEmpty && pool.movesRestUntil == nil
            && pool.connections.allSatisfy { connection in
                connection.isUp && connection.seats.values.allSatisfy { $0.phase == .live }
            }
    }
}
