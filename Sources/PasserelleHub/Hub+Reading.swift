// SPDX-License-Identifier: MIT

/// Reading on from a cursor.
extension Hub {
    /// Gives what the reader is to be told next and moves its cursor past it, or `nil` when the
    /// reader is up to date.
    ///
    /// Snapshots and refusals come first, then entries of all channels in the order of their
    /// sequence numbers; a hole in front of a channel's held entries is told where it ends.
    package func next(_ cursor: inout Cursor) -> Entry? {
        if let notice = notice(&cursor) { return notice }
        while true {
            guard let (slot, sequence, isHole) = nearest(cursor) else { return nil }
            let channel = cursor.slots[slot].channel
            let from = cursor.sequence
            cursor.sequence = sequence
            if isHole {
                cursor.slots[slot].gapsThrough = sequence
                let gap = Gap(channel.horizon.reason, from: position(at: from))
                return .gap(channel, gap)
            }
            let event = channel.log[channel.log.index(after: sequence - 1)]
            let isOld =
                sequence <= cursor.slots[slot].startsAfter
                || (event.content.isMemberChange && sequence <= cursor.slots[slot].membersThrough)
            if !isOld { return .event(event) }
        }
    }

    /// True when `next` would give nothing.
    package func isUpToDate(_ cursor: Cursor) -> Bool {
        var copy = cursor
        return next(&copy) == nil
    }

    /// Snapshots, refusals and gaps that are due before any entry.
    private func notice(_ cursor: inout Cursor) -> Entry? {
        for index in cursor.slots.indices {
            let channel = cursor.slots[index].channel
            if cursor.slots[index].awaitsSnapshot {
                switch channel.subscription {
                case .live:
                    cursor.slots[index].awaitsSnapshot = false
                    cursor.slots[index].membersThrough = sequence
                    return .snapshot(channel)
                case .refused(let status, let message, _, _)
                where !cursor.slots[index].knowsRefusal:
                    cursor.slots[index].knowsRefusal = true
                    return .refusal(channel, status: status, message: message)
                default: break
                }
            }
            if let gap = cursor.slots[index].gap {
                cursor.slots[index].gap = nil
                return .gap(channel, gap)
            }
        }
        return nil
    }

    /// The slot with the lowest sequence number above the cursor's, and whether it is a hole's end.
    private func nearest(_ cursor: Cursor) -> (slot: Int, sequence: UInt64, isHole: Bool)? {
        var best: (slot: Int, sequence: UInt64, isHole: Bool)?
        for index in cursor.slots.indices {
            let channel = cursor.slots[index].channel
            let horizon = channel.horizon.sequence
            let candidate: (UInt64, Bool)
            let told = max(cursor.sequence, cursor.slots[index].gapsThrough)
            // Before a channel was heard at all, nobody knows yet where its hole ends.
            if told < horizon, channel.wasHeard {
                candidate = (horizon, true)
            } else {
                let next = channel.log.index(after: cursor.sequence)
                guard next < channel.log.count else { continue }
                candidate = (channel.log[next].sequence, false)
            }
            if best.map({ candidate.0 < $0.sequence }) ?? true {
                best = (index, candidate.0, candidate.1)
            }
        }
        return best
    }
}
