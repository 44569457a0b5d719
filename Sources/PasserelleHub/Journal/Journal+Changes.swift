// SPDX-License-Identifier: MIT

extension Journal {
    /// The number of retractions that are certain to be kept while changes are not stored.
    package static let retainedRetractionLimit = 100_000

    /// Records the hub's changes since the last call; call it at the end of a turn.
    package mutating func takeChanges(of hub: Hub, at now: Moment) {
        for change in hub.takeChanges() { note(change, at: now) }
        // An entry that is not stored has a position too, from which a reader may resume.
        if isKeeping, hub.sequence > writtenSequence { mark(hub.sequence, at: now) }
    }

    /// Records the time if a channel is subscribed; call it about once a second.
    package mutating func timePassed(hub: Hub, at now: Moment) {
        checkWaiting()
        takeChanges(of: hub, at: now)
        guard isKeeping, now.steady - lastMark >= Self.markInterval else { return }
        guard hub.channels.values.contains(where: \.isLive) else { return }
        mark(hub.sequence, at: now)
    }

    /// Records how far the hub is, and that the gateway is running.
    mutating func mark(_ sequence: UInt64, at now: Moment) {
        files.append(.mark(sequence: sequence, time: now.wall))
        writtenSequence = sequence
        lastMark = now.steady
        changedSince = changedSince ?? now.steady
    }

    /// Appends a record, and begins a new segment if the last one is full; returns the record's
    /// length in bytes.
    @discardableResult
    mutating func store(_ record: JournalRecord) -> Int {
        if case .event(let event) = record {
            writtenSequence = max(writtenSequence, event.sequence)
        }
        let bytes = files.append(record)
        if files.lastBytes >= limits.segmentBytes {
            checkWaiting()
            if isStoring { beginSegment() }
        }
        return bytes
    }

    /// Records a change; allocates only the encoded record.
    private mutating func note(_ change: Change, at now: Moment) {
        if case .retracted(let retraction) = change { return retract(retraction, at: now) }
        guard isStoring else { return }
        changedSince = changedSince ?? now.steady
        switch change {
        case .appended(let event, let previous):
            store(.event(JournalEvent(event, previous: previous)))
        case .retracted: break
        case .subscribed(let name, let horizon, let time):
            store(.channel(name, horizon, silence: nil, time: time))
        case .unsubscribed(let name, let horizon, let time):
            store(.channel(name, horizon, silence: time, time: time))
        case .allUnsubscribed(let time): store(.silence(since: time))
        case .seen(let name, let seen): store(.member(name, seen))
        }
    }

    /// Retracts messages in the files, even while changes are not stored.
    private mutating func retract(_ retraction: Retraction, at now: Moment) {
        if !isKeeping, retainedRetractions.count < Self.retainedRetractionLimit {
            retainedRetractions.insert(retraction)
        }
        guard files.retract(retraction) || isReturning else { return }
        changedSince = changedSince ?? now.steady
        // If the bytes are not overwritten before a restart, recovery overwrites them.
        if isStoring { files.append(.retraction(retraction)) }
    }
}
