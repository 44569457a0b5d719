// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleHub

/// Assigns each delegated user to a connection on which the user is a member of the channel.
///
/// Channels ties a member to a subscription, so one connection can carry many users, but only one
/// per channel. The number of connections needed is therefore that of the users of the largest
/// channel. A user gets the lowest connection that is free for the channel. When fewer connections
/// suffice, the users of the highest one move down and it is closed. A move subscribes on the new
/// connection before it unsubscribes from the old one: Channels identifies members by their ids,
/// so other members see no change.
///
/// If Channels refuses a user, the user is only observed for a while, and then retried.
package struct DelegatePool {
    /// A connection's number; it is never reused.
    package typealias ID = Int

    /// An action to perform, in order.
    package enum Action: Equatable {
        /// Open a connection, which reconnects by itself until it is closed.
        case open(ID)
        case close(ID)
        /// Subscribe a user on a connection, now or when it is established.
        case subscribe(ID, ChannelUser)
        case unsubscribe(ID, channel: String)
        /// The gateway delegates the user's membership of the channel from here on.
        case expect(ChannelUser)
        /// The gateway no longer delegates the user's membership.
        case release(ChannelUser)
        /// The user cannot be a member for now, and is retried after the delay.
        case fellBack(ChannelUser, Refusal, retryIn: Duration)
    }

    /// The reason that a user cannot be a member.
    package enum Refusal: Equatable {
        /// Channels refuses the subscription.
        case subscription(status: Int, message: String)
        /// Channels refuses a further connection.
        case connection(code: Int, message: String)
    }

    /// The delay before a refused user or connection is retried.
    package static let backoff = Backoff(first: .seconds(15), longest: .seconds(600))
    /// The period in which a slot is blocked after an unanswered subscription, so that a late
    /// answer is not taken for another user's.
    package static let unansweredSlotCooldown: Duration = .seconds(30)
    /// The period without moves after a move was refused.
    package static let moveInterval: Duration = .seconds(60)

    /// A user's slot for one channel on a connection.
    struct Slot {
        let userID: String
        var phase = Phase.asked
        enum Phase: Equatable {
            /// Subscribing, or to be subscribed when the connection is established.
            case asked
            /// Subscribing, but no longer wanted; the answer decides how to undo it.
            case leaving
            case live
            /// Unused until then, as an answer may still arrive.
            case coolingDown(until: Duration)
        }

        var isCoolingDown: Bool { if case .coolingDown = phase { true } else { false } }
    }

    struct Connection {
        let id: ID
        var isUp = false
        /// Refusals since the connection was last established.
        var refusals = 0
        var slots: [String: Slot] = [:]
    }

    /// The location of a user.
    enum Location: Equatable {
        /// Waiting, because every slot is held by a user that is about to leave it.
        case waiting
        case assigned(ID)
        case moving(from: ID, to: ID)
        /// Refused for now.
        case observed(until: Duration)
    }

    struct Delegation {
        var place: Location
        var refusals = 0
    }

    /// The connections, from the lowest to the highest.
    var connections: [Connection] = []
    var delegations: [ChannelUser: Delegation] = [:]
    /// The users that wait for a slot, by channel, in order of arrival.
    var waiting: [String: [ChannelUser]] = [:]
    /// The refused users, with the time of their next attempt.
    var observed = DeadlineHeap<ChannelUser>()
    /// The blocked slots.
    var coolingDown: [(until: Duration, id: ID, channel: String)] = []
    var userCounts = ChannelUserCounts()
    /// No further connection is opened before this time.
    var blockedUntil: Duration?
    var blockedBy = Refusal.connection(code: 0, message: "")
    /// Consecutive refusals of a further connection, each after the delay of the one before.
    var blocks = 0
    /// No user is moved before this time.
    var nextMoveAllowed: Duration?
    var nextID = 1
    var actions: [Action] = []
    /// The channels with a slot taken, left or requested since the last call of `rebalance`.
    ///
    /// `nil` if any channel may have changed. With it, `rebalance` examines only these channels, so
    /// ten thousand moves do not each examine all others.
    var changedChannels: Set<String>? = []
    /// The value of `need` at the last call of `rebalance`.
    var lastNeed = 0

    // MARK: - State

    /// Connections that are open or being opened.
    package var connectionCount: Int { connections.count }
    /// The fewest connections that the delegated users require.
    package var need: Int { userCounts.most }
    /// Users with a delegated membership, current or pending, counted once per channel.
    package var delegatedCount: Int { userCounts.total }
    /// Users who are only observed, because Channels refuses them.
    package var observedCount: Int { delegations.count - userCounts.total }

    /// The state of a user's delegated membership of a channel.
    package enum Membership: Equatable, Sendable {
        /// A member, on this connection.
        case member(on: ID)
        /// Pending until Channels answers.
        case pending
        /// Not delegated: not requested, or refused by Channels for now.
        case notDelegated
    }

    /// Returns the state of a user's delegated membership.
    package func membership(of user: ChannelUser) -> Membership {
        if let id = liveConnection(of: user) { return .member(on: id) }
        switch delegations[user]?.place {
        case .waiting, .assigned, .moving: return .pending
        case .observed, nil: return .notDelegated
        }
    }

    /// Returns the connection on which a user is a member.
    package func liveConnection(of user: ChannelUser) -> ID? {
        let candidates: [ID]
        switch delegations[user]?.place {
        case .assigned(let id): candidates = [id]
        case .moving(let from, let to): candidates = [from, to]
        case .waiting, .observed, nil: return nil
        }
        return candidates.first { slot(user.channel, on: $0)?.phase == .live }
    }

    /// Returns the user assigned to a channel on a connection.
    package func occupant(of channel: String, on id: ID) -> String? {
        guard let slot = slot(channel, on: id), !slot.isCoolingDown else { return nil }
        return slot.userID
    }

    /// The time at which `timePassed` must be called; `nil` if no timer runs.
    package var deadline: Duration? {
        var times = coolingDown.map(\.until)
        if let next = observed.first { times.append(next) }
        if let nextMoveAllowed { times.append(nextMoveAllowed) }
        return times.min()
    }

    // MARK: - Wanted users

    /// Delegates a user's membership of a channel.
    package mutating func wanted(_ user: ChannelUser, now: Duration) -> [Action] {
        guard delegations[user] == nil else { return [] }
        want(user, refusals: 0, now: now)
        return rebalance(now: now)
    }

    /// Ends the delegation of a user's membership.
    package mutating func unwanted(_ user: ChannelUser, now: Duration) -> [Action] {
        guard let delegation = delegations.removeValue(forKey: user) else { return [] }
        switch delegation.place {
        case .observed: return []
        case .waiting:
            waiting[user.channel]?.removeAll { $0 == user }
            if waiting[user.channel] == [] { waiting[user.channel] = nil }
        case .assigned(let id): releaseSlot(user.channel, on: id)
        case .moving(let from, let to):
            releaseSlot(user.channel, on: to)
            releaseSlot(user.channel, on: from)
        }
        userCounts.remove(from: user.channel)
        actions.append(.release(user))
        return rebalance(now: now)
    }

    mutating func want(_ user: ChannelUser, refusals: Int, now: Duration) {
        userCounts.add(to: user.channel)
        delegations[user] = Delegation(place: .waiting, refusals: refusals)
        actions.append(.expect(user))
        if let id = reclaimable(by: user) {
            change(user.channel, on: id) { $0.phase = .asked }
            delegations[user]?.place = .assigned(id)
        } else {
            changedChannels?.insert(user.channel)
            waiting[user.channel, default: []].append(user)
        }
    }

    /// Returns the connection on which the user's own earlier subscription still awaits its answer.
    private func reclaimable(by user: ChannelUser) -> ID? {
        connections.first { connection in
            let slot = connection.slots[user.channel]
            return slot?.userID.hasSameBytes(as: user.userID) == true && slot?.phase == .leaving
        }?.id
    }

    // MARK: - Places

    func slot(_ channel: String, on id: ID) -> Slot? {
        connections.first { $0.id == id }?.slots[channel]
    }

    mutating func change(_ channel: String, on id: ID, _ body: (inout Slot) -> Void) {
        guard let index = connections.firstIndex(where: { $0.id == id }),
            var slot = connections[index].slots[channel]
        else { return }
        body(&slot)
        connections[index].slots[channel] = slot
        changedChannels?.insert(channel)
    }

    /// Clears a slot without an action.
    mutating func empty(_ channel: String, on id: ID) {
        guard let index = connections.firstIndex(where: { $0.id == id }) else { return }
        connections[index].slots[channel] = nil
        changedChannels?.insert(channel)
    }

    /// Ends a subscription, at once or after its answer.
    mutating func releaseSlot(_ channel: String, on id: ID) {
        let isUp = connections.first { $0.id == id }?.isUp == true
        switch slot(channel, on: id)?.phase {
        case .asked where isUp: change(channel, on: id) { $0.phase = .leaving }
        case .asked, .live: unsubscribe(channel, on: id)
        case .leaving, .coolingDown, nil: break
        }
    }

    /// Ends an answered subscription.
    mutating func unsubscribe(_ channel: String, on id: ID) {
        empty(channel, on: id)
        actions.append(.unsubscribe(id, channel: channel))
    }

    mutating func occupy(_ index: Int, by user: ChannelUser) {
        changedChannels?.insert(user.channel)
        connections[index].slots[user.channel] = Slot(userID: user.userID)
        actions.append(.subscribe(connections[index].id, user))
    }

    // MARK: - Refusals

    /// Stops delegating a user for a while; the caller must clear the user's slot.
    mutating func fallBack(
        _ user: ChannelUser, _ refusal: Refusal, retryAt: Duration? = nil, now: Duration
    ) {
        guard var delegation = delegations[user] else { return }
        delegation.refusals += 1
        let until = retryAt ?? now + Self.backoff.delay(failures: delegation.refusals)
        delegation.place = .observed(until: until)
        delegations[user] = delegation
        userCounts.remove(from: user.channel)
        observed.add(user, at: until)
        actions.append(.release(user))
        actions.append(.fellBack(user, refusal, retryIn: until - now))
    }
}
