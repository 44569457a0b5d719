// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Sends client events on behalf of users: executes the decisions of `ClientEventPlanner`.
///
/// Channels does not echo an event to the connection that sent it. An event sent on the observer's
/// connection is therefore passed to the hub here. An event sent on any other connection arrives at
/// the observer. Either way the hub receives it once.
package final class ClientEvents {
    /// Called once with the outcome of an event.
    package typealias Done = (ClientEventOutcome) -> Void

    /// Channels refused client events that were sent: `count` of them since the last note.
    package struct RefusalNote: Equatable {
        package let code: Int?
        package let message: String
        package let count: UInt64
    }

    package var counters: ClientEventPlanner.Counters { planner.counters }
    /// Called with log entries.
    package var onLog: ((RefusalNote) -> Void)?
    /// The code and message of the most recent refusal of a client event.
    package private(set) var lastRefusal: String?
    private var refusalThrottle = LogThrottle<Int?>()
    private let loop: EventLoop
    private let hub: Hub
    private let upstream: Upstream
    private let delegation: PresenceDelegate?
    private var planner = ClientEventPlanner()
    private var done: [Int: Done] = [:]
    private var nextTicket = 0
    private lazy var alarm = Alarm(loop) { [weak self] in self?.decideWaiting() }
    private var isRecheckScheduled = false

    /// Creates the sender; `delegation` is `nil` if users are not made members.
    package init(loop: EventLoop, hub: Hub, upstream: Upstream, delegation: PresenceDelegate?) {
        self.loop = loop
        self.hub = hub
        self.upstream = upstream
        self.delegation = delegation
        delegation?.changed = { [weak self] in self?.changed() }
        delegation?.lost = { [weak self] in self?.planner.lost($0) }
        delegation?.clientEventRefused = { [weak self] in self?.refused(code: $0, $1) }
        upstream.clientEventRefused = { [weak self] in self?.refused(code: $0, $1) }
    }

    /// Sends a client event as a user.
    ///
    /// `data` is one JSON value on one line, which already carries the user's id.
    ///
    /// `done` is called at once, or within `ClientEventPlanner.membershipTimeout` if the user's
    /// membership is pending.
    package func send(
        _ name: String, data: [UInt8], on channel: String, as userID: String,
        done: @escaping Done
    ) {
        let outgoing = ClientEventPlanner.OutgoingEvent(
            name: name, data: data, user: ChannelUser(channel, userID))
        nextTicket += 1
        let decision = planner.submit(
            outgoing, ticket: nextTicket, membership: membership(of: outgoing.user),
            isSubscribed: isSubscribed(channel), now: loop.now)
        self.done[nextTicket] = done
        perform(decision, on: outgoing, nextTicket)
        alarm.set(planner.deadline)
    }

    /// Drops the waiting events of a user that was revoked on a channel, or on all channels.
    package func revoked(_ userID: String, on channel: String?) {
        for ticket in planner.revoked(userID, on: channel) {
            done.removeValue(forKey: ticket)?(.revoked)
        }
        alarm.set(planner.deadline)
    }

    private func membership(of user: ChannelUser) -> DelegatePool.Membership {
        delegation?.membership(of: user) ?? .notDelegated
    }

    private func isSubscribed(_ channel: String) -> Bool { hub.channel(channel)?.isLive ?? false }

    private func perform(
        _ decision: ClientEventPlanner.Decision, on outgoing: ClientEventPlanner.OutgoingEvent,
        _ ticket: Int
    ) {
        switch decision {
        case .wait: return
        case .answer(let outcome): done.removeValue(forKey: ticket)?(outcome)
        case .send(let route):
            let isOut = send(outgoing, route)
            if isOut { planner.recordSent(route) } else { planner.failed(outgoing) }
            done.removeValue(forKey: ticket)?(isOut ? .sent : .unavailable)
        }
    }

    private func send(
        _ outgoing: ClientEventPlanner.OutgoingEvent, _ route: ClientEventPlanner.Route
    )
        -> Bool
    {
        let channel = outgoing.user.channel
        switch route {
        case .own(let id):
            let message = ClientMessage.clientEvent(
                channel: channel, name: outgoing.name, data: outgoing.data)
            guard delegation?.send(message, on: id) == true else { return false }
            upstream.sentEvents.sent(outgoing, now: loop.now)
            return true
        case .observer:
            guard upstream.send(clientEvent: outgoing.name, data: outgoing.data, on: channel) else {
                return false
            }
            // A process that takes over receives the event, unlike this connection.
            upstream.receivedDigests?.note(
                .event(channel: channel, name: outgoing.name, data: outgoing.data, userID: nil),
                at: loop.moment.wall)
            hub.received(
                channel, event: outgoing.name, data: outgoing.data, userID: outgoing.user.userID,
                at: loop.moment)
            return true
        }
    }

    /// Handles the refusal of a sent event, which Channels does not identify.
    private func refused(code: Int?, _ message: String) {
        planner.refusedLater()
        lastRefusal = code.map { "\($0): \(message)" } ?? message
        guard let others = refusalThrottle.passes(code, now: loop.now) else { return }
        onLog?(RefusalNote(code: code, message: message, count: others + 1))
    }

    // MARK: - Waiting events

    /// Handles a change of memberships.
    private func changed() {
        guard planner.waitingCount > 0, !isRecheckScheduled else { return }
        isRecheckScheduled = true
        // Deferred until the pool has finished: an outcome may lead to the next request.
        loop.execute { [weak self] in self?.decideWaiting() }
    }

    private func decideWaiting() {
        isRecheckScheduled = false
        let settled = planner.decideWaiting(
            membership: { membership(of: $0) }, isSubscribed: { isSubscribed($0) }, now: loop.now)
        for (ticket, outgoing, decision) in settled { perform(decision, on: outgoing, ticket) }
        alarm.set(planner.deadline)
    }
}
