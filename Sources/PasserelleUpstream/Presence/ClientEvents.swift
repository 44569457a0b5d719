// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Sends what readers say to each other: the thin shell around `ClientEventPlanner`.
///
/// What goes out on the observer's connection is told to the hub here, since Channels does not say
/// it to that connection again; anything else the observer hears. Either way the hub hears it once.
package final class ClientEvents {
    /// Called once with what became of an event.
    package typealias Done = (ClientEventPlanner.Outcome) -> Void

    package var counters: ClientEventPlanner.Counters { planner.counters }
    private let loop: EventLoop
    private let hub: Hub
    private let upstream: Upstream
    private let delegation: Delegation?
    private var planner = ClientEventPlanner()
    private var done: [Int: Done] = [:]
    private var nextTicket = 0
    private lazy var alarm = Alarm(loop) { [weak self] in self?.settle() }
    private var isToSettle = false

    /// `delegation` is `nil` where readers are no members.
    package init(loop: EventLoop, hub: Hub, upstream: Upstream, delegation: Delegation?) {
        self.loop = loop
        self.hub = hub
        self.upstream = upstream
        self.delegation = delegation
        delegation?.changed = { [weak self] in self?.changed() }
        delegation?.lost = { [weak self] in self?.planner.lost($0) }
    }

    /// Sends an event as a user; `data` is one JSON value on one line, already the user's own.
    ///
    /// `done` is called at once, or within `ClientEventPlanner.patience` where the user is still
    /// becoming a member.
    package func send(
        _ name: String, data: [UInt8], on channel: String, as userID: String,
        done: @escaping Done
    ) {
        let saying = ClientEventPlanner.Saying(name, data: data, by: Attendee(channel, userID))
        nextTicket += 1
        let decision = planner.said(
            saying, ticket: nextTicket, standing: standing(of: saying.attendee),
            isHeard: isHeard(channel), now: loop.now)
        self.done[nextTicket] = done
        perform(decision, on: saying, nextTicket)
        alarm.set(planner.deadline)
    }

    private func standing(of attendee: Attendee) -> DelegatePool.Standing {
        delegation?.standing(of: attendee) ?? .apart
    }

    private func isHeard(_ channel: String) -> Bool { hub.channel(channel)?.isLive ?? false }

    private func perform(
        _ decision: ClientEventPlanner.Decision, on saying: ClientEventPlanner.Saying,
        _ ticket: Int
    ) {
        switch decision {
        case .wait: return
        case .answer(let outcome): done.removeValue(forKey: ticket)?(outcome)
        case .send(let route):
            let isOut = send(saying, route)
            if isOut { planner.went(route) } else { planner.failed(saying) }
            done.removeValue(forKey: ticket)?(isOut ? .sent : .unavailable)
        }
    }

    private func send(_ saying: ClientEventPlanner.Saying, _ route: ClientEventPlanner.Route)
        -> Bool
    {
        let channel = saying.attendee.channel
        switch route {
        case .own(let id):
            let message = ClientMessage.clientEvent(
                channel: channel, name: saying.name, data: saying.data)
            return delegation?.send(message, on: id) ?? false
        case .observer:
            guard upstream.send(clientEvent: saying.name, data: saying.data, on: channel) else {
                return false
            }
            let now = Moment(
                steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
            hub.heard(
                channel, event: saying.name, data: saying.data, userID: saying.attendee.userID,
                at: now)
            return true
        }
    }

    // MARK: - What waits

    /// Somebody became a member, or no longer is to be one.
    private func changed() {
        guard planner.waitingCount > 0, !isToSettle else { return }
        isToSettle = true
        // Behind what the pool is just having done: an answer may bring the next request.
        loop.soon { [weak self] in self?.settle() }
    }

    private func settle() {
        isToSettle = false
        let settled = planner.settled(
            standing: { standing(of: $0) }, isHeard: { isHeard($0) }, now: loop.now)
        for (ticket, saying, decision) in settled { perform(decision, on: saying, ticket) }
        alarm.set(planner.deadline)
    }
}
