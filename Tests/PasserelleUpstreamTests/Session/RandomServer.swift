// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// A session, a server that does anything at all, and what each of them must not do.
///
/// Every step is random; what breaks a rule is written down in `faults`.
struct RandomServer {
    private(set) var faults: [String] = []
    private(set) var session: UpstreamSession
    private var random: SeededRandom
    private var now: Duration = .zero
    private var wanted: Set<String> = []
    /// What the hub takes for heard.
    private var heard: Set<String> = []
    /// What it takes for refused.
    private var refused: Set<String> = []
    private var isStandingForHub = false
    private var isOver = false

    // The server's side of the connection.
    private enum Side { case away, dialled, open(String) }
    private var side = Side.away
    private var connections = 0
    private var questions: [String] = []
    private var subscribed: Set<String> = []
    private var askedAt: [String: Duration] = [:]
    private var owesPong = false

    private static let names = (0..<8).map { "presence-bail-\($0)" } + ["a", "b"]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        session = UpstreamSession { 0.25 }
        take(session.started(now: now))
    }

    /// One thing happens.
    mutating func step() {
        let channel = Self.names.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<14: want(channel)
        case 14..<22: drop(channel)
        case 22..<40: pass(.milliseconds(Int.random(in: 0...4_000, using: &random)))
        case 40..<42: pass(.seconds(Int.random(in: 5...130, using: &random)))
        case 42..<58: greetOrAnswer()
        case 58..<64: refuse()
        case 64..<67: if !questions.isEmpty { questions.removeFirst() }
        case 67..<75: say(.event(channel: channel, name: "n", data: [], userID: nil))
        case 75..<80: say(.ping)
        case 80..<86: if owesPong { say(.pong) }
        case 86..<88: say(.subscriptionSucceeded(channel: channel, members: nil))
        case 88..<90:
            say(
                .error(
                    code: [nil, 4301, 4200].randomElement(using: &random) ?? nil,
                    message: "an error about \(channel)."))
        case 90..<93: end([nil, 1000, 4100, 4200, 4201].randomElement(using: &random) ?? nil)
        case 93: garble()
        default: pass(.milliseconds(1))
        }
    }

    /// From here on the server does all that is right, until nothing is left to do; answers
    /// whether that came about.
    mutating func settle() -> Bool {
        for _ in 0..<4_000 where !isOver {
            if case .open = side, session.isSettled, heard == wanted, questions.isEmpty {
                break
            }
            if case .away = side {
            } else {
                greetOrAnswer()
            }
            if owesPong { say(.pong) }
            pass(.milliseconds(500))
        }
        if heard != wanted { fault("heard \(heard.sorted()), wanted \(wanted.sorted())") }
        if subscribed != wanted {
            fault("subscribed \(subscribed.sorted()), wanted \(wanted.sorted())")
        }
        return faults.isEmpty
    }

    /// Ends the session; nothing may follow.
    mutating func stop() {
        take(session.stopped())
        isOver = true
        for _ in 0..<200 { step() }
        if session.deadline != nil { fault("a deadline after the stop") }
    }

    // MARK: - What happens

    private mutating func want(_ channel: String) {
        wanted.insert(channel)
        take(session.wanted(channel, now: now))
    }

    private mutating func drop(_ channel: String) {
        wanted.remove(channel)
        heard.remove(channel)
        // A guess may have called it refused while its answer is still to come.
        if refused.remove(channel) != nil { askedAt[channel] = nil }
        take(session.unwanted(channel, now: now))
    }

    private mutating func pass(_ time: Duration) {
        let until = now + time
        var rounds = 0
        while let deadline = session.deadline, deadline <= until {
            now = max(now, deadline)
            take(session.timePassed(now: now))
            rounds += 1
            if rounds > 1_000 { return fault("time stands still at \(now)") }
        }
        now = until
        if !isOver, session.deadline == nil { fault("no deadline at \(now)") }
    }

    private mutating func greetOrAnswer() {
        switch side {
        case .away: break
        case .dialled:
            connections += 1
            let socketID = "1.\(connections)"
            side = .open(socketID)
            say(.connectionEstablished(socketID: socketID, activityTimeout: 30))
        case .open:
            guard !questions.isEmpty else { return }
            let channel = questions.removeFirst()
            if subscribed.insert(channel).inserted {
                say(.subscriptionSucceeded(channel: channel, members: nil))
            } else {
                say(.error(code: nil, message: "Existing subscription to channel \(channel)"))
            }
        }
    }

    private mutating func refuse() {
        guard case .open = side, !questions.isEmpty else { return }
        let channel = questions.removeFirst()
        switch Int.random(in: 0..<3, using: &random) {
        case 0: say(.subscriptionError(channel: channel, status: 401, message: "no"))
        case 1: say(.error(code: nil, message: "Expected digest of 1.1:\(channel):{}, but"))
        default: say(.error(code: 4009, message: "Connection is unauthorized"))
        }
    }

    private mutating func say(_ message: ServerMessage) {
        switch side {
        case .away: break
        case .dialled where Bool.random(using: &random): return
        case .dialled, .open: owesPong = false
        }
        if case .away = side, !isOver { return }
        if case .subscriptionSucceeded(let channel, _) = message, case .open = side {
            subscribed.insert(channel)
        }
        // What names a channel is an answer to it, whatever the server means.
        switch message {
        case .subscriptionSucceeded(let channel, _), .subscriptionError(let channel, _, _):
            askedAt[channel] = nil
        case .error(_, let words):
            for channel in Self.names where words.contains(channel) { askedAt[channel] = nil }
        default: break
        }
        take(session.received(message, now: now))
    }

    private mutating func end(_ code: UInt16?) {
        guard !isAway || isOver else { return }
        hangUp()
        take(session.linkEnded(code: code, words: "", now: now))
    }

    private mutating func garble() {
        guard !isAway || isOver else { return }
        take(session.garbled("x", now: now))
        if !isAway { fault("garbage was let pass") }
    }

    private var isAway: Bool { if case .away = side { true } else { false } }

    private mutating func hangUp() {
        side = .away
        questions = []
        subscribed = []
        askedAt = [:]
        owesPong = false
    }

    // MARK: - What the session does

    private mutating func take(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            if isOver { fault("\(action) after the stop") }
            switch action {
            case .connect:
                if !isAway { fault("a second connection") }
                side = .dialled
            case .endLink:
                if isAway { fault("an end of nothing") }
                hangUp()
            case .subscribe(let channel, let socketID): subscribe(channel, socketID)
            case .send(.unsubscribe(let channel)): unsubscribe(channel)
            case .send(.ping): owesPong = true
            case .send:
                if isAway { fault("\(action) to nobody") }
            case .tell(let report): hear(report)
            }
        }
    }

    private mutating func subscribe(_ channel: String, _ socketID: String) {
        guard case .open(let current) = side, current == socketID else {
            return fault("\(channel) is subscribed on \(socketID)")
        }
        if !wanted.contains(channel) { fault("\(channel) is subscribed, and not wanted") }
        if let asked = askedAt[channel], now - asked < SubscriptionSet.answerTimeout,
            questions.contains(channel)
        {
            fault("\(channel) is in flight twice")
        }
        askedAt[channel] = now
        questions.append(channel)
        if questions.count > 3 * SubscriptionSet.window { fault("a flood") }
    }

    private mutating func unsubscribe(_ channel: String) {
        if heard.contains(channel) { fault("\(channel) is unsubscribed, and heard") }
        subscribed.remove(channel)
    }

    private mutating func hear(_ report: UpstreamSession.Report) {
        switch report {
        case .established: isStandingForHub = true
        case .subscribed(let channel, _):
            if !wanted.contains(channel) || !isStandingForHub { fault("\(channel) is heard") }
            heard.insert(channel)
            refused.remove(channel)
        case .refused(let channel, _, _):
            if !wanted.contains(channel) { fault("\(channel) is refused, and not wanted") }
            heard.remove(channel)
            refused.insert(channel)
        case .lost:
            if !isStandingForHub { fault("lost, and never stood") }
            isStandingForHub = false
            heard = []
            refused = []
        case .event, .memberAdded, .memberRemoved:
            if !isStandingForHub { fault("\(report) without a connection") }
        case .waits(let delay, _):
            if delay < .zero || delay > Backoff.most { fault("waits \(delay)") }
        case .refusedForGood: isOver = true
        case .error: break
        }
    }

    private mutating func fault(_ words: String) {
        if faults.count < 5 { faults.append("\(now): \(words)") }
    }
}
