// SPDX-License-Identifier: MIT

/// Writes all that a hub holds behind what the journal has, a slice at a time, while the hub goes
/// on: what comes meanwhile is written as always.
struct JournalCopy {
    /// The segments that are not needed once the copy is whole.
    let former: [Int]
    private var names: [String]
    /// Channels on which somebody was seen, those among `names` too.
    private var seenNames: [String]
    private var through: UInt64
    private var current: String?
    private var after: UInt64 = 0

    /// Prepares to copy what is held now.
    init(of hub: Hub, former: [Int]) {
        self.former = former
        through = hub.sequence
        names = Array(hub.channels.keys)
        seenNames = hub.seenMembers.names
    }

    /// Writes the next slice; answers whether there is more.
    mutating func writeSlice(of hub: Hub, at now: Moment, into journal: inout Journal) -> Bool {
        var room = journal.limits.sliceBytes
        while room > 0 {
            let before = journal.buffer.count
            if let name = current {
                guard let channel = hub.channels[name], write(channel, into: &journal, now) else {
                    current = nil
                    continue
                }
            } else if let name = names.popLast() {
                begin(name, of: hub, into: &journal, now)
            } else if let name = seenNames.popLast() {
                // Those of a channel that there is were written with it.
                if hub.channels[name] == nil { members(of: name, in: hub, into: &journal) }
            } else {
                return false
            }
            // A segment that was begun took the buffer: then that much was written.
            let written = journal.buffer.count - before
            room -= written >= 0 ? written : journal.limits.sliceBytes
        }
        return true
    }

    private mutating func begin(
        _ name: String, of hub: Hub, into journal: inout Journal, _ now: Moment
    ) {
        members(of: name, in: hub, into: &journal)
        guard let channel = hub.channels[name] else { return }
        current = name
        after = channel.horizon.sequence
        stand(channel, into: &journal, now)
        journal.rotate()
    }

    private func members(of name: String, in hub: Hub, into journal: inout Journal) {
        for seen in hub.seenMembers.members(of: name) {
            JournalRecord.member(name, seen).append(to: &journal.buffer)
        }
        journal.rotate()
    }

    /// Writes the channel's next entry; answers whether there was one.
    private mutating func write(
        _ channel: Channel, into journal: inout Journal, _ now: Moment
    ) -> Bool {
        if channel.horizon.sequence > after {
            after = channel.horizon.sequence
            stand(channel, into: &journal, now)
        }
        let index = channel.log.index(after: after)
        guard index < channel.log.count, channel.log[index].sequence <= through else {
            return false
        }
        let event = channel.log[index]
        journal.add(JournalEvent(event, previous: after))
        after = event.sequence
        journal.rotate()
        return true
    }

    private func stand(_ channel: Channel, into journal: inout Journal, _ now: Moment) {
        guard channel.wasHeard else { return }
        JournalRecord.channel(
            channel.name, channel.horizon, silence: channel.silence, time: now.wall
        ).append(to: &journal.buffer)
    }
}

extension Channel {
    /// Since when it is not heard; `nil` where it is, or where nobody knows.
    fileprivate var silence: WallTime? {
        switch subscription {
        case .live: nil
        case .idle(let since, _), .pending(let since, _), .refused(_, _, let since, _): since
        case .away(let since): since
        }
    }
}
