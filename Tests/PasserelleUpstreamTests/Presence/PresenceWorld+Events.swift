// SPDX-License-Identifier: MIT

import PasserelleTesting
import PasserelleHub

@testable import PasserelleUpstream

/// What readers say to each other, and what became of it.
extension PresenceWorld {
    /// How long a client event may take from a reader to the hub.
    static let eventTravel = longestTravel * 2 + tick * 3

    /// A client event that was sent.
    struct Sent {
        let channel: String
        let userID: String
        let at: Duration
        var fate = Fate.underWay
        enum Fate {
            case underWay
            /// The hub was told.
            case heard
            /// A cut swallowed it.
            case lost
        }
    }

    // MARK: - Saying

    /// Somebody says something, perhaps what they said last, perhaps often.
    mutating func say(times: Int) {
        let attendee = anybody(Self.localUsers)
        for _ in 0..<times {
            let isNew = states[attendee] == nil || Int.random(in: 0..<4, using: &random) > 0
            let text = isNew ? "\(random.next())" : states[attendee]?.text ?? ""
            say(text, by: attendee)
        }
    }

    mutating func say(_ text: String, by attendee: Attendee) {
        let saying = ClientEventPlanner.Saying(
            ClientEventPlanner.typing, data: Array(text.utf8), by: attendee)
        nextTicket += 1
        let ticket = nextTicket
        let decision = planner.said(
            saying, ticket: ticket, standing: standing(of: attendee),
            isHeard: hub.channel(attendee.channel)?.isLive ?? false, now: now)
        if decision == .wait {
            coverage.waited += 1
            waiting[ticket] = now
        }
        obey(decision, saying)
    }

    /// Decides about what waited.
    mutating func settleEvents() {
        var standings: [Attendee: DelegatePool.Standing] = [:]
        for (channel, userID) in Self.channels.flatMap({ channel in
            Self.localUsers.map { (channel, $0) }
        }) {
            standings[Attendee(channel, userID)] = standing(of: Attendee(channel, userID))
        }
        let settled = planner.settled(
            standing: { standings[$0] ?? .apart },
            isHeard: { [hub] in hub.channel($0)?.isLive ?? false }, now: now)
        for (ticket, saying, decision) in settled {
            guard let since = waiting.removeValue(forKey: ticket) else {
                faults.append("an event was decided about twice")
                continue
            }
            if decision == .answer(.notYet), now - since < ClientEventPlanner.patience {
                faults.append("an event waited for \(now - since) only")
            }
            obey(decision, saying)
        }
        for since in waiting.values where now - since >= ClientEventPlanner.patience {
            faults.append("an event waits since \(since)")
        }
    }

    private func standing(of attendee: Attendee) -> DelegatePool.Standing {
        let standing = pool.standing(of: attendee)
        return standing == .coming && mutation == .speakTooEarly ? .apart : standing
    }

    private mutating func obey(
        _ decision: ClientEventPlanner.Decision, _ saying: ClientEventPlanner.Saying
    ) {
        let attendee = saying.attendee
        let text = String(decoding: saying.data, as: UTF8.self)
        switch decision {
        case .send(let route):
            states[attendee] = (text, now)
            send(attendee, route)
        case .answer(.sent):
            coverage.merged += 1
            if states[attendee]?.text != text
                || now - (states[attendee]?.at ?? .zero) >= .seconds(1)
            {
                faults.append("what was not said is not sent")
            }
        case .answer(.excess(let delay)):
            coverage.excess += 1
            if mutation == .neverExcess { return send(attendee, .observer) }
            if delay <= .zero || delay > ClientEventPace.window {
                faults.append("there is room after \(delay)")
            }
        case .wait, .answer: break
        }
    }

    private mutating func send(_ attendee: Attendee, _ route: ClientEventPlanner.Route) {
        let number = sent.count
        sent.append(Sent(channel: attendee.channel, userID: attendee.userID, at: now))
        for listener in listeners
        where listener.channel == attendee.channel && listener.userID != attendee.userID
            && listener.members != nil
        {
            listener.due.append(number)
        }
        let id = if case .own(let id) = route { id } else { Self.observer }
        guard let serverID = lines[id]?.serverID, lines[id]?.session.socketID != nil else {
            faults.append("an event was sent where no connection stands")
            return
        }
        depart(on: serverID)
        lines[id]?.toServer.append((now, .event(channel: attendee.channel, number: number)))
        planner.went(route)
        guard route == .observer else {
            coverage.sentAsOwn += 1
            return
        }
        coverage.sentAsGateway += 1
        if pool.standing(of: attendee) != .apart {
            faults.append("the gateway speaks for \(attendee)")
        }
        hear(attendee.channel, number, as: attendee.userID)
        tellNews()
    }

    /// Channels drops what is more than ten a second on a connection.
    private mutating func depart(on serverID: Int) {
        var times = departures[serverID, default: []].filter { now - $0 < .seconds(1) }
        times.append(now)
        if times.count > 10 { faults.append("\(times.count) events within a second") }
        departures[serverID] = times
    }

    // MARK: - On the way

    /// An event came to the server, which passes it on.
    mutating func arrived(_ number: Int, on serverID: Int, _ channel: String) {
        let isObserved = lines[Self.observer]?.serverID.map {
            server.user(on: $0, channel) != nil
        }
        if !server.relay(serverID, channel, number) {
            faults.append("event \(number) came where its sender is no member")
        }
        if isObserved != true { lose(number) }
    }

    mutating func lose(_ number: Int) {
        guard case .underWay = sent[number].fate else { return }
        sent[number].fate = .lost
        coverage.lost += 1
    }

    /// The observer heard an event.
    mutating func heard(_ channel: String, _ number: Int, from userID: String?) {
        guard sent.indices.contains(number) else { return }
        if isMutated(.dropSome, oneIn: 20) { return }
        if userID != sent[number].userID { faults.append("event \(number) bears \(userID ?? "-")") }
        hear(channel, number, as: userID)
    }

    private mutating func hear(_ channel: String, _ number: Int, as userID: String?) {
        guard hub.channel(channel)?.isLive ?? false else { return lose(number) }
        sent[number].fate = .heard
        hub.heard(
            channel, event: ClientEventPlanner.typing, data: Array("\(number)".utf8),
            userID: mutation == .tellSender ? nil : userID, at: moment)
    }

    /// What a gateway would do that knows not how far it came.
    mutating func repeatLast(on channel: String) {
        guard mutation == .repeatAfterLoss,
            let last = sent.lastIndex(where: { $0.channel == channel && $0.fate == .heard })
        else { return }
        hear(channel, last, as: sent[last].userID)
    }

    // MARK: - Judging

    /// Judges what one heard who leaves now, or at the end: each event of another's that was
    /// accepted while they listened exactly once, unless it was lost or is still on its way.
    mutating func judge(_ listener: PresenceListener) {
        faults += listener.faults
        for number in listener.due {
            let count = listener.heard[number, default: 0]
            switch sent[number].fate {
            case .heard:
                coverage.pairs += 1
                if count != 1 { faults.append("event \(number) was heard \(count) times") }
            case .lost:
                if count != 0 { faults.append("event \(number) was lost and heard") }
            case .underWay:
                if now - sent[number].at > Self.eventTravel {
                    faults.append("event \(number) was never heard")
                }
            }
        }
        for (number, count) in listener.heard {
            guard sent.indices.contains(number), sent[number].channel == listener.channel else {
                faults.append("something was heard that nobody said")
                continue
            }
            if sent[number].userID == listener.userID {
                faults.append("\(listener.userID) heard itself")
            }
            if count > 1 { faults.append("event \(number) was heard \(count) times") }
        }
    }
}
