// SPDX-License-Identifier: MIT

/// Reads a whole journal, segment by segment in order of their numbers, into the state for a hub.
package struct JournalRecovery {
    /// The contents of a journal.
    package struct Result {
        package let past: RestoredState
        /// The files with which the journal continues.
        package let segments: [JournalSegment]
        /// The operations that must precede any new bytes in the files.
        package let repairs: [DiskOperation]
        /// The numbers of truncated ends, and of unreadable places before the end.
        package let torn: Int
        package let damaged: Int
    }

    private var replay: JournalReplay
    private var segments: [JournalSegment] = []
    private var reader = JournalReader()
    private var repairs: [DiskOperation] = []
    private var retractions: [Retraction] = []
    private var torn = 0
    private var damaged = 0

    /// Creates a recovery within `limits`; `now` determines the age of entries.
    package init(limits: LogLimits, now: Moment) {
        replay = JournalReplay(limits: limits, now: now)
    }

    /// Begins a segment.
    package mutating func begin(segment number: Int) {
        segments.append(JournalSegment(number: number))
        reader = JournalReader()
        replay.segmentBegan(number)
        if number > JournalSegment.greatestNumber { recordDamage() }
    }

    /// Records that part of the segment was not read.
    package mutating func recordDamage() {
        damaged += 1
        replay.recordDamage()
    }

    /// Takes the segment's next bytes; throws if a newer version wrote them.
    package mutating func append(_ bytes: [UInt8]) throws(JournalError) {
        segments[segments.count - 1].bytes += bytes.count
        reader.append(bytes)
        try read(isLast: false)
    }

    /// Ends a segment.
    ///
    /// Only the last segment may end inside a record; it is truncated after its last whole record.
    package mutating func end(isLast: Bool) throws(JournalError) {
        reader.finish()
        try read(isLast: isLast)
        segments[segments.count - 1].syncedBytes = segments[segments.count - 1].bytes
    }

    /// Returns the result of the recovery.
    package mutating func finish() -> Result {
        if replay.isExhausted {
            empty()
        } else {
            // An earlier run may not have completed them.
            for retraction in retractions {
                for index in segments.indices { repairs += segments[index].retract(retraction) }
            }
        }
        return Result(
            past: replay.finish(), segments: segments, repairs: repairs, torn: torn,
            damaged: damaged)
    }

    /// Empties the files, because the next run would issue sequence numbers that they contain.
    ///
    /// This counts as damage, so that everything is rewritten and the files are removed.
    private mutating func empty() {
        damaged += 1
        repairs = segments.map { .cut(segment: $0.number, to: 0) }
        segments = segments.map { JournalSegment(number: $0.number) }
    }

    private mutating func read(isLast: Bool) throws(JournalError) {
        while let item = try reader.next() {
            switch item {
            case .record(let record, let offset, let bytes):
                if case .event(let event) = record {
                    segments[segments.count - 1].add(event, at: offset, bytes: bytes)
                }
                if case .retraction(let retraction) = record { retractions.append(retraction) }
                replay.take(record)
            case .torn(let offset, _) where isLast:
                torn += 1
                segments[segments.count - 1].bytes = offset
                repairs.append(.cut(segment: segments[segments.count - 1].number, to: offset))
            case .damaged, .torn:
                recordDamage()
            }
        }
    }
}

extension Hub {
    /// Creates a hub that continues after an earlier run.
    ///
    /// A new epoch begins; every position that the restored state knows stays valid. No channel is
    /// subscribed. Each channel that was subscribed gets one gap when it is subscribed again.
    package convenience init(
        restoring past: RestoredState, epoch: UInt64, configuration: HubConfiguration,
        at now: Moment
    ) {
        let line = past.epochs?.continued(by: epoch, after: past.sequence) ?? EpochHistory(epoch)
        self.init(epochs: line, configuration: configuration, restoring: past, at: now)
    }

    /// Restores a channel of an earlier run.
    func restore(_ restored: RestoredState.Channel, at now: Moment) {
        let channel = channel(named: restored.name, now: now.steady)
        channel.horizon = restored.horizon
        channel.wasSubscribed = restored.wasSubscribed
        channel.hasFormerMembers = restored.wasSubscribed
        channel.subscription = .idle(since: restored.since, reason: .restart)
        for event in restored.events {
            channel.log.append(event)
            if let key = event.key { channel.keys.add(key, at: event.sequence) }
        }
        logBytes += channel.log.bytes
        let present = seenMembers.members(of: restored.name).filter(\.isPresent).map(\.member)
        setMembers(bounded(present, on: channel), of: channel)
        evict(channel, now: now.steady)
    }
}

/// The state that an earlier run of the gateway left, with which a hub begins.
package struct RestoredState {
    /// The state of one channel.
    package struct Channel {
        package let name: String
        /// True if Channels had confirmed a subscription.
        package let wasSubscribed: Bool
        package let horizon: PasserelleHub.Channel.Horizon
        /// The held entries, in ascending order, with a gap at each place with missing entries.
        package let events: [Event]
        /// When its subscription ended, as far as known; never later than the actual time.
        package let since: WallTime?
    }

    /// The epochs of earlier runs; `nil` if this is the first run.
    package let epochs: EpochHistory?
    /// The last sequence number known to have been issued.
    package let sequence: UInt64
    /// The last time at which the gateway was running, as far as known.
    package let time: WallTime?
    package let channels: [Channel]
    package let seenMembers: SeenMembers
}
