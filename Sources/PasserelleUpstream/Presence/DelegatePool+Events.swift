// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// The reports of the connections.
extension DelegatePool {
    /// Handles an established connection: its pending subscriptions are sent.
    package mutating func established(_ id: ID) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        connections[index].isUp = true
        connections[index].refusals = 0
        blocks = 0
    }

    /// Handles the loss of a connection, which reconnects by itself.
    package mutating func lost(_ id: ID, now: Duration) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        connections[index].isUp = false
        changedChannels = nil
        for (channel, slot) in connections[index].slots.sorted(by: { $0.key < $1.key }) {
            let user = ChannelUser(channel, slot.userID)
            switch slot.phase {
            case .asked: break
            case .live:
                connections[index].slots[channel]?.phase = .asked
                if case .moving(id, let other)? = delegations[user]?.place {
                    delegations[user]?.place = .assigned(other)
                    unsubscribe(channel, on: id)
                }
            case .leaving: unsubscribe(channel, on: id)
            case .coolingDown: empty(channel, on: id)
            }
        }
        coolingDown.removeAll { $0.id == id }
        return rebalance(now: now)
    }

    /// Handles a successful subscription.
    package mutating func subscribed(_ id: ID, channel: String, now: Duration) -> [Action] {
        guard let slot = slot(channel, on: id) else { return [] }
        let user = ChannelUser(channel, slot.userID)
        switch slot.phase {
        case .live, .coolingDown: return []
        case .leaving: unsubscribe(channel, on: id)
        case .asked:
            change(channel, on: id) { $0.phase = .live }
            delegations[user]?.refusals = 0
            if case .moving(let from, id)? = delegations[user]?.place {
                delegations[user]?.place = .assigned(id)
                releaseSlot(channel, on: from)
            }
        }
        return rebalance(now: now)
    }

    /// Handles the refusal of a subscription; status 408 means that it was not answered.
    package mutating func refused(
        _ id: ID, channel: String, status: Int, message: String, now: Duration
    ) -> [Action] {
        guard let slot = slot(channel, on: id), !slot.isCoolingDown else { return [] }
        let user = ChannelUser(channel, slot.userID)
        unsubscribe(channel, on: id)
        if status == 408 { coolDown(channel, on: id, until: now + Self.unansweredSlotCooldown) }
        guard slot.phase != .leaving else { return rebalance(now: now) }
        switch delegations[user]?.place {
        case .moving(let from, id):
            delegations[user]?.place = .assigned(from)
            nextMoveAllowed = now + Self.moveInterval
        case .moving(id, let to): delegations[user]?.place = .assigned(to)
        case .assigned:
            fallBack(user, .subscription(status: status, message: message), now: now)
        case .waiting, .observed, .moving, nil: break
        }
        return rebalance(now: now)
    }

    /// Handles a connection refused with a temporary code (4100 to 4199).
    ///
    /// One refusal may be a restart of the server; two in a row are a limit.
    package mutating func refusedTemporarily(
        _ id: ID, code: Int, message: String, now: Duration
    ) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        connections[index].refusals += 1
        guard connections[index].refusals > 1 else { return [] }
        return rejectedPermanently(id, code: code, message: message, now: now)
    }

    /// Handles a permanent refusal of a connection: for now its users are only observed.
    package mutating func rejectedPermanently(
        _ id: ID, code: Int, message: String, now: Duration
    ) -> [Action] {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return [] }
        let refused = connections.remove(at: index)
        changedChannels = nil
        coolingDown.removeAll { $0.id == id }
        actions.append(.close(id))
        blockedBy = .connection(code: code, message: message)
        // Connections opened together are refused together; this counts as one refusal.
        let until =
            blockedUntil.flatMap { $0 > now ? $0 : nil }
            ?? now + Self.backoff.delay(failures: blocks + 1)
        if until != blockedUntil { blocks += 1 }
        blockedUntil = until
        for (channel, slot) in refused.slots.sorted(by: { $0.key < $1.key }) {
            let user = ChannelUser(channel, slot.userID)
            switch delegations[user]?.place {
            case .assigned(id): fallBack(user, blockedBy, retryAt: until, now: now)
            case .moving(let from, id): delegations[user]?.place = .assigned(from)
            case .moving(id, let to): delegations[user]?.place = .assigned(to)
            case .waiting, .observed, .assigned, .moving, nil: break
            }
        }
        return rebalance(now: now)
    }

    /// Gives up the newest connection, because the gateway's own connection was refused.
    package mutating func gaveUpConnection(now: Duration) -> [Action] {
        guard let newest = connections.last else { return [] }
        return rejectedPermanently(
            newest.id, code: ClosePolicy.overQuota, message: "given up for the gateway itself",
            now: now)
    }

    /// Handles the passage of time; call it at `deadline` or later.
    package mutating func timePassed(now: Duration) -> [Action] {
        for place in coolingDown where place.until <= now { empty(place.channel, on: place.id) }
        coolingDown.removeAll { $0.until <= now }
        while let user = observed.popFirst(through: now) {
            // A user that left and was refused again meanwhile has another deadline.
            guard let delegation = delegations[user], case .observed(let until) = delegation.place,
                until <= now
            else { continue }
            delegations[user] = nil
            want(user, refusals: delegation.refusals, now: now)
        }
        return rebalance(now: now)
    }

    private mutating func coolDown(_ channel: String, on id: ID, until: Duration) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        changedChannels?.insert(channel)
        connections[index].slots[channel] = Slot(userID: "", phase: .coolingDown(until: until))
        coolingDown.append((until, id, channel))
    }
}

/// The decisions that follow each change.
extension DelegatePool {
    /// Places waiting users, closes surplus connections, and returns the actions to perform.
    mutating func rebalance(now: Duration) -> [Action] {
        if let until = blockedUntil, until <= now { blockedUntil = nil }
        if let until = nextMoveAllowed, until <= now {
            nextMoveAllowed = nil
            changedChannels = nil
        }
        if need != lastNeed { changedChannels = nil }
        placeWaiting(now: now)
        // A user that could not be placed is no longer counted.
        if need != lastNeed { changedChannels = nil }
        while connections.count > need, let top = connections.last {
            if nextMoveAllowed == nil { clear(top) }
            guard let slots = connections.last?.slots, slots.values.allSatisfy(\.isCoolingDown)
            else {
                break
            }
            connections.removeLast()
            coolingDown.removeAll { $0.id == top.id }
            actions.append(.close(top.id))
            changedChannels = nil
        }
        (changedChannels, lastNeed) = ([], need)
        defer { actions = [] }
        return actions
    }

    private mutating func placeWaiting(now: Duration) {
        guard !waiting.isEmpty else { return }
        for channel in (changedChannels ?? Set(waiting.keys)).sorted() {
            for user in waiting.removeValue(forKey: channel) ?? [] {
                place(user, now: now)
            }
        }
    }

    private mutating func place(_ user: ChannelUser, now: Duration) {
        let channel = user.channel
        if let index = connections.firstIndex(where: { $0.slots[channel] == nil }), index < need {
            occupy(index, by: user)
            delegations[user]?.place = .assigned(connections[index].id)
        } else if connections.count >= need {
            waiting[channel, default: []].append(user)
        } else if let blockedUntil {
            fallBack(user, blockedBy, retryAt: blockedUntil, now: now)
        } else {
            connections.append(Connection(id: nextID))
            actions.append(.open(nextID))
            occupy(connections.count - 1, by: user)
            delegations[user]?.place = .assigned(nextID)
            nextID += 1
        }
    }

    /// Moves users off the highest connection, on the channels that changed.
    private mutating func clear(_ top: Connection) {
        for channel in (changedChannels ?? Set(top.slots.keys)).sorted() {
            guard let slot = top.slots[channel] else { continue }
            let user = ChannelUser(channel, slot.userID)
            guard delegations[user]?.place == .assigned(top.id),
                slot.phase == .live || (slot.phase == .asked && !top.isUp),
                let index = connections.firstIndex(where: { $0.slots[channel] == nil }),
                index < connections.count - 1
            else { continue }
            occupy(index, by: user)
            if slot.phase == .live {
                delegations[user]?.place = .moving(from: top.id, to: connections[index].id)
            } else {
                // The subscription was not sent there yet.
                delegations[user]?.place = .assigned(connections[index].id)
                unsubscribe(channel, on: top.id)
            }
        }
    }
}
