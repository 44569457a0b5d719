// SPDX-License-Identifier: MIT

/// Keeps what a hub holds in files: decides what is written where, and when all is written anew.
///
/// A value that knows no file: it is told what changed and answers with what is to be done, one
/// batch at a time. The next batch is asked for only after `finished` was told of the last.
package struct Journal {
    /// Whether what happens is kept.
    package enum State: Equatable, Sendable {
        case on
        /// A batch failed: nothing is kept until a new copy of everything was written.
        case off
        /// That copy is being written.
        case returning
    }

    /// How long nothing may be written while channels are heard, so that the time of an end is
    /// known that well.
    package static let markInterval: Duration = .seconds(10)

    /// How many messages can be taken back, while nothing is kept, for certain.
    package static let owedLimit = 100_000

    package let limits: JournalLimits
    package private(set) var state = State.on
    package private(set) var segments: [JournalSegment]
    /// The last sequence number that is known to be on the disk; 0 before the first batch has ended.
    package private(set) var syncedSequence: UInt64 = 0
    package private(set) var failures = 0
    /// How often everything was written anew.
    package private(set) var copies = 0
    /// Records whose content was taken out.
    package private(set) var buried = 0

    var buffer: [UInt8] = []
    var copy: JournalCopy?
    private var epochs: EpochLine
    private var pending: [DiskOperation] = []
    private var burials: [DiskOperation] = []
    /// What was taken back since a batch failed: it may lie where nobody knows of it, and must be
    /// told to whoever finds it there beside a copy that is half done.
    private var owed: Set<Burial> = []
    private var touched: Set<Int> = []
    private var changesFolder = false
    private var writtenSequence: UInt64
    private var lastMark: Duration
    private var notedSince: Duration?
    private var flight: Flight?
    private var copiedBytes = 0
    /// True once more waits for the batch under way than may: nothing is kept until that has ended,
    /// and it counts as failed then.
    package private(set) var isOverfull = false

    /// A batch that is under way.
    private struct Flight {
        var sequence: UInt64
        /// When the first of what it writes was noted.
        var since: Duration?
        /// How long each segment is when it has succeeded.
        var ends: [Int: Int] = [:]
        /// What is to be done again where it fails.
        var duties: [DiskOperation]
        var endsCopy: Bool
        /// True where the state does not depend on how it ends.
        var isRepair: Bool
    }

    /// Goes on after what was found; the first batch begins a segment of its own.
    ///
    /// Where anything could not be read, everything is written anew.
    package init(
        after found: JournalRecovery.Result, hub: Hub, limits: JournalLimits = JournalLimits(),
        at now: Moment
    ) {
        self.limits = limits
        segments = found.segments
        epochs = hub.epochs
        writtenSequence = hub.sequence
        lastMark = now.steady
        // What a killed process has written can be read, and yet be lost with the power.
        pending = found.repairs + found.segments.map { .sync(segment: $0.number) }
        beginSegment()
        if let time = found.past.time {
            JournalRecord.silence(since: time).append(to: &buffer)
        }
        notedSince = now.steady
        if found.damaged > 0 { beginCopy(of: hub) }
    }

    // MARK: - What there is

    /// Bytes of all segments.
    package var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    /// When what waits to reach the disk longest was noted, on the steady clock.
    package var waitingSince: Duration? { flight?.since ?? notedSince }
    /// Whether what comes is kept.
    package var isKeeping: Bool { state == .on && !isOverfull }
    /// True while a batch is under way.
    package var isBusy: Bool { flight != nil }
    /// True while everything is being written anew.
    package var isCopying: Bool { copy != nil }
    /// True when a batch could be begun.
    package var hasWork: Bool {
        !buffer.isEmpty || !pending.isEmpty || !burials.isEmpty || copy != nil
    }

    /// How long the next batch may still wait; `nil` where there is nothing to do, or one is under
    /// way.
    ///
    /// What came while the disk was busy has waited already. Half of `limits.sync` is the disk's.
    package func patience(at now: Duration) -> Duration? {
        guard flight == nil, hasWork else { return nil }
        let waited = waitingSince.map { now - $0 } ?? .zero
        return max(.zero, limits.sync / 2 - waited)
    }

    // MARK: - What is told

    /// Notes what changed since this was last asked; call it at the end of a turn.
    package mutating func takeChanges(of hub: Hub, at now: Moment) {
        for change in hub.takeChanges() { note(change, at: now) }
        // What is not kept has a position all the same, which somebody may come back with.
        guard state == .on, !isOverfull, hub.sequence > writtenSequence else { return }
        mark(hub.sequence, at: now)
    }

    /// Costs the encoding of the record.
    private mutating func note(_ change: Change, at now: Moment) {
        if case .buried(let burial) = change { return bury(burial, at: now) }
        guard state != .off, !isOverfull else { return }
        if notedSince == nil { notedSince = now.steady }
        switch change {
        case .appended(let event, let previous): add(JournalEvent(event, previous: previous))
        case .buried: break
        case .heard(let name, let horizon, let time):
            JournalRecord.channel(name, horizon, silence: nil, time: time).append(to: &buffer)
        case .silent(let name, let horizon, let time):
            JournalRecord.channel(name, horizon, silence: time, time: time).append(to: &buffer)
        case .allSilent(let time): JournalRecord.silence(since: time).append(to: &buffer)
        case .seen(let name, let seen): JournalRecord.member(name, seen).append(to: &buffer)
        }
        rotate()
    }

    /// Notes the time, about once a second, and whether any channel is heard.
    package mutating func timePassed(hub: Hub, at now: Moment) {
        checkWaiting()
        takeChanges(of: hub, at: now)
        guard state == .on, now.steady - lastMark >= Self.markInterval else { return }
        guard hub.channels.values.contains(where: \.isLive) else { return }
        mark(hub.sequence, at: now)
    }

    /// Notes that the process ends now, in order: the next batch is the last.
    package mutating func end(hub: Hub, at now: Moment) {
        takeChanges(of: hub, at: now)
        mark(hub.sequence, at: now)
        // The copy is begun anew by whoever comes next.
        copy = nil
    }

    /// The next batch, or `nil` where there is nothing to do or one is under way.
    ///
    /// Begins to write everything anew where too much of the journal is no longer held.
    package mutating func nextBatch(hub: Hub, at now: Moment) -> [DiskOperation]? {
        guard flight == nil else { return nil }
        // What is not noted yet must not seem to be.
        takeChanges(of: hub, at: now)
        guard state != .off else { return repairBatch() }
        if copy == nil, isWasteful(hub) { beginCopy(of: hub) }
        let endsCopy = copy.map { !continueCopy($0, of: hub, at: now) } ?? false
        guard hasWork || endsCopy else { return nil }
        if hub.sequence > writtenSequence { mark(hub.sequence, at: now) }
        takeBuffer()
        var batch = pending + burials
        batch += touched.sorted().map { .sync(segment: $0) }
        if changesFolder { batch.append(.syncFolder) }
        flight = Flight(
            sequence: writtenSequence, since: notedSince,
            ends: Dictionary(uniqueKeysWithValues: segments.map { ($0.number, $0.bytes) }),
            duties: batch.filter(\.isDuty), endsCopy: endsCopy, isRepair: false)
        notedSince = nil
        clearPending()
        return batch
    }

    /// Notes how the last batch ended; answers whether the journal is newly off or newly on.
    @discardableResult
    package mutating func finished(succeeded: Bool) -> State? {
        guard let flight else { return nil }
        self.flight = nil
        if flight.isRepair {
            if !succeeded {
                pending = flight.duties + pending
                touched.formUnion(segments.map(\.number))
            }
            return nil
        }
        guard succeeded else { return failed(flight) }
        buried += flight.duties.count(where: \.isBurial)
        // While it comes back, part of what was said before is still missing.
        if state == .on || flight.endsCopy { syncedSequence = flight.sequence }
        for index in segments.indices {
            segments[index].certain = flight.ends[segments[index].number] ?? 0
        }
        if isOverfull { return failed(flight) }
        return flight.endsCopy ? endCopy() : nil
    }

    /// Tries again after a failure: writes a copy of everything into new segments.
    package mutating func retry(hub: Hub, at now: Moment) {
        guard state == .off, flight == nil else { return }
        takeChanges(of: hub, at: now)
        state = .returning
        writtenSequence = 0
        notedSince = now.steady
        beginCopy(of: hub)
    }

    // MARK: - Writing

    /// Appends an entry, and notes where it lies.
    mutating func add(_ event: JournalEvent) {
        let start = buffer.count
        event.append(to: &buffer)
        writtenSequence = max(writtenSequence, event.sequence)
        let last = segments.count - 1
        segments[last].add(
            event, at: segments[last].bytes + start, bytes: buffer.count - start)
    }

    /// Begins another segment where the last one is full.
    mutating func rotate() {
        guard let last = segments.last, last.bytes + buffer.count >= limits.segmentBytes else {
            return
        }
        checkWaiting()
        beginSegment()
    }

    private mutating func checkWaiting() {
        guard flight != nil, state != .off else { return }
        let waiting = segments.reduce(buffer.count) { $0 + $1.bytes - $1.certain }
        guard waiting > limits.waitingBytes else { return }
        isOverfull = true
        buffer = []
        pending.removeAll { !$0.isDuty }
    }

    private mutating func mark(_ sequence: UInt64, at now: Moment) {
        JournalRecord.mark(sequence: sequence, time: now.wall).append(to: &buffer)
        writtenSequence = sequence
        lastMark = now.steady
        if notedSince == nil { notedSince = now.steady }
    }

    private mutating func beginSegment() {
        takeBuffer()
        // What comes later reaches the disk later: never a deletion before what it takes back.
        pending += touched.sorted().map { .sync(segment: $0) }
        let number = (segments.last?.number ?? 0) + 1
        segments.append(JournalSegment(number: number))
        pending.append(.create(segment: number))
        changesFolder = true
        touched.insert(number)
        // Any one segment of a copy that was given up may be all that is left of it.
        JournalRecord.beginning(epochs, followsHole: state == .returning).append(to: &buffer)
        for burial in owed { JournalRecord.retraction(burial).append(to: &buffer) }
    }

    /// Makes an operation of what the buffer holds.
    private mutating func takeBuffer() {
        guard !buffer.isEmpty else { return }
        let last = segments.count - 1
        let segment = segments[last].number
        pending.append(.write(segment: segment, at: segments[last].bytes, bytes: buffer))
        segments[last].bytes += buffer.count
        touched.insert(segment)
        buffer = []
    }

    private mutating func clearPending() {
        pending = []
        burials = []
        touched = []
        changesFolder = false
    }

    // MARK: - Taking back

    private mutating func bury(_ burial: Burial, at now: Moment) {
        if state != .on, owed.count < Self.owedLimit { owed.insert(burial) }
        var isKept = state == .returning
        for index in segments.indices {
            for place in segments[index].take(burial) {
                isKept = true
                bury(burial, place, in: index)
            }
        }
        guard isKept else { return }
        if notedSince == nil { notedSince = now.steady }
        // Whoever reads the journal before the bytes are overwritten overwrites them.
        if state != .off, !isOverfull { JournalRecord.retraction(burial).append(to: &buffer) }
    }

    private mutating func bury(_ burial: Burial, _ place: JournalSegment.Place, in index: Int) {
        let bytes = Int(place.bytes)
        let start = Int(place.offset) - segments[index].bytes
        guard index == segments.count - 1, start >= 0, start + bytes <= buffer.count else {
            let segment = segments[index].number
            burials.append(
                .bury(segment: segment, at: Int(place.offset), bytes: bytes, burial))
            touched.insert(segment)
            return
        }
        let range = start..<start + bytes
        guard let tombstone = JournalRecord.buried(Array(buffer[range]), burial) else { return }
        buffer.replaceSubrange(range, with: tombstone)
        buried += 1
    }

    // MARK: - Copies and failures

    private func isWasteful(_ hub: Hub) -> Bool {
        guard state == .on else { return false }
        // In memory an entry stands twice, and with more around it.
        let held = max(hub.logBytes / 2, copiedBytes)
        return bytes > 2 * held + limits.floorBytes
            || segments.count > 32 + 4 * (held / limits.segmentBytes)
    }

    private mutating func beginCopy(of hub: Hub) {
        let former = segments.count
        beginSegment()
        copy = JournalCopy(of: hub, former: segments[..<former].map(\.number))
    }

    private mutating func continueCopy(_ copy: JournalCopy, of hub: Hub, at now: Moment) -> Bool {
        var copy = copy
        let goesOn = copy.writeSlice(of: hub, at: now, into: &self)
        self.copy = copy
        return goesOn
    }

    /// What was written before the copy is not needed any more.
    private mutating func endCopy() -> State? {
        guard let copy else { return nil }
        self.copy = nil
        copies += 1
        for number in copy.former { pending.append(.remove(segment: number)) }
        segments.removeAll { copy.former.contains($0.number) }
        // A segment that is gone needs no burial.
        burials.removeAll { $0.isBurial(in: copy.former) }
        touched.subtract(copy.former)
        changesFolder = true
        copiedBytes = bytes
        guard state == .returning else { return nil }
        state = .on
        owed = []
        return .on
    }

    /// Leaves the files as the last batch that succeeded has left them, as far as that can be done.
    ///
    /// A copy that would have brought the journal back is given up; one that was begun while it was
    /// on has what was said since beside it, and stays.
    private mutating func failed(_ flight: Flight) -> State? {
        failures += 1
        isOverfull = false
        buffer = []
        notedSince = nil
        let duties = flight.duties + (pending + burials).filter(\.isDuty)
        clearPending()
        let kept = state == .returning ? copy?.former : nil
        copy = nil
        pending = duties
        for case .bury(_, _, _, let burial) in duties { owed.insert(burial) }
        for segment in segments {
            if segment.certain == 0 || !(kept?.contains(segment.number) ?? true) {
                pending.append(.remove(segment: segment.number))
            } else if segment.bytes > segment.certain {
                pending.append(.cut(segment: segment.number, to: segment.certain))
            }
        }
        segments.removeAll { $0.certain == 0 || !(kept?.contains($0.number) ?? true) }
        for index in segments.indices { segments[index].cut(to: segments[index].certain) }
        let ends = Dictionary(uniqueKeysWithValues: segments.map { ($0.number, $0.bytes) })
        pending.removeAll { $0.isBurial(beyond: ends) }
        // What is there may never have reached the disk, and must before another segment follows.
        touched = Set(ends.keys)
        defer { state = .off }
        return state == .on ? .off : nil
    }

    /// What can be done while nothing is kept: clearing up, and taking back.
    private mutating func repairBatch() -> [DiskOperation]? {
        guard !pending.isEmpty || !burials.isEmpty else { return nil }
        let batch = pending + burials + touched.sorted().map { .sync(segment: $0) }
        flight = Flight(
            sequence: 0, duties: batch.filter(\.isDuty), endsCopy: false, isRepair: true)
        clearPending()
        return batch
    }
}

extension DiskOperation {
    /// True for what has to be done at last, whatever fails meanwhile.
    fileprivate var isDuty: Bool {
        switch self {
        case .bury, .remove, .cut: true
        case .create, .write, .sync, .syncFolder: false
        }
    }

    fileprivate var isBurial: Bool {
        if case .bury = self { true } else { false }
    }

    fileprivate func isBurial(in segments: [Int]) -> Bool {
        if case .bury(let segment, _, _, _) = self { segments.contains(segment) } else { false }
    }

    /// True for a record that is not there: behind a segment's end, or in one that is gone.
    fileprivate func isBurial(beyond ends: [Int: Int]) -> Bool {
        guard case .bury(let segment, let at, let bytes, _) = self else { return false }
        return at + bytes > ends[segment] ?? 0
    }
}
