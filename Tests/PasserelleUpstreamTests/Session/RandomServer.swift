// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// A session with a server that behaves at random, and the rules for both.
///
/// Every step is random; violations are recorded in `faults`.
struct RandomServer {
    private(set) var faults: [String] = []
    private(set) var session: UpstreamSession
    private var random: SeededRandom
    private var now: Duration = .zero
    private var wanted: Set<String> = []
    /// The channels that the hub regards as subscribed.
    private var reported: Set<String> = []
    /// The channels that the hub regards as refused.
    private var refused: Set<String> = []
    private var isEstablishedForHub = false
    private var isEnded = false

    // The server's side of the connection.
    private enum Side { case away, dialled, open(String) }
    private var side = Side.away
    private var connections = 0
    private var requests: [String] = []
    private var subscribed: Set<String> = []
    private var requestedAt: [String: Duration] = [:]
    private var owesPong = false

    private static let names = (0..<8).map { "presence-bail-\($0)" } + ["a", "b"]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        session = UpstreamSession { 0.25 }
        take(session.started(now: now))
    }

    /// Performs one random step.
    mutating func step() {
        let channel = Self.names.randomElement(using: &random) ?? "a"
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<14: want(channel)
        case 14..<22: drop(channel)
        case 22..<40: pass(.milliseconds(Int.random(in: 0...4_000, using: &random)))
        case 40..<42: pass(.seconds(Int.random(in: 5...130, using: &random)))
        case 42..<58: greetOrAnswer()
        case 58..<64: refuse()
        case 64..<67: if !requests.isEmpty { requests.removeFirst() }
        case 67..<75: deliver(.event(channel: channel, name: "n", data: [], userID: nil))
        case 75..<80: deliver(.ping)
        case 80..<86: if owesPong { deliver(.pong) }
        case 86..<88: deliver(.subscriptionSucceeded(channel: channel, members: nil))
        case 88..<90:
            deliver(
                .error(
                    code: [nil, 4301, 4200].randomElement(using: &random) ?? nil,
                    message: "an error about \(channel)."))
        case 90..<93: end([nil, 1000, 4100, 4200, 4201].randomElement(using: &random) ?? nil)
        case 93: garble()
        default: pass(.milliseconds(1))
        }
    }

    /// Lets the server behave correctly until no work is left; returns true if the session settled.
    mutating func settle() -> Bool {
        for _ in 0..<4_000 where !isEnded {
            if case .open = side, session.isSettled, reported == wanted, requests.isEmpty {
                break
            }
            if case .away = side {
            } else {
                greetOrAnswer()
            }
            if owesPong { deliver(.pong) }
            pass(.milliseconds(500))
        }
        if reported != wanted { fault("reported \(reported.sorted()), wanted \(wanted.sorted())") }
        if subscribed != wanted {
            fault("subscribed \(subscribed.sorted()), wanted \(wanted.sorted())")
        }
        return faults.isEmpty
    }

    /// Ends the session; no action may follow.
    mutating func stop() {
        take(session.stopped())
        isEnded = true
        for _ in 0..<200 { step() }
        if session.deadline != nil { fault("a deadline after stopping") }
    }

    // MARK: - Events

    private mutating func want(_ channel: String) {
        wanted.insert(channel)
        take(session.wanted(channel, now: now))
    }

    private mutating func drop(_ channel: String) {
        wanted.remove(channel)
        reported.remove(channel)
        // The session may have guessed the refusal, with the answer still in flight.
        if refused.remove(channel) != nil { requestedAt[channel] = nil }
        take(session.unwanted(channel, now: now))
    }

    private mutating func pass(_ time: Duration) {
        let until = now + time
        var rounds = 0
        while let deadline = session.deadline, deadline <= until {
            now = max(now, deadline)
            take(session.timePassed(now: now))
            rounds += 1
            if rounds > 1_000 { return fault("the deadline does not advance at \(now)") }
        }
        now = until
        if !isEnded, session.deadline == nil { fault("no deadline at \(now)") }
    }

    private mutating func greetOrAnswer() {
        switch side {
        case .away: break
        case .dialled:
            connections += 1
            let socketID = "1.\(connections)"
            side = .open(socketID)
            deliver(.connectionEstablished(socketID: socketID, activityTimeout: 30))
        case .open:
            guard !requests.isEmpty else { return }
            let channel = requests.removeFirst()
            if subscribed.insert(channel).inserted {
                deliver(.subscriptionSucceeded(channel: channel, members: nil))
            } else {
                deliver(.error(code: nil, message: "Existing subscription to channel \(channel)"))
            }
        }
    }

    private mutating func refuse() {
        guard case .open = side, !requests.isEmpty else { return }
        let channel = requests.removeFirst()
        switch Int.random(in: 0..<3, using: &random) {
        case 0: deliver(.subscriptionError(channel: channel, status: 401, message: "no"))
        case 1: deliver(.error(code: nil, message: "Expected digest of 1.1:\(channel):{}, but"))
        default: deliver(.error(code: 4009, message: "Connection is unauthorized"))
        }
    }

    private mutating func deliver(_ message: ServerMessage) {
        switch side {
        case .away: break
        case .dialled where Bool.random(using: &random): return
        case .dialled, .open: owesPong = false
        }
        if case .away = side, !isEnded { return }
        if case .subscriptionSucceeded(let channel, _) = message, case .open = side {
            subscribed.insert(channel)
        }
        // A message that names a channel counts as its answer, even if the server meant another.
        switch message {
        case .subscriptionSucceeded(let channel, _), .subscriptionError(let channel, _, _):
            requestedAt[channel] = nil
        case .error(_, let words):
            for channel in Self.names where words.contains(channel) { requestedAt[channel] = nil }
        default: break
        }
        take(session.received(message, now: now))
    }

    private mutating func end(_ code: UInt16?) {
        guard !isAway || isEnded else { return }
        disconnect()
        take(session.linkEnded(code: code, words: "", now: now))
    }

    private mutating func garble() {
        guard !isAway || isEnded else { return }
        take(session.receivedInvalidData("x", now: now))
        if !isAway { fault("a protocol error did not end the connection") }
    }

    private var isAway: Bool { if case .away = side { true } else { false } }

    private mutating func disconnect() {
        side = .away
        requests = []
        subscribed = []
        requestedAt = [:]
        owesPong = false
    }

    // MARK: - Actions of the session

    private mutating func take(_ actions: [UpstreamSession.Action]) {
        // The report of a refusal follows its unsubscription, so the state is verified after both.
        var unsubscribed: Set<String> = []
        defer {
            for channel in unsubscribed.intersection(reported).sorted() {
                fault("\(channel) is unsubscribed without a report to the hub")
            }
        }
        for action in actions {
            if isEnded { fault("\(action) after stopping") }
            switch action {
            case .connect:
                if !isAway { fault("a second connection") }
                side = .dialled
            case .endLink:
                if isAway { fault("an end without a connection") }
                disconnect()
            case .subscribe(let channel, let socketID): subscribe(channel, socketID)
            case .send(.unsubscribe(let channel)):
                subscribed.remove(channel)
                unsubscribed.insert(channel)
            case .send(.ping): owesPong = true
            case .send:
                if isAway { fault("\(action) without a connection") }
            case .deliver(let report): record(report)
            }
        }
    }

    private mutating func subscribe(_ channel: String, _ socketID: String) {
        guard case .open(let current) = side, current == socketID else {
            return fault("\(channel) is subscribed on \(socketID)")
        }
        if !wanted.contains(channel) { fault("\(channel) is subscribed but not wanted") }
        if let asked = requestedAt[channel], now - asked < SubscriptionSet.answerTimeout,
            requests.contains(channel)
        {
            fault("\(channel) is requested twice")
        }
        requestedAt[channel] = now
        requests.append(channel)
        if requests.count > 3 * SubscriptionSet.window { fault("too many requests") }
    }

    private mutating func record(_ report: UpstreamSession.Report) {
        switch report {
        case .established: isEstablishedForHub = true
        case .subscribed(let channel, _):
            if !wanted.contains(channel) || !isEstablishedForHub { fault("\(channel) is reported") }
            reported.insert(channel)
            refused.remove(channel)
        case .refused(let channel, _, _):
            if !wanted.contains(channel) { fault("\(channel) is refused but not wanted") }
            reported.remove(channel)
            refused.insert(channel)
        case .lost:
            if !isEstablishedForHub { fault("lost without being established") }
            isEstablishedForHub = false
            reported = []
            refused = []
        case .event, .memberAdded, .memberRemoved:
            if !isEstablishedForHub { fault("\(report) without a connection") }
        case .waits(let delay, _):
            if delay < .zero || delay > UpstreamSession.backoff.longest { fault("waits \(delay)") }
        case .rejectedPermanently: isEnded = true
        case .error, .pong, .clientEventRefused: break
        }
    }

    private mutating func fault(_ words: String) {
        if faults.count < 5 { faults.append("\(now): \(words)") }
    }
}
