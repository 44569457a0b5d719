// SPDX-License-Identifier: MIT

/// Decides what becomes of what readers say to each other: on which connection it goes out, whether
/// it waits, and why it does not go out.
///
/// Where the user is a member by our doing, their event goes out on their own subscription:
/// Channels stamps it with their id, and the observer hears it like anyone else's. One who is about
/// to become a member is waited for, since as the gateway's their event would bear the wrong id.
/// Only who is no member by our doing is spoken for on the observer's connection.
package struct ClientEventPlanner {
    /// One event that a user wants to say; `data` is one JSON value on one line, the user's own.
    package struct Saying: Equatable, Sendable {
        package let name: String
        package let data: [UInt8]
        package let attendee: Attendee

        package init(_ name: String, data: [UInt8], by attendee: Attendee) {
            self.name = name
            self.data = data
            self.attendee = attendee
        }
    }

    /// The connection on which an event goes out.
    package enum Route: Equatable, Sendable {
        /// One on which its user is a member.
        case own(DelegatePool.ID)
        /// The gateway's own, to which Channels does not say it again.
        case observer
    }

    /// What became of an event.
    package enum Outcome: Equatable, Sendable {
        /// It went out, or says what was said a moment ago.
        case sent
        /// Too many; after so long there is room for one of this user's.
        case excess(Duration)
        /// Channels is away, or does not tell us this channel now.
        case unavailable
        /// The user is still becoming a member.
        case notYet
    }

    /// What the shell is to do about one event.
    package enum Decision: Equatable, Sendable {
        case send(Route)
        case answer(Outcome)
        /// It is kept; `settled` decides about it.
        case wait
    }

    /// What happened since the start, for `STATUS`.
    package struct Counters: Equatable, Sendable {
        /// Events that went out on a subscription of the user's own.
        package var delegated: UInt64 = 0
        /// Events that went out on the observer's.
        package var observed: UInt64 = 0
        /// Events that only repeated what had just been said.
        package var merged: UInt64 = 0
        /// Events that were too many.
        package var excess: UInt64 = 0
        /// Events whose user did not become a member in time.
        package var late: UInt64 = 0

        package init(delegated: UInt64 = 0, observed: UInt64 = 0) {
            self.delegated = delegated
            self.observed = observed
        }
    }

    /// How long an event waits for its user to become a member.
    package static let patience: Duration = .seconds(2)
    /// Events that wait at a time: one a user, and so many in all.
    package static let waitingLimit = 256
    /// The event whose repetitions are merged.
    package static let typing = "client-typing"
    /// The observer's number among the connections.
    package static let observer: DelegatePool.ID = 0

    private struct Waiting {
        let ticket: Int
        let saying: Saying
        let until: Duration
    }

    package private(set) var counters = Counters()
    private var pace = ClientEventPace()
    /// In the order in which they came.
    private var waiting: [Waiting] = []

    package init() {}

    /// How many events wait.
    package var waitingCount: Int { waiting.count }
    /// When `settled` wants to be called at the latest; `nil` while nothing waits.
    package var deadline: Duration? { waiting.first?.until }

    /// A user said something; `ticket` is the shell's name for it while it waits.
    ///
    /// `isHeard` says whether the gateway hears the channel: what it does not hear, its readers do
    /// not hear either.
    package mutating func said(
        _ saying: Saying, ticket: Int, standing: DelegatePool.Standing, isHeard: Bool,
        now: Duration
    ) -> Decision {
        guard isHeard else { return .answer(.unavailable) }
        switch standing {
        case .member(let id): return decide(saying, .own(id), now: now)
        case .apart: return decide(saying, .observer, now: now)
        case .coming:
            let isWaiting = waiting.contains { $0.saying.attendee == saying.attendee }
            guard !isWaiting, waiting.count < Self.waitingLimit else { return late() }
            waiting.append(
                Waiting(ticket: ticket, saying: saying, until: now + Self.patience))
            return .wait
        }
    }

    /// Something changed about who is a member, or time passed: decides about what waits.
    package mutating func settled(
        standing: (Attendee) -> DelegatePool.Standing, isHeard: (String) -> Bool, now: Duration
    ) -> [(ticket: Int, saying: Saying, decision: Decision)] {
        let those = waiting
        waiting = []
        var settled: [(ticket: Int, saying: Saying, decision: Decision)] = []
        for one in those {
            let decision: Decision
            switch (isHeard(one.saying.attendee.channel), standing(one.saying.attendee)) {
            case (false, _): decision = .answer(.unavailable)
            case (true, .member(let id)): decision = decide(one.saying, .own(id), now: now)
            case (true, .apart): decision = decide(one.saying, .observer, now: now)
            case (true, .coming) where now < one.until:
                waiting.append(one)
                continue
            case (true, .coming): decision = late()
            }
            settled.append((one.ticket, one.saying, decision))
        }
        return settled
    }

    /// What was to be sent could not be: its connection does not stand.
    package mutating func failed(_ saying: Saying) {
        pace.notTold(by: saying.attendee)
    }

    /// What was to be sent went out.
    package mutating func went(_ route: Route) {
        switch route {
        case .own: counters.delegated += 1
        case .observer: counters.observed += 1
        }
    }

    /// A connection is gone, with whatever was on its way there.
    package mutating func lost(_ id: DelegatePool.ID) {
        pace.lost(id)
    }

    private mutating func decide(_ saying: Saying, _ route: Route, now: Duration) -> Decision {
        let isState = saying.name == Self.typing
        if isState, pace.isRepeated(saying.data, by: saying.attendee, now: now) {
            counters.merged += 1
            return .answer(.sent)
        }
        let id = if case .own(let id) = route { id } else { Self.observer }
        if let delay = pace.excess(on: id, by: saying.attendee.userID, now: now) {
            counters.excess += 1
            return .answer(.excess(delay))
        }
        if isState { pace.told(saying.data, by: saying.attendee, on: id, now: now) }
        return .send(route)
    }

    private mutating func late() -> Decision {
        counters.late += 1
        return .answer(.notYet)
    }
}
