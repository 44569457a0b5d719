// SPDX-License-Identifier: MIT

/// What follows when anything has changed.
extension DelegatePool {
    /// Places those who wait, lets go of connections that are too many, and gives what is to do.
    mutating func settled(now: Duration) -> [Action] {
        if let until = blockedUntil, until <= now { blockedUntil = nil }
        if let until = movesRestUntil, until <= now {
            movesRestUntil = nil
            touched = nil
        }
        if need != settledNeed { touched = nil }
        placeWaiting(now: now)
        // One who cannot be placed is not counted any more.
        if need != settledNeed { touched = nil }
        while connections.count > need, let top = connections.last {
            if movesRestUntil == nil { clear(top) }
            guard let seats = connections.last?.seats, seats.values.allSatisfy(\.isResting) else {
                break
            }
            connections.removeLast()
            resting.removeAll { $0.id == top.id }
            actions.append(.close(top.id))
            touched = nil
        }
        (touched, settledNeed) = ([], need)
        defer { actions = [] }
        return actions
    }

    private mutating func placeWaiting(now: Duration) {
        guard !waiting.isEmpty else { return }
        for channel in (touched ?? Set(waiting.keys)).sorted() {
            for attendee in waiting.removeValue(forKey: channel) ?? [] {
                place(attendee, now: now)
            }
        }
    }

    private mutating func place(_ attendee: Attendee, now: Duration) {
        let channel = attendee.channel
        if let index = connections.firstIndex(where: { $0.seats[channel] == nil }), index < need {
            occupy(index, by: attendee)
            wishes[attendee]?.place = .seated(connections[index].id)
        } else if connections.count >= need {
            waiting[channel, default: []].append(attendee)
        } else if let blockedUntil {
            fallBack(attendee, blockedBy, retryAt: blockedUntil, now: now)
        } else {
            connections.append(Connection(id: nextID))
            actions.append(.open(nextID))
            occupy(connections.count - 1, by: attendee)
            wishes[attendee]?.place = .seated(nextID)
            nextID += 1
        }
    }

    /// Moves off the highest connection whoever can be moved, of those about whom something changed.
    private mutating func clear(_ top: Connection) {
        for channel in (touched ?? Set(top.seats.keys)).sorted() {
            guard let seat = top.seats[channel] else { continue }
            let attendee = Attendee(channel, seat.userID)
            guard wishes[attendee]?.place == .seated(top.id),
                seat.phase == .live || (seat.phase == .asked && !top.isUp),
                let index = connections.firstIndex(where: { $0.seats[channel] == nil }),
                index < connections.count - 1
            else { continue }
            occupy(index, by: attendee)
            if seat.phase == .live {
                wishes[attendee]?.place = .moving(from: top.id, to: connections[index].id)
            } else {
                // Nothing was said there yet.
                wishes[attendee]?.place = .seated(connections[index].id)
                unsubscribe(channel, on: top.id)
            }
        }
    }
}
