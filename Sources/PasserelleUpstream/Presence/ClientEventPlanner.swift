// SPDX-License-Identifier: MIT

package import PasserelleHub

/// Decides how a user's client event is sent: on which connection, after a wait, or not at all.
///
/// If the user has a delegated membership, the event is sent on the user's own subscription.
/// Channels stamps it with the user's id, and the observer receives it like any other event. If the
/// membership is pending, the event waits, because the gateway's connection would give it the wrong
/// id. If the user has no delegated membership, the event is sent on the observer's connection.
package struct ClientEventPlanner {
    /// A client event to send; `data` is one JSON value on one line with the user's id.
    package struct OutgoingEvent: Equatable, Sendable {
        package let name: String
        package let data: [UInt8]
        package let user: ChannelUser
    }

    /// The connection on which an event is sent.
    package enum Route: Equatable, Sendable {
        /// A connection on which the user is a member.
        case own(DelegatePool.ID)
        /// The gateway's own connection, to which Channels does not echo the event.
        case observer
    }

    /// The action to perform for one event.
    package enum Decision: Equatable, Sendable {
        case send(Route)
        case answer(ClientEventOutcome)
        /// The event is retained until `decideWaiting` decides.
        case wait
    }

    /// Counters since the start, for `STATUS`.
    package struct Counters: Equatable, Sendable {
        /// Events sent on a user's own subscription.
        package var delegated: UInt64 = 0
        /// Events sent on the observer's connection.
        package var observed: UInt64 = 0
        /// Events merged with an equal one just sent.
        package var merged: UInt64 = 0
        /// Events over the limit.
        package var excess: UInt64 = 0
        /// Events whose user did not become a member in time.
        package var late: UInt64 = 0
        /// Events that Channels refused after they were sent.
        package var dropped: UInt64 = 0

        package init(delegated: UInt64 = 0, observed: UInt64 = 0) {
            self.delegated = delegated
            self.observed = observed
        }
    }

    /// The longest wait of an event for its user's membership.
    package static let membershipTimeout: Duration = .seconds(2)
    /// The largest number of waiting events; each user can have one.
    package static let waitingLimit = 256
    /// The event with merged repetitions.
    package static let typing = "client-typing"
    /// The id that stands for the observer's connection in the quota.
    package static let observer: DelegatePool.ID = 0

    private struct Waiting {
        let ticket: Int
        let outgoing: OutgoingEvent
        let until: Duration
    }

    package private(set) var counters = Counters()
    private var quota = ClientEventQuota()
    /// The waiting events in order of arrival.
    private var waiting: [Waiting] = []

    /// The number of waiting events.
    package var waitingCount: Int { waiting.count }
    /// The time at which `decideWaiting` must be called; `nil` if no event waits.
    package var deadline: Duration? { waiting.first?.until }

    /// Decides about a new event; `ticket` identifies it while it waits.
    ///
    /// `isSubscribed` is true if the gateway is subscribed to the channel. Otherwise the event is
    /// not sent, as readers here would not receive it either.
    package mutating func submit(
        _ outgoing: OutgoingEvent, ticket: Int, membership: DelegatePool.Membership,
        isSubscribed: Bool,
        now: Duration
    ) -> Decision {
        guard isSubscribed else { return .answer(.unavailable) }
        switch membership {
        case .member(let id): return decide(outgoing, .own(id), now: now)
        case .notDelegated: return decide(outgoing, .observer, now: now)
        case .pending:
            let isWaiting = waiting.contains { $0.outgoing.user == outgoing.user }
            guard !isWaiting, waiting.count < Self.waitingLimit else { return late() }
            waiting.append(
                Waiting(ticket: ticket, outgoing: outgoing, until: now + Self.membershipTimeout))
            return .wait
        }
    }

    /// Decides about the waiting events after a change of memberships or the passage of time.
    package mutating func decideWaiting(
        membership: (ChannelUser) -> DelegatePool.Membership, isSubscribed: (String) -> Bool,
        now: Duration
    ) -> [(ticket: Int, outgoing: OutgoingEvent, decision: Decision)] {
        let events = waiting
        waiting = []
        var settled: [(ticket: Int, outgoing: OutgoingEvent, decision: Decision)] = []
        for event in events {
            let decision: Decision
            switch (isSubscribed(event.outgoing.user.channel), membership(event.outgoing.user)) {
            case (false, _): decision = .answer(.unavailable)
            case (true, .member(let id)): decision = decide(event.outgoing, .own(id), now: now)
            case (true, .notDelegated): decision = decide(event.outgoing, .observer, now: now)
            case (true, .pending) where now < event.until:
                waiting.append(event)
                continue
            case (true, .pending): decision = late()
            }
            settled.append((event.ticket, event.outgoing, decision))
        }
        return settled
    }

    /// Drops the waiting events of a user that was revoked on a channel, or on all channels;
    /// returns their tickets.
    package mutating func revoked(_ userID: String, on channel: String?) -> [Int] {
        func isRevoked(_ event: Waiting) -> Bool {
            let user = event.outgoing.user
            return user.userID.hasSameBytes(as: userID)
                && (channel == nil || user.channel == channel)
        }
        defer { waiting.removeAll(where: isRevoked) }
        return waiting.filter(isRevoked).map(\.ticket)
    }

    /// Records that an event could not be sent, because its connection is down.
    package mutating func failed(_ outgoing: OutgoingEvent) {
        quota.forgetState(by: outgoing.user)
    }

    /// Records that an event was sent.
    package mutating func recordSent(_ route: Route) {
        switch route {
        case .own: counters.delegated += 1
        case .observer: counters.observed += 1
        }
    }

    /// Records that Channels refused an event after it was sent.
    package mutating func refusedLater() {
        counters.dropped += 1
    }

    /// Records the loss of a connection, with the events in flight on it.
    package mutating func lost(_ id: DelegatePool.ID) {
        quota.lost(id)
    }

    private mutating func decide(_ outgoing: OutgoingEvent, _ route: Route, now: Duration)
        -> Decision
    {
        let isState = outgoing.name == Self.typing
        if isState, quota.isRepeated(outgoing.data, by: outgoing.user, now: now) {
            counters.merged += 1
            return .answer(.sent)
        }
        let id = if case .own(let id) = route { id } else { Self.observer }
        if let delay = quota.acquire(on: id, by: outgoing.user.userID, now: now) {
            counters.excess += 1
            return .answer(.excess(delay))
        }
        if isState { quota.recordState(outgoing.data, by: outgoing.user, on: id, now: now) }
        return .send(route)
    }

    private mutating func late() -> Decision {
        counters.late += 1
        return .answer(.notYet)
    }
}
