// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Decides when the application's auth route is asked, and what its answers mean for whom.
///
/// One entry a set of credentials and channel: those who ask for the same at the same time wait for
/// one call, an answer is believed for a while, and streams that live on one are checked again. A
/// route that fails admits nobody; whom it has admitted before may stay for `grace`.
package struct AuthChecks {
    /// What is kept of one set of credentials and channel.
    struct Entry {
        /// Whether a call is out, or is to be: for requests that wait, or only for streams.
        enum Phase { case idle, waiting, again, asking }

        var phase = Phase.idle
        /// When it was queued.
        var queuedAt: Duration = .zero
        /// When the route last admitted; `nil` where it did not, or no longer does.
        var admittedAt: Duration?
        var identity: ReaderIdentity?
        var refusal: (status: Int, at: Duration)?
        /// Since when the route has given no answer, and when it last did not.
        var failing: (since: Duration, last: Duration)?
        /// Requests that wait for the answer.
        var tickets: [Ticket] = []
        /// Streams that live on the answer.
        var stays: [StayID] = []
        /// What the route is shown; empty where nothing is to be asked.
        var fields: HTTPFields = [:]
        /// Which of its places in a delay line counts.
        var turn: UInt64 = 0
        /// How many of its places in the line of expiries are to come.
        var expiryCount = 0

        var isUnused: Bool { phase == .idle && tickets.isEmpty && stays.isEmpty }
    }

    let limits: Limits
    var entries: [Key: Entry] = [:]
    /// Who waits for a call, the first first; an element counts while its entry says the same time.
    private var waiting = DelayLine<(key: Key, at: Duration)>(delay: .zero)
    private var again = DelayLine<(key: Key, at: Duration)>(delay: .zero)
    private var rechecks: DelayLine<(key: Key, turn: UInt64)>
    private var retries: DelayLine<(key: Key, turn: UInt64)>
    private var expiries: DelayLine<Key>
    private var queued = 0
    private var calls = 0
    private var isTurnOfAgain = false
    private var lastTurn: UInt64 = 0
    private var spread = 0
    /// What was counted.
    package private(set) var tally = Tally()

    /// No check has been made yet.
    package init(limits: Limits = Limits()) {
        self.limits = limits
        rechecks = DelayLine(delay: max(limits.recheck - limits.fresh, .zero))
        retries = DelayLine(delay: min(limits.retry, limits.grace))
        expiries = DelayLine(delay: limits.fresh + limits.grace)
    }

    /// How many calls are out, and how many checks wait for one that requests wait for.
    package var load: (calls: Int, queued: Int) { (calls, queued) }

    /// Answers that are kept, and checks that are under way.
    package var count: Int { entries.count }

    /// Whether a call is out.
    package func isAsking(_ key: Key) -> Bool { entries[key]?.phase == .asking }

    // MARK: - Requests

    /// A request wants to know; `ticket` is told at once or later.
    package mutating func asked(
        _ key: Key, showing fields: HTTPFields, by ticket: Ticket, at now: Duration
    ) -> [Action] {
        var entry = entries[key] ?? Entry()
        if let verdict = known(entry, at: now) {
            tally.remembered += 1
            return [.tell(ticket, verdict)]
        }
        if entry.phase == .waiting || entry.phase == .asking {
            tally.joined += 1
            entries[key]?.tickets.append(ticket)
            return []
        }
        guard calls < limits.concurrency || queued < limits.queue else {
            return [.tell(ticket, overloaded())]
        }
        entry.tickets.append(ticket)
        entry.fields = fields
        enqueue(key, entry, as: .waiting, at: now)
        return startCalls()
    }

    /// A request no longer waits.
    package mutating func withdrew(_ ticket: Ticket, from key: Key) {
        guard var entry = entries[key] else { return }
        entry.tickets.removeAll { $0 == ticket }
        if entry.phase == .waiting, entry.tickets.isEmpty {
            queued -= 1
            guard entry.stays.isEmpty else {
                enqueue(key, entry, as: .again, at: entry.queuedAt)
                return
            }
            entry.phase = .idle
        }
        entries[key] = entry
        forgetIfEmpty(key)
    }

    // MARK: - Streams

    /// A stream lives on an admission from now on.
    package mutating func stays(
        _ stay: StayID, on key: Key, showing fields: HTTPFields, as identity: ReaderIdentity?,
        at now: Duration
    ) {
        // An admission that was let go for want of room in this very turn is one all the same.
        var entry = entries[key] ?? Entry(admittedAt: now, identity: identity)
        entry.stays.append(stay)
        entry.fields = fields
        let isFirst = entry.stays.count == 1
        entries[key] = entry
        if isFirst { schedule(key, \.rechecks, at: now) }
    }

    /// When the first of these admissions is no longer fresh; `nil` where there is none.
    package func freshEnd(of keys: [Key]) -> Duration? {
        keys.compactMap { entries[$0]?.admittedAt }.min().map { $0 + limits.fresh }
    }

    /// One who stays is checked again now, unless the answer has become fresh meanwhile.
    package mutating func recheck(_ key: Key, at now: Duration) -> [Action] {
        guard let entry = entries[key], entry.phase == .idle, !entry.stays.isEmpty,
            known(entry, at: now) == nil
        else { return [] }
        enqueue(key, entry, as: .again, at: now)
        return startCalls()
    }

    /// A stream has ended.
    package mutating func left(_ stay: StayID, on key: Key, at now: Duration) {
        guard var entry = entries[key], entry.stays.contains(stay) else { return }
        entry.stays.removeAll { $0 == stay }
        if entry.stays.isEmpty {
            if entry.phase == .again { entry.phase = .idle }
            if entry.phase == .idle { entry.fields = [:] }
            if entry.expiryCount <= 0 {
                entry.expiryCount = 1
                expiries.add(key, at: now)
            }
        }
        entries[key] = entry
    }

    // MARK: - Answers

    /// The route has answered, or has not.
    package mutating func answered(_ key: Key, _ answer: Answer, at now: Duration) -> [Action] {
        guard var entry = entries[key], entry.phase == .asking else { return [] }
        calls -= 1
        tally.count(answer)
        entry.phase = .idle
        var actions: [Action] = []
        switch answer {
        case .admitted(let identity):
            if entry.admittedAt != nil, entry.identity?.userID != identity?.userID {
                actions += end(&entry.stays, .revoked(status: 403))
            }
            entry.identity = identity
            entry.admittedAt = now
            entry.refusal = nil
            entry.failing = nil
            actions += tell(&entry.tickets, .admitted(identity))
        case .refused(let status):
            entry.admittedAt = nil
            entry.identity = nil
            entry.failing = nil
            entry.refusal = (status, now)
            actions += tell(&entry.tickets, .refused(status: status))
            actions += end(&entry.stays, .revoked(status: status))
        case .failed:
            actions += failed(&entry, at: now)
        }
        if entry.stays.isEmpty { entry.fields = [:] }
        entry.expiryCount += 1
        let isHeld = !entry.stays.isEmpty
        entries[key] = entry
        if isHeld { schedule(key, answer == .failed ? \.retries : \.rechecks, at: now) }
        expiries.add(key, at: now)
        makeRoom()
        return actions + startCalls()
    }

    /// No answer: whom it has admitted before stays until `grace` is over, and nobody comes new.
    private mutating func failed(_ entry: inout Entry, at now: Duration) -> [Action] {
        let since = entry.failing?.since ?? now
        entry.failing = (since, now)
        if entry.admittedAt != nil, now - since < limits.grace {
            return tell(&entry.tickets, .admitted(entry.identity))
        }
        entry.admittedAt = nil
        entry.identity = nil
        let verdict = Verdict.unavailable(retryAfter: nextSpread())
        return tell(&entry.tickets, verdict) + end(&entry.stays, .unavailable)
    }

    // MARK: - Time

    /// Time has passed: checks fall due, waits become too long, and answers old.
    package mutating func timePassed(to now: Duration) -> [Action] {
        for line in [\AuthChecks.rechecks, \AuthChecks.retries] {
            while let (key, turn) = self[keyPath: line].popFirst(through: now) {
                guard let entry = entries[key], entry.turn == turn, !entry.stays.isEmpty,
                    entry.phase == .idle
                else { continue }
                enqueue(key, entry, as: .again, at: now)
            }
        }
        while let key = expiries.popFirst(through: now) {
            entries[key]?.expiryCount -= 1
            forget(key, olderThan: now)
        }
        return giveUpWaiting(at: now) + startCalls()
    }

    private mutating func giveUpWaiting(at now: Duration) -> [Action] {
        var actions: [Action] = []
        while let (key, at) = waiting.popFirst(through: now - limits.queueWait) {
            guard var entry = entries[key], entry.phase == .waiting, entry.queuedAt == at else {
                continue
            }
            queued -= 1
            entry.phase = .idle
            var tickets = entry.tickets
            entry.tickets = []
            entries[key] = entry
            actions += tell(&tickets, overloaded())
            forgetIfEmpty(key)
            // A stream that shares it is checked soon again.
            if !entry.stays.isEmpty { schedule(key, \.retries, at: now) }
        }
        return actions
    }

    // MARK: - What is known

    private func known(_ entry: Entry, at now: Duration) -> Verdict? {
        if let refusal = entry.refusal, now - refusal.at < limits.refusedFor {
            return .refused(status: refusal.status)
        }
        guard let admittedAt = entry.admittedAt else { return nil }
        if now - admittedAt < limits.fresh { return .admitted(entry.identity) }
        guard let failing = entry.failing, now - failing.since < limits.grace,
            now - failing.last < limits.failedFor
        else { return nil }
        return .admitted(entry.identity)
    }

    private mutating func forgetIfEmpty(_ key: Key) {
        guard let entry = entries[key], entry.isUnused, entry.admittedAt == nil,
            entry.refusal == nil
        else { return }
        entries[key] = nil
    }

    private mutating func forget(_ key: Key, olderThan now: Duration) {
        guard let entry = entries[key], entry.isUnused else { return }
        let last = max(entry.admittedAt ?? .zero, entry.refusal?.at ?? .zero)
        if now - last >= expiries.delay || entry.admittedAt == nil { entries[key] = nil }
    }

    /// Lets the oldest answers go that nobody lives on.
    private mutating func makeRoom() {
        while entries.count > limits.entries, let key = expiries.popFirst() {
            entries[key]?.expiryCount -= 1
            if entries[key]?.isUnused == true { entries[key] = nil }
        }
    }

    // MARK: - Calls

    private mutating func enqueue(
        _ key: Key, _ entry: Entry, as phase: Entry.Phase, at now: Duration
    ) {
        var entry = entry
        entry.phase = phase
        entry.queuedAt = now
        entries[key] = entry
        if phase == .again { return again.add((key, now), at: now) }
        queued += 1
        waiting.add((key, now), at: now)
    }

    /// Starts as many calls as may be out; those who wait and those who stay take turns.
    private mutating func startCalls() -> [Action] {
        var actions: [Action] = []
        while calls < limits.concurrency, let key = takeNext() {
            calls += 1
            if entries[key]?.phase == .waiting { queued -= 1 }
            tally.calls += 1
            entries[key]?.phase = .asking
            actions.append(.ask(key, entries[key]?.fields ?? [:]))
        }
        return actions
    }

    private mutating func takeNext() -> Key? {
        while waiting.count + again.count > 0 {
            isTurnOfAgain.toggle()
            let isAgain = waiting.count == 0 || (isTurnOfAgain && again.count > 0)
            guard let (key, at) = isAgain ? again.popFirst() : waiting.popFirst() else {
                return nil
            }
            guard let entry = entries[key], entry.queuedAt == at else { continue }
            if entry.phase == (isAgain ? .again : .waiting) { return key }
        }
        return nil
    }

    private mutating func schedule(
        _ key: Key, _ line: WritableKeyPath<AuthChecks, DelayLine<(key: Key, turn: UInt64)>>,
        at now: Duration
    ) {
        lastTurn += 1
        entries[key]?.turn = lastTurn
        self[keyPath: line].add((key, lastTurn), at: now)
    }

    // MARK: - Telling

    private func tell(_ tickets: inout [Ticket], _ verdict: Verdict) -> [Action] {
        defer { tickets = [] }
        return tickets.map { .tell($0, verdict) }
    }

    private mutating func end(_ stays: inout [StayID], _ reason: Denial) -> [Action] {
        defer { stays = [] }
        tally.ended += UInt64(stays.count)
        return stays.map { .end($0, reason) }
    }

    private mutating func overloaded() -> Verdict {
        tally.overloaded += 1
        return .overloaded(retryAfter: nextSpread())
    }

    /// Seconds after which to come back: each the next of a row, so that nobody comes together.
    private mutating func nextSpread() -> Int {
        spread = (spread + 1) % limits.spread
        return spread + 1
    }
}
