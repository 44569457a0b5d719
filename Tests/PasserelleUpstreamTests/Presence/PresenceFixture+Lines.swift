// SPDX-License-Identifier: MIT

import PasserelleTesting
import PasserelleHub
import PasserelleWire

@testable import PasserelleUpstream

/// The messages between the gateway and the server.
extension PresenceFixture {
    mutating func open(_ id: Int) {
        var dice = random
        _ = random.next()
        lines[id] = Line(
            session: UpstreamSession { Double.random(in: 0..<1, using: &dice) })
        act(id) { $0.started(now: $1) }
    }

    /// Calls a session and performs the actions that it returns.
    mutating func act(
        _ id: Int, _ body: (inout UpstreamSession, Duration) -> [UpstreamSession.Action]
    ) {
        guard var line = lines[id] else { return }
        let actions = body(&line.session, now)
        lines[id]?.session = line.session
        for action in mutated(actions) {
            switch action {
            case .connect: connect(id)
            case .send(.unsubscribe(let channel)): ask(id, .unsubscribe(channel: channel))
            case .send(.ping): ask(id, .ping)
            case .send: break
            case .subscribe(let channel, _):
                let user = id == Self.observer ? "passerelle" : pool.occupant(of: channel, on: id)
                guard let user else { continue }
                ask(id, .subscribe(channel: channel, userID: user))
            case .endLink:
                dropRequests(of: id)
                if let serverID = lines[id]?.serverID { server.close(serverID) }
                lines[id]?.serverID = nil
                lines[id]?.toClient = []
                takeFromServer()
            case .deliver(let report): handle(report, by: id)
            }
        }
        settleHub()
    }

    /// Returns the actions, with a fault after a refusal if the mutation requests one.
    private func mutated(_ actions: [UpstreamSession.Action]) -> [UpstreamSession.Action] {
        guard mutation == .undoLate || mutation == .keepRefused,
            actions.contains(where: { if case .deliver(.refused) = $0 { true } else { false } })
        else { return actions }
        let isUndoing = { (action: UpstreamSession.Action) in
            if case .send(.unsubscribe) = action { true } else { false }
        }
        let others = actions.filter { !isUndoing($0) }
        return mutation == .keepRefused ? others : others + actions.filter(isUndoing)
    }

    private mutating func ask(_ id: Int, _ request: Request) {
        guard lines[id]?.serverID != nil else { return }
        lines[id]?.toServer.append((now, request))
    }

    private mutating func connect(_ id: Int) {
        let used = lines.values.count { $0.serverID != nil }
        lines[id]?.toServer = []
        let serverID = server.open()
        lines[id]?.serverID = serverID
        guard id == Self.observer || used < server.connectionLimit else {
            coverage.connectionRefusals += 1
            let isFinal = Bool.random(using: &random)
            lines[id]?.toClient = [
                (now, .error(code: isFinal ? 4004 : 4100, message: "over the limit"))
            ]
            return
        }
        let message = ServerMessage.connectionEstablished(
            socketID: "1.\(serverID)", activityTimeout: 120)
        lines[id]?.toClient = [(now, message)]
    }

    mutating func serve(_ request: Request, of id: Int) {
        guard let serverID = lines[id]?.serverID else { return }
        switch request {
        case .subscribe(let channel, let userID):
            if let other = server.user(on: serverID, channel) {
                faults.append("\(userID) subscribes in place of \(other) on connection \(id)")
            }
            server.subscribe(serverID, channel, userID)
        case .unsubscribe(let channel): server.unsubscribe(serverID, channel)
        case .event(let channel, let number):
            arrived(number, on: serverID, channel)
        case .ping: lines[id]?.toClient.append((now, .pong))
        }
        takeFromServer()
    }

    /// Drops the messages in flight between the gateway and the server on a connection.
    mutating func dropRequests(of id: Int) {
        for case .event(_, let number) in lines[id]?.toServer.map(\.request) ?? [] { lose(number) }
        lines[id]?.toServer = []
        guard id == Self.observer else { return }
        // Events lost by the observer are covered by a gap.
        for case .event(_, _, let data, _) in lines[id]?.toClient.map(\.message) ?? [] {
            if let number = Int(String(decoding: data, as: UTF8.self)) { lose(number) }
        }
    }

    /// Puts the server's messages in flight.
    mutating func takeFromServer() {
        for (serverID, message) in server.takeOutgoing() {
            guard let id = lines.first(where: { $0.value.serverID == serverID })?.key else {
                continue
            }
            lines[id]?.toClient.append((now, message))
        }
        faults += server.faults
        server.faults = []
    }

    private mutating func handle(_ report: UpstreamSession.Report, by id: Int) {
        if id == Self.observer { return observed(report) }
        switch report {
        case .established:
            coverage.reconnects += overdue.excused[id] == nil ? 0 : 1
            pool.established(id)
        case .subscribed(let channel, _):
            let user = pool.occupant(of: channel, on: id).map { ChannelUser(channel, $0) }
            perform(pool.subscribed(id, channel: channel, now: now))
            if let user { _ = fallbacks.clearRefusal(user) }
        case .refused(let channel, let status, let message):
            perform(pool.refused(id, channel: channel, status: status, message: message, now: now))
        case .lost:
            planner.lost(id)
            perform(pool.lost(id, now: now))
        case .waits(let delay, let cause):
            overdue.excused[id] = now + delay
            if case .code(let code, let words) = cause, (4100..<4200).contains(code) {
                perform(pool.refusedTemporarily(id, code: code, message: words, now: now))
            }
        case .rejectedPermanently(let code, let message):
            perform(pool.rejectedPermanently(id, code: code, message: message, now: now))
        case .error, .clientEventRefused, .event, .memberAdded, .memberRemoved, .pong: break
        }
    }

    private mutating func observed(_ report: UpstreamSession.Report) {
        switch report {
        case .event(let channel, _, let data, let userID):
            received(channel, Int(String(decoding: data, as: UTF8.self)) ?? -1, from: userID)
        case .memberAdded(let channel, let member):
            let member = Member(userID: member.userID, userInfo: nil)
            hub.memberAdded(channel, member, at: moment)
        case .memberRemoved(let channel, let userID):
            hub.memberRemoved(channel, userID: userID, at: moment)
        case .subscribed(let channel, let members):
            let list = (members ?? []).map { Member(userID: $0.userID, userInfo: nil) }
            hub.subscribed(channel, members: list, at: moment)
            repeatLast(on: channel)
        case .lost:
            coverage.observerLosses += 1
            hub.lost(at: moment)
        case .refused, .established, .pong, .waits, .error, .clientEventRefused,
            .rejectedPermanently:
            break
        }
        deliverUpdates(mayRemove: false)
    }

    mutating func perform(_ actions: [DelegatePool.Action]) {
        if actions.contains(where: { if case .open = $0 { true } else { false } }),
            pool.connectionCount > pool.need
        {
            faults.append("\(pool.connectionCount) connections for \(pool.need)")
        }
        for action in actions { perform(action) }
        deliverUpdates()
    }

    private mutating func perform(_ action: DelegatePool.Action) {
        switch action {
        case .open(let id): open(id)
        case .close(let id):
            if isMutated(.keepSurplus, oneIn: 3) { return }
            act(id) { session, _ in session.stopped() }
            lines[id] = nil
            planner.lost(id)
        case .subscribe(let id, let user):
            if case .moving(_, id)? = pool.delegations[user]?.place { coverage.moves += 1 }
            if isMutated(.forgetSome, oneIn: 20) { return }
            act(id) { $0.wanted(user.channel, now: $1) }
        case .unsubscribe(let id, let channel):
            if isMutated(.keepSubscriptions, oneIn: 10) { return }
            act(id) { $0.unwanted(channel, now: $1) }
        case .expect(let user):
            if mutation == .reportAbsences { return }
            hub.beginDelegation(user.channel, userID: user.userID, at: moment)
        case .release(let user):
            hub.endDelegation(user.channel, userID: user.userID, at: moment)
        case .fellBack(let user, let refusal, _):
            if case .subscription = refusal { coverage.memberRefusals += 1 }
            overdue.refused.insert(user)
            if fallbacks.fellBack(user, refusal).isFirstFallback { notes.append("\(refusal)") }
        }
    }

    /// Returns true at every `count`th opportunity for the mutation.
    mutating func isMutated(_ kind: PresenceMutation, oneIn count: Int) -> Bool {
        guard mutation == kind else { return false }
        chances += 1
        return chances % count == 0
    }

    mutating func settleHub() {
        for demand in hub.takeDemands() {
            guard case .subscribe(let channel) = demand else { continue }
            act(Self.observer) { $0.wanted(channel, now: $1) }
        }
    }

    /// Delivers the hub's updates to the readers.
    ///
    /// Unless `mayRemove` is true, no local reader may be removed, and each reader receives only
    /// changes that alter its member list.
    mutating func deliverUpdates(mayRemove: Bool = true) {
        let before = listeners.map { ($0.members, $0.changes) }
        for listener in listeners { listener.now = now }
        hub.deliverUpdates()
        guard !mayRemove else { return }
        for (listener, (before, changes)) in zip(listeners, before) {
            guard let before, let after = listener.members else { continue }
            if listener.changes - changes != before.symmetricDifference(after).count {
                faults.append("a reader received a removal and an addition of a present member")
            }
            for userID in before.subtracting(after) where isPlaced(listener.channel, userID) {
                faults.append("-\(userID) although it reads here")
            }
        }
    }

    private func isPlaced(_ channel: String, _ userID: String) -> Bool {
        let user = ChannelUser(channel, userID)
        return tracker.contains(user) && pool.membership(of: user) != .notDelegated
    }
}
