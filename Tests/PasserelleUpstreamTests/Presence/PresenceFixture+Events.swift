// SPDX-License-Identifier: MIT

import PasserelleTesting
import PasserelleHub

@testable import PasserelleUpstream

/// The client events of the simulation, and their delivery.
extension PresenceFixture {
    /// The longest time that a client event takes from a reader to the hub.
    static let eventTravel = longestTravel * 2 + tick * 3

    /// A client event that was sent.
    struct Sent {
        let channel: String
        let userID: String
        let at: Duration
        var fate = Fate.inFlight
        enum Fate {
            case inFlight
            /// The hub received it.
            case received
            /// It was lost with its connection.
            case lost
        }
    }

    // MARK: - Sending

    /// Sends events of a random user; some repeat the user's last state.
    mutating func send(times: Int) {
        let user = randomUser(Self.localUsers)
        for _ in 0..<times {
            let isNew = states[user] == nil || Int.random(in: 0..<4, using: &random) > 0
            let text = isNew ? "\(random.next())" : states[user]?.text ?? ""
            send(text, by: user)
        }
    }

    mutating func send(_ text: String, by user: ChannelUser) {
        let outgoing = ClientEventPlanner.OutgoingEvent(
            name: ClientEventPlanner.typing, data: Array(text.utf8), user: user)
        nextTicket += 1
        let ticket = nextTicket
        let decision = planner.submit(
            outgoing, ticket: ticket, membership: membership(of: user),
            isSubscribed: hub.channel(user.channel)?.isLive ?? false, now: now)
        if decision == .wait {
            coverage.waited += 1
            waiting[ticket] = now
        }
        execute(decision, outgoing)
    }

    /// Decides about the waiting events.
    mutating func settleEvents() {
        var standings: [ChannelUser: DelegatePool.Membership] = [:]
        for (channel, userID) in Self.channels.flatMap({ channel in
            Self.localUsers.map { (channel, $0) }
        }) {
            standings[ChannelUser(channel, userID)] = membership(of: ChannelUser(channel, userID))
        }
        let settled = planner.decideWaiting(
            membership: { standings[$0] ?? .notDelegated },
            isSubscribed: { [hub] in hub.channel($0)?.isLive ?? false }, now: now)
        for (ticket, outgoing, decision) in settled {
            guard let since = waiting.removeValue(forKey: ticket) else {
                faults.append("an event was decided twice")
                continue
            }
            if decision == .answer(.notYet), now - since < ClientEventPlanner.membershipTimeout {
                faults.append("an event waited only \(now - since)")
            }
            execute(decision, outgoing)
        }
        for since in waiting.values where now - since >= ClientEventPlanner.membershipTimeout {
            faults.append("an event has waited since \(since)")
        }
    }

    private func membership(of user: ChannelUser) -> DelegatePool.Membership {
        let membership = pool.membership(of: user)
        return membership == .pending && mutation == .sendTooEarly ? .notDelegated : membership
    }

    private mutating func execute(
        _ decision: ClientEventPlanner.Decision, _ outgoing: ClientEventPlanner.OutgoingEvent
    ) {
        let user = outgoing.user
        let text = String(decoding: outgoing.data, as: UTF8.self)
        switch decision {
        case .send(let route):
            states[user] = (text, now)
            send(user, route)
        case .answer(.sent):
            coverage.merged += 1
            if states[user]?.text != text
                || now - (states[user]?.at ?? .zero) >= .seconds(1)
            {
                faults.append("a new state is not sent")
            }
        case .answer(.excess(let delay)):
            coverage.excess += 1
            if mutation == .neverExcess { return send(user, .observer) }
            if delay <= .zero || delay > ClientEventQuota.window {
                faults.append("the delay is \(delay)")
            }
        case .wait, .answer: break
        }
    }

    private mutating func send(_ user: ChannelUser, _ route: ClientEventPlanner.Route) {
        let number = sent.count
        sent.append(Sent(channel: user.channel, userID: user.userID, at: now))
        for listener in listeners
        where listener.channel == user.channel && listener.userID != user.userID
            && listener.members != nil
        {
            listener.due.append(number)
        }
        let id = if case .own(let id) = route { id } else { Self.observer }
        guard let serverID = lines[id]?.serverID, lines[id]?.session.socketID != nil else {
            faults.append("an event was sent without a connection")
            return
        }
        depart(on: serverID)
        lines[id]?.toServer.append((now, .event(channel: user.channel, number: number)))
        planner.recordSent(route)
        guard route == .observer else {
            coverage.sentAsOwn += 1
            return
        }
        coverage.sentAsGateway += 1
        if pool.membership(of: user) != .notDelegated {
            faults.append("the gateway sent an event of the member \(user)")
        }
        receive(user.channel, number, as: user.userID)
        deliverUpdates()
    }

    /// Channels drops events beyond ten a second on a connection.
    private mutating func depart(on serverID: Int) {
        var times = departures[serverID, default: []].filter { now - $0 < .seconds(1) }
        times.append(now)
        if times.count > 10 { faults.append("\(times.count) events within a second") }
        departures[serverID] = times
    }

    // MARK: - Delivery

    /// Handles an event that arrived at the server, which relays it.
    mutating func arrived(_ number: Int, on serverID: Int, _ channel: String) {
        let isObserved = lines[Self.observer]?.serverID.map {
            server.user(on: $0, channel) != nil
        }
        if !server.relay(serverID, channel, number) {
            faults.append("event \(number) arrived on a channel without its sender as a member")
        }
        if isObserved != true { lose(number) }
    }

    mutating func lose(_ number: Int) {
        guard case .inFlight = sent[number].fate else { return }
        sent[number].fate = .lost
        coverage.lost += 1
    }

    /// Handles an event that the observer received.
    mutating func received(_ channel: String, _ number: Int, from userID: String?) {
        guard sent.indices.contains(number) else { return }
        if isMutated(.dropSome, oneIn: 20) { return }
        if userID != sent[number].userID { faults.append("event \(number) is by \(userID ?? "-")") }
        receive(channel, number, as: userID)
    }

    private mutating func receive(_ channel: String, _ number: Int, as userID: String?) {
        guard hub.channel(channel)?.isLive ?? false else { return lose(number) }
        sent[number].fate = .received
        hub.received(
            channel, event: ClientEventPlanner.typing, data: Array("\(number)".utf8),
            userID: mutation == .echoToSender ? nil : userID, at: moment)
    }

    /// Repeats the last event, as a gateway without a position would.
    mutating func repeatLast(on channel: String) {
        guard mutation == .repeatAfterLoss,
            let last = sent.lastIndex(where: { $0.channel == channel && $0.fate == .received })
        else { return }
        receive(channel, last, as: sent[last].userID)
    }

    // MARK: - Verification

    /// Verifies the events that a reader received, when it leaves or at the end: exactly once each
    /// event of another user that was accepted meanwhile, unless it was lost or is still in flight.
    mutating func judge(_ listener: PresenceListener) {
        faults += listener.faults
        for number in listener.due {
            let count = listener.received[number, default: 0]
            switch sent[number].fate {
            case .received:
                coverage.pairs += 1
                if count != 1 { faults.append("event \(number) was received \(count) times") }
            case .lost:
                if count != 0 { faults.append("event \(number) was lost and received") }
            case .inFlight:
                if now - sent[number].at > Self.eventTravel {
                    faults.append("event \(number) was never received")
                }
            }
        }
        for (number, count) in listener.received {
            guard sent.indices.contains(number), sent[number].channel == listener.channel else {
                faults.append("an event was received that was not sent")
                continue
            }
            if sent[number].userID == listener.userID {
                faults.append("\(listener.userID) received its own event")
            }
            if count > 1 { faults.append("event \(number) was received \(count) times") }
        }
    }
}
