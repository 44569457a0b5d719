// SPDX-License-Identifier: MIT

import PasserelleWire

/// What the connections tell.
extension DelegatePool {
    /// A connection stands: what was asked for on it goes out.
    package mutating func established(_ id: ID) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        connections[index].isUp = true
        connections[index].refusals = 0
        blocks = 0
    }

    /// A connection is gone, and will come back by itself.
    package mutating func lost(_ id: ID, now: Duration) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        connections[index].isUp = false
        touched = nil
        for (channel, seat) in connections[index].seats.sorted(by: { $0.key < $1.key }) {
            let attendee = Attendee(channel, seat.userID)
            switch seat.phase {
            case .asked: break
            case .live:
                connections[index].seats[channel]?.phase = .asked
                if case .moving(id, let other)? = wishes[attendee]?.place {
                    wishes[attendee]?.place = .seated(other)
                    unsubscribe(channel, on: id)
                }
            case .leaving: unsubscribe(channel, on: id)
            case .resting: empty(channel, on: id)
            }
        }
        resting.removeAll { $0.id == id }
        return settled(now: now)
    }

    /// A subscription stands.
    package mutating func subscribed(_ id: ID, channel: String, now: Duration) -> [Action] {
        guard let seat = seat(channel, on: id) else { return [] }
        let attendee = Attendee(channel, seat.userID)
        switch seat.phase {
        case .live, .resting: return []
        case .leaving: unsubscribe(channel, on: id)
        case .asked:
            change(channel, on: id) { $0.phase = .live }
            wishes[attendee]?.refusals = 0
            if case .moving(let from, id)? = wishes[attendee]?.place {
                wishes[attendee]?.place = .seated(id)
                vacate(channel, on: from)
            }
        }
        return settled(now: now)
    }

    /// A subscription is refused; 408 stands for one that was not answered at all.
    package mutating func refused(
        _ id: ID, channel: String, status: Int, message: String, now: Duration
    ) -> [Action] {
        guard let seat = seat(channel, on: id), !seat.isResting else { return [] }
        let attendee = Attendee(channel, seat.userID)
        unsubscribe(channel, on: id)
        if status == 408 { rest(channel, on: id, until: now + Self.silenceRest) }
        guard seat.phase != .leaving else { return settled(now: now) }
        switch wishes[attendee]?.place {
        case .moving(let from, id):
            wishes[attendee]?.place = .seated(from)
            movesRestUntil = now + Self.moveRest
        case .moving(id, let to): wishes[attendee]?.place = .seated(to)
        case .seated:
            fallBack(attendee, .subscription(status: status, message: message), now: now)
        case .waiting, .observed, .moving, nil: break
        }
        return settled(now: now)
    }

    /// A connection was turned away with a code that says that there is no room (4100 to 4199).
    ///
    /// Once may be a restart; twice in a row is a limit.
    package mutating func turnedAway(
        _ id: ID, code: Int, message: String, now: Duration
    ) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        connections[index].refusals += 1
        guard connections[index].refusals > 1 else { return [] }
        return refusedForGood(id, code: code, message: message, now: now)
    }

    /// Channels refuses a connection for good: its users are observed for now.
    package mutating func refusedForGood(
        _ id: ID, code: Int, message: String, now: Duration
    ) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        let refused = connections.remove(at: index)
        touched = nil
        resting.removeAll { $0.id == id }
        actions.append(.close(id))
        blockedBy = .connection(code: code, message: message)
        // Connections that were begun together are refused together: that is one refusal.
        let until = blockedUntil.flatMap { $0 > now ? $0 : nil } ?? now + Self.delay(after: blocks)
        if until != blockedUntil { blocks += 1 }
        blockedUntil = until
        for (channel, seat) in refused.seats.sorted(by: { $0.key < $1.key }) {
            let attendee = Attendee(channel, seat.userID)
            switch wishes[attendee]?.place {
            case .seated(id): fallBack(attendee, blockedBy, retryAt: until, now: now)
            case .moving(let from, id): wishes[attendee]?.place = .seated(from)
            case .moving(id, let to): wishes[attendee]?.place = .seated(to)
            case .waiting, .observed, .seated, .moving, nil: break
            }
        }
        return settled(now: now)
    }

    /// The gateway's own connection has no room: the newest one here is given up for it.
    package mutating func gaveWay(now: Duration) -> [Action] {
        guard let newest = connections.last else { return [] }
        return refusedForGood(
            newest.id, code: ClosePolicy.overQuota, message: "the gateway itself has no connection",
            now: now)
    }

    /// Time passed: call it at `deadline` or later.
    package mutating func timePassed(now: Duration) -> [Action] {
        for place in resting where place.until <= now { empty(place.channel, on: place.id) }
        resting.removeAll { $0.until <= now }
        while let attendee = observed.popFirst(through: now) {
            // One who left meanwhile, and was refused again, has another deadline.
            guard let wish = wishes[attendee], case .observed(let until) = wish.place, until <= now
            else { continue }
            wishes[attendee] = nil
            want(attendee, refusals: wish.refusals, now: now)
        }
        return settled(now: now)
    }

    private mutating func rest(_ channel: String, on id: ID, until: Duration) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        touched?.insert(channel)
        connections[index].seats[channel] = Seat(userID: "", phase: .resting(until: until))
        resting.append((until, id, channel))
    }
}
