// SPDX-License-Identifier: MIT

/// The members of one channel, in the order in which they arrived.
package struct Members: Equatable, Sendable {
    /// Each member at its index; a slot is empty after its member has left.
    private var slots: [Member?] = []
    private var places: [ByteKey: Int] = [:]
    /// The cost of all members, in bytes.
    package private(set) var cost = 0

    package init() {}

    /// Creates the members from a list; if an id is repeated, the later entry counts.
    package init(_ members: [Member]) {
        for member in members { insert(member) }
    }

    package var count: Int { places.count }
    package var list: [Member] { slots.compactMap(\.self) }
    /// The first `count` members.
    package func first(_ count: Int) -> [Member] {
        Array(slots.lazy.compactMap(\.self).prefix(count))
    }
    package subscript(userID: String) -> Member? { places[ByteKey(userID)].flatMap { slots[$0] } }

    package static func == (one: Members, other: Members) -> Bool { one.list == other.list }

    /// Adds a member, or replaces the member with the same id; returns whether the member is new.
    @discardableResult
    package mutating func insert(_ member: Member) -> Bool {
        cost += member.cost
        let key = ByteKey(member.userID)
        if let place = places[key] {
            cost -= slots[place]?.cost ?? 0
            slots[place] = member
            return false
        }
        places[key] = slots.count
        slots.append(member)
        return true
    }

    /// Removes a member; returns whether there was one with this id.
    @discardableResult
    package mutating func remove(_ userID: String) -> Bool {
        guard let place = places.removeValue(forKey: ByteKey(userID)) else { return false }
        cost -= slots[place]?.cost ?? 0
        slots[place] = nil
        if slots.count > 2 * places.count + 16 { closeEmptyPlaces() }
        return true
    }

    /// Returns the members removed and added between `self` and `newer`.
    package func differences(to newer: Members) -> (removed: [String], added: [Member]) {
        let removed = slots.compactMap { slot in
            slot.flatMap { newer.places[ByteKey($0.userID)] == nil ? $0.userID : nil }
        }
        let added = newer.slots.compactMap { slot in
            slot.flatMap { places[ByteKey($0.userID)] == nil ? $0 : nil }
        }
        return (removed, added)
    }

    /// Removes empty slots; O(members), at most once per as many removals as there are members.
    private mutating func closeEmptyPlaces() {
        slots = slots.filter { $0 != nil }
        for (place, slot) in slots.enumerated() {
            if let slot { places[ByteKey(slot.userID)] = place }
        }
    }
}

/// The encoded forms of a channel's member list; each is `nil` after a change, until it is needed.
package struct MemberForms: Sendable {
    /// The form `{"count":…,"ids":[…],"hash":{…}}`.
    package var presence: [UInt8]?
    /// The form `[{"user_id":…,"user_info":…,"via":[…]},…]`.
    package var list: [UInt8]?
}

/// The state of a user with delegated membership on a channel.
package struct Delegated: Equatable, Sendable {
    /// True if the user was also present through another connection when that was last observable.
    ///
    /// While the delegated membership exists, Channels does not report other connections of the
    /// same user.
    package internal(set) var isKnownElsewhere: Bool
    /// When Channels reported the user absent, on the steady clock, until the user is back.
    var absentSince: Duration?
}
