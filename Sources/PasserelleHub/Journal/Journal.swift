// SPDX-License-Identifier: MIT

/// Stores a hub's state in files: decides which records are written, and when everything is
/// rewritten.
///
/// A value without I/O: it takes changes and returns operations, one batch at a time. The next
/// batch must not be requested before `finished` was called for the last one. `JournalFiles` turns
/// records into operations.
///
/// | state | changes | next state |
/// |---|---|---|
/// | `on` | stored | `compacting` if too much of the files is obsolete |
/// | `compacting` | stored, beside a copy of everything | `on` once the copy is complete |
/// | `overfull` | dropped until the batch under way ends | `off` when it ends |
/// | `off` | dropped; batches repair the files | `returning` on `retry` |
/// | `returning` | stored, beside a copy of everything | `on` once the copy is complete |
///
/// From `on`, `compacting` and `returning`, a failed batch leads to `off`, and more waiting bytes
/// than `limits.waitingBytes` lead to `overfull`. Retractions apply in every state.
package struct Journal {
    enum State {
        case on
        case compacting(JournalCopy)
        /// If a copy of `returning` was abandoned, `fallback` are the segments before it.
        case overfull(fallback: [Int]?)
        case off
        case returning(JournalCopy)
    }

    /// A batch under way.
    private struct Batch {
        /// The last sequence number that is recorded in it or before it.
        let sequence: UInt64
        /// When the first change in the batch was recorded.
        let since: Duration?
    }

    /// The longest time without a record while channels are subscribed.
    ///
    /// After a crash, the time at which the gateway ended is known to this precision.
    package static let markInterval: Duration = .seconds(10)

    package let limits: JournalLimits
    /// The last sequence number known to be on the disk; 0 before the first batch has ended.
    package private(set) var syncedSequence: UInt64 = 0
    package private(set) var failures = 0
    /// The number of times that everything was rewritten.
    package private(set) var copies = 0

    private(set) var state = State.on
    var files: JournalFiles
    /// The retractions since changes were last stored; empty while `isKeeping`.
    ///
    /// The retracted messages can be in files that the journal does not know. Each new segment
    /// repeats these retractions, so that recovery applies them even if a copy is incomplete.
    var retainedRetractions: Set<Retraction> = []
    var writtenSequence: UInt64
    var lastMark: Duration
    /// When the first change that is in no batch yet was recorded.
    var changedSince: Duration?
    private let epochs: EpochHistory
    private var batch: Batch?
    private var copiedBytes = 0

    /// Continues after a recovered journal; the first batch begins a new segment.
    ///
    /// If any part of the journal could not be read, everything is rewritten; also if the hub
    /// `continues` the last epoch of another process, whose subscriptions have not ended.
    package init(
        after found: JournalRecovery.Result, hub: Hub, limits: JournalLimits = JournalLimits(),
        continues: Bool = false, at now: Moment
    ) {
        self.limits = limits
        files = JournalFiles(after: found)
        epochs = hub.epochs
        writtenSequence = hub.sequence
        lastMark = now.steady
        changedSince = now.steady
        beginSegment()
        if let time = found.past.time, !continues { files.append(.silence(since: time)) }
        if found.damaged > 0 || continues { beginCopy(of: hub, in: State.compacting) }
    }

    // MARK: - State

    /// True if changes are stored, and earlier ones with them.
    package var isKeeping: Bool {
        switch state {
        case .on, .compacting: true
        case .overfull, .off, .returning: false
        }
    }
    /// True if changes are written, even if earlier ones are still missing.
    var isStoring: Bool { isKeeping || isReturning }
    package var isOverfull: Bool { if case .overfull = state { true } else { false } }
    package var isOff: Bool { if case .off = state { true } else { false } }
    package var isReturning: Bool { if case .returning = state { true } else { false } }
    /// True while everything is being rewritten.
    package var isCopying: Bool { if case .compacting = state { true } else { isReturning } }
    /// True while a batch is under way.
    package var isBusy: Bool { batch != nil }
    /// True if a batch can begin.
    package var hasWork: Bool { files.hasWork || isCopying }
    package var segments: [JournalSegment] { files.segments }
    /// The bytes of all segments.
    package var bytes: Int { files.bytes }
    /// The number of records that were replaced by tombstones.
    package var retracted: Int { files.retracted }
    /// When the oldest change that is not on the disk was recorded, on the steady clock.
    package var waitingSince: Duration? { batch?.since ?? changedSince }

    /// Returns how long the next batch may wait, or `nil` if there is no work or a batch is under
    /// way.
    ///
    /// Changes that came while the disk was busy have waited already. Half of `limits.sync` is left
    /// for the disk.
    package func delayBeforeBatch(at now: Duration) -> Duration? {
        guard batch == nil, hasWork else { return nil }
        let waited = waitingSince.map { now - $0 } ?? .zero
        return max(.zero, limits.sync / 2 - waited)
    }

    // MARK: - Batches

    /// Returns the next batch, or `nil` if there is no work or a batch is under way.
    ///
    /// Begins to rewrite everything if too much of the journal is obsolete.
    package mutating func nextBatch(hub: Hub, at now: Moment) -> [DiskOperation]? {
        guard batch == nil else { return nil }
        // A batch must not claim a sequence number before the changes up to it are recorded.
        takeChanges(of: hub, at: now)
        if isWasteful(hub) { beginCopy(of: hub, in: State.compacting) }
        continueCopy(of: hub, at: now)
        guard hasWork else { return nil }
        if isReturning, hub.sequence > writtenSequence { mark(hub.sequence, at: now) }
        batch = Batch(sequence: writtenSequence, since: changedSince)
        changedSince = nil
        return files.takeBatch()
    }

    /// Records the result of the last batch.
    package mutating func finished(succeeded: Bool) {
        guard let batch else { return }
        self.batch = nil
        guard succeeded else { return failed(batch) }
        files.batchSucceeded()
        switch state {
        case .off: break
        case .overfull: failed(batch)
        case .on: syncedSequence = batch.sequence
        case .compacting(let copy):
            syncedSequence = batch.sequence
            if copy.isComplete { finish(copy) }
        case .returning(let copy):
            // Until the copy is complete, some earlier entries are still missing.
            guard copy.isComplete else { break }
            syncedSequence = batch.sequence
            finish(copy)
        }
    }

    /// Retries after a failure: writes a copy of everything to new segments.
    package mutating func retry(hub: Hub, at now: Moment) {
        guard isOff, batch == nil else { return }
        takeChanges(of: hub, at: now)
        writtenSequence = 0
        changedSince = now.steady
        beginCopy(of: hub, in: State.returning)
    }

    /// Records that the process ends in order; the next batch is the last.
    package mutating func end(hub: Hub, at now: Moment) {
        guard isKeeping else { return }
        takeChanges(of: hub, at: now)
        mark(hub.sequence, at: now)
        // The next process restarts the copy if it needs one.
        state = .on
    }

    /// Drops the changes from now on if too many bytes wait for the batch under way.
    mutating func checkWaiting() {
        guard isBusy, isStoring, files.unsyncedBytes > limits.waitingBytes else { return }
        state = .overfull(fallback: fallback)
        files.dropWaiting()
    }

    /// Turns the journal off; a batch that fails while it is off is repeated.
    ///
    /// A copy of `returning` is abandoned. The segments of a copy of `compacting` are kept, because
    /// they hold the changes since it began.
    private mutating func failed(_ batch: Batch) {
        retainedRetractions.formUnion(files.rollBack(keeping: fallback))
        guard !isOff else {
            changedSince = batch.since ?? changedSince
            return
        }
        failures += 1
        changedSince = nil
        state = .off
    }

    // MARK: - Segments and copies

    /// Begins a segment, which can be the only one left if a copy is abandoned.
    mutating func beginSegment() {
        files.beginSegment()
        files.append(.beginning(epochs, followsGap: isReturning))
        for retraction in retainedRetractions { files.append(.retraction(retraction)) }
    }

    private func isWasteful(_ hub: Hub) -> Bool {
        guard case .on = state else { return false }
        // In memory an entry counts twice, plus overhead.
        let held = max(hub.logBytes / 2, copiedBytes)
        return bytes > 2 * held + limits.floorBytes
            || segments.count > 32 + 4 * (held / limits.segmentBytes)
    }

    private mutating func beginCopy(of hub: Hub, in state: (JournalCopy) -> State) {
        self.state = state(JournalCopy(of: hub, former: segments.map(\.number)))
        beginSegment()
    }

    /// Writes the next slice of the copy, if there is one.
    private mutating func continueCopy(of hub: Hub, at now: Moment) {
        switch state {
        case .compacting(var copy):
            writeSlice(&copy, of: hub, at: now)
            state = .compacting(copy)
        case .returning(var copy):
            writeSlice(&copy, of: hub, at: now)
            state = .returning(copy)
        case .on, .overfull, .off: break
        }
    }

    private mutating func writeSlice(_ copy: inout JournalCopy, of hub: Hub, at now: Moment) {
        var room = limits.sliceBytes
        while room > 0, let record = copy.next(of: hub, at: now) { room -= store(record) }
    }

    /// Removes the segments that a complete copy replaces.
    private mutating func finish(_ copy: JournalCopy) {
        files.remove(copy.former)
        copies += 1
        copiedBytes = bytes
        retainedRetractions = []
        state = .on
    }

    /// The segments that are kept if the batch under way fails; `nil` for all.
    private var fallback: [Int]? {
        switch state {
        case .returning(let copy): copy.former
        case .overfull(let fallback): fallback
        case .on, .compacting, .off: nil
        }
    }
}

/// A change of the hub's state, for the journal; changes are in the order in which they happened.
package enum Change {
    /// An entry was appended; `previous` is the sequence number before it on its channel.
    case appended(Event, previous: UInt64)
    /// Messages were retracted, held or not.
    case retracted(Retraction)
    /// A channel was subscribed; it holds no entry at or before its horizon.
    case subscribed(String, Channel.Horizon, at: WallTime)
    /// A channel's subscription ended.
    case unsubscribed(String, Channel.Horizon, at: WallTime)
    /// The subscriptions of all channels ended.
    case allUnsubscribed(at: WallTime)
    /// A member arrived, left, or has a new `user_info`.
    case seen(String, SeenMember)
}

/// The sizes of a journal, in bytes, and its sync interval.
package struct JournalLimits: Sendable {
    /// The size at which a segment is followed by the next.
    package var segmentBytes = 16 * 1_048_576
    /// The bytes of a segment that are read; no segment grows longer, and the rest is damage.
    package static let readBytes = 256 * 1_048_576
    /// The bytes of a copy that are written in one batch.
    package var sliceBytes = 131_072
    /// The bytes that the journal may have beyond twice the held data, before it is rewritten.
    package var floorBytes = 8 * 1_048_576
    /// The bytes that may wait for an unresponsive disk; beyond that, the disk counts as failed.
    package var waitingBytes = 64 * 1_048_576

    /// The time within which an event is on the disk, if a batch takes at most half of it.
    ///
    /// If a batch takes longer, an event is there within twice the time of a batch.
    package var sync: Duration = .milliseconds(50)

    package init() {}
}
