// SPDX-License-Identifier: MIT

/// The records of everything that a hub holds, one after another.
///
/// The hub continues meanwhile; each record describes the state at the time of its call.
struct JournalCopy {
    /// The segments that are obsolete once the copy is complete.
    let former: [Int]
    /// True once `next` has returned `nil`.
    private(set) var isComplete = false
    private var names: [String]
    /// The channels with users that were seen, including those in `names`.
    private var seenNames: [String]
    /// The last sequence number to copy; later entries are recorded as changes.
    private let through: UInt64
    /// The users of one channel that are still to be written.
    private var seen: (channel: String, userIDs: [String]) = ("", [])
    /// The channel whose entries are being written, and the sequence number of the last one.
    private var current: (channel: String, after: UInt64)?

    /// Prepares a copy of the hub's state.
    init(of hub: Hub, former: [Int]) {
        self.former = former
        through = hub.sequence
        names = Array(hub.channels.keys)
        seenNames = hub.seenMembers.names
    }

    /// Returns the next record, or `nil` at the end.
    mutating func next(of hub: Hub, at now: Moment) -> JournalRecord? {
        while true {
            if let record = nextMember(in: hub) ?? nextEntry(in: hub, at: now) { return record }
            if let name = names.popLast() {
                seen = (name, hub.seenMembers.userIDs(of: name))
                guard let channel = hub.channels[name] else { continue }
                current = (name, after: channel.horizon.sequence)
                if let record = state(of: channel, at: now) { return record }
            } else if let name = seenNames.popLast() {
                // The users of a held channel were written with the channel.
                if hub.channels[name] == nil { seen = (name, hub.seenMembers.userIDs(of: name)) }
            } else {
                isComplete = true
                return nil
            }
        }
    }

    /// Returns the next user in its current state.
    private mutating func nextMember(in hub: Hub) -> JournalRecord? {
        while let userID = seen.userIDs.popLast() {
            if let member = hub.seenMembers.member(userID, of: seen.channel) {
                return .member(seen.channel, member)
            }
        }
        return nil
    }

    /// Returns the channel's next entry, after its new horizon if that has passed the last entry.
    private mutating func nextEntry(in hub: Hub, at now: Moment) -> JournalRecord? {
        guard let (name, after) = current, let channel = hub.channels[name] else { return nil }
        if channel.horizon.sequence > after {
            current = (name, after: channel.horizon.sequence)
            if let record = state(of: channel, at: now) { return record }
            return nextEntry(in: hub, at: now)
        }
        let index = channel.log.index(after: after)
        guard index < channel.log.count, channel.log[index].sequence <= through else {
            current = nil
            return nil
        }
        let event = channel.log[index]
        current = (name, after: event.sequence)
        return .event(JournalEvent(event, previous: after))
    }

    private func state(of channel: Channel, at now: Moment) -> JournalRecord? {
        guard channel.wasSubscribed else { return nil }
        let silence: WallTime? =
            switch channel.subscription {
            case .live: nil
            case .idle(let since, _), .pending(let since, _), .refused(_, _, let since, _): since
            case .away(let since): since
            }
        return .channel(channel.name, channel.horizon, silence: silence, time: now.wall)
    }
}
