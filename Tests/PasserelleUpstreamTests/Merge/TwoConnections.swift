// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// A Channels server with two connections of one merge, in simulated time.
///
/// Messages are published at random; each reaches a connection after a delay, in order. Connections
/// stall, are lost and come back. `problems` compares the merge's reports with what was published.
struct TwoConnections {
    /// When a connection may be lost.
    enum Losses {
        /// Only one at a time, if every subscription is settled.
        case ordinary
        /// At any time, also both.
        case anyTime
    }

    /// The longest time for which a connection receives nothing.
    private static let longestStall: Duration = .seconds(40)
    private static let channels = ["presence-a", "b", "c"]

    private enum Item {
        case subscribed(String, [String])
        case message(Int)
        case pong(Duration)
    }

    private struct Connection {
        var isUp = false
        var returnsAt: Duration? = .zero
        var stalledUntil: Duration = .zero
        /// What the server has sent, and when it arrives.
        var queue: [(at: Duration, item: Item)] = []
        /// The server's side: the channels subscribed, and the requests on their way.
        var channels: Set<String> = []
        var requests: [(at: Duration, channel: String)] = []
        var pings: [(at: Duration, sent: Duration)] = []
    }

    private struct Message {
        let report: UpstreamSession.Report
        let at: Duration
        var wasReceived = false
    }

    private(set) var now: Duration = .zero
    private(set) var drops = 0
    private(set) var duplicates = 0
    private(set) var duplicated: [String] = []
    private(set) var gaps = 0
    private let losses: Losses
    private var random: SeededRandom
    private var merge = UpstreamMerge()
    private var connections = [Connection(), Connection()]
    private var messages: [Message] = []
    private var members: Set<String> = []
    private var delivered: [String: Int] = [:]
    // The hub's view.
    private var live: Set<String> = []
    private var seenMembers: Set<String> = []
    private var openGaps: [String: Duration] = [:]
    private var closedGaps: [(channel: String, from: Duration, until: Duration)] = []

    init(seed: UInt64, losses: Losses) {
        random = SeededRandom(seed: seed)
        self.losses = losses
        for channel in Self.channels { openGaps[channel] = .zero }
    }

    /// Lets time pass in steps of ten milliseconds, with random occurrences.
    mutating func run(for duration: Duration) {
        let end = now + duration
        while now < end {
            now += .milliseconds(10)
            if Int.random(in: 0..<8, using: &random) == 0 { publish() }
            for side in UpstreamMerge.Side.allCases { turn(side) }
            if let deadline = merge.deadline, deadline <= now { take(merge.timePassed(now: now)) }
            if Int.random(in: 0..<300, using: &random) == 0 { disturb() }
        }
    }

    /// Lets both connections settle, without disturbances, and returns what is wrong.
    mutating func problems() -> [String] {
        for index in connections.indices { connections[index].stalledUntil = .zero }
        let end = now + .seconds(30)
        while now < end {
            now += .milliseconds(10)
            for side in UpstreamMerge.Side.allCases { turn(side) }
            if let deadline = merge.deadline, deadline <= now { take(merge.timePassed(now: now)) }
        }
        var found: [String] = []
        if seenMembers != members { found.append("members \(seenMembers), not \(members)") }
        if live != Set(Self.channels) { found.append("subscribed to \(live) only") }
        // A message in the time of a gap may be lost although one connection brought it.
        var (least, most): ([String: Int], [String: Int]) = ([:], [:])
        for message in messages {
            let text = "\(message.report)"
            if message.wasReceived { most[text, default: 0] += 1 }
            if isCovered(message) { continue }
            if message.wasReceived {
                least[text, default: 0] += 1
            } else {
                found.append("\(text) at \(message.at) is in no gap")
            }
        }
        for (text, count) in least where delivered[text] ?? 0 < count {
            found.append("\(text) was received \(count) times, delivered \(delivered[text] ?? 0)")
        }
        for (text, count) in delivered where count > most[text] ?? 0 {
            duplicates += count - (most[text] ?? 0)
            duplicated.append("\(text): \(count), not \(most[text] ?? 0)")
        }
        return found
    }

    private func isCovered(_ message: Message) -> Bool {
        let channel = Self.channel(of: message.report)
        return closedGaps.contains {
            $0.channel == channel && $0.until >= message.at
                && $0.from <= message.at + Self.longestStall + .seconds(1)
        }
    }
}

// MARK: - The server

extension TwoConnections {
    private mutating func publish() {
        let report: UpstreamSession.Report
        if Int.random(in: 0..<10, using: &random) == 0 {
            let user = ["x", "y", "z"].randomElement(using: &random) ?? "x"
            let channel = Self.channels[0]
            if members.remove(user) != nil {
                report = .memberRemoved(channel: channel, userID: user)
            } else {
                members.insert(user)
                report = .memberAdded(channel: channel, ChannelMember(userID: user))
            }
        } else {
            let channel = Self.channels.randomElement(using: &random) ?? "b"
            // A third of the messages equal earlier ones.
            let isEqual = Int.random(in: 0..<3, using: &random) == 0
            let data = isEqual ? "same" : "\(messages.count)"
            report = .event(channel: channel, name: "n", data: Array(data.utf8), userID: nil)
        }
        messages.append(Message(report: report, at: now))
        let channel = Self.channel(of: report)
        for index in connections.indices where connections[index].channels.contains(channel) {
            send(.message(messages.count - 1), to: index)
        }
    }

    private mutating func send(_ item: Item, to index: Int) {
        let delay = Duration.milliseconds(Int.random(in: 5...80, using: &random))
        let last = connections[index].queue.last?.at ?? .zero
        connections[index].queue.append((max(last, now + delay), item))
    }

    private mutating func disturb() {
        let index = Int.random(in: 0..<2, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let stall = Duration.milliseconds(Int.random(in: 0...40_000, using: &random))
            if losses == .anyTime { connections[index].stalledUntil = now + stall }
        default:
            guard losses == .anyTime || merge.isSettled else { return }
            drop(index)
        }
    }

    private mutating func drop(_ index: Int) {
        guard connections[index].isUp else { return }
        drops += 1
        connections[index] = Connection()
        connections[index].returnsAt =
            now + .milliseconds(Int.random(in: 0...3_000, using: &random))
        take(merge.received(.lost, from: UpstreamMerge.Side.allCases[index], now: now))
    }

    private mutating func turn(_ side: UpstreamMerge.Side) {
        let index = side.rawValue
        if let returnsAt = connections[index].returnsAt, returnsAt <= now {
            connections[index].returnsAt = nil
            connections[index].isUp = true
            take(merge.received(.established(socketID: "1.1"), from: side, now: now))
            for channel in Self.channels {
                let delay = Duration.milliseconds(Int.random(in: 5...80, using: &random))
                connections[index].requests.append((now + delay, channel))
            }
        }
        while let next = connections[index].requests.firstIndex(where: { $0.at <= now }) {
            let channel = connections[index].requests.remove(at: next).channel
            connections[index].channels.insert(channel)
            send(.subscribed(channel, members.sorted()), to: index)
        }
        while let first = connections[index].pings.first, first.at <= now {
            connections[index].pings.removeFirst()
            send(.pong(first.sent), to: index)
        }
        guard connections[index].stalledUntil <= now else { return }
        while let first = connections[index].queue.first, first.at <= now {
            connections[index].queue.removeFirst()
            arrive(first.item, on: side)
        }
    }

    private mutating func arrive(_ item: Item, on side: UpstreamMerge.Side) {
        switch item {
        case .subscribed(let channel, let list):
            let members =
                channel == Self.channels[0] ? list.map { ChannelMember(userID: $0) } : nil
            take(
                merge.received(
                    .subscribed(channel: channel, members: members), from: side, now: now))
        case .message(let number):
            messages[number].wasReceived = true
            take(merge.received(messages[number].report, from: side, now: now))
        case .pong(let sent):
            take(merge.received(.pong(pingedAt: sent), from: side, now: now))
        }
    }
}

// MARK: - The hub

extension TwoConnections {
    private mutating func take(_ actions: [UpstreamMerge.Action]) {
        for action in actions {
            switch action {
            case .deliver(let report): deliver(report)
            case .lost(let channel): lose(channel)
            case .ping(let side):
                let delay = Duration.milliseconds(Int.random(in: 5...80, using: &random))
                connections[side.rawValue].pings.append((now + delay, now))
            case .replace(let side): drop(side.rawValue)
            }
        }
    }

    private mutating func deliver(_ report: UpstreamSession.Report) {
        switch report {
        case .subscribed(let channel, let list):
            live.insert(channel)
            if let from = openGaps.removeValue(forKey: channel) {
                closedGaps.append((channel, from, now))
            }
            if let list { seenMembers = Set(list.map(\.userID)) }
        case .lost: for channel in Self.channels { lose(channel) }
        case .event: delivered["\(report)", default: 0] += 1
        case .memberAdded(_, let member):
            seenMembers.insert(member.userID)
            delivered["\(report)", default: 0] += 1
        case .memberRemoved(_, let user):
            seenMembers.remove(user)
            delivered["\(report)", default: 0] += 1
        default: break
        }
    }

    private mutating func lose(_ channel: String) {
        guard live.remove(channel) != nil else { return }
        gaps += 1
        openGaps[channel] = now
    }

    private static func channel(of report: UpstreamSession.Report) -> String {
        switch report {
        case .event(let channel, _, _, _), .memberAdded(let channel, _),
            .memberRemoved(let channel, _):
            channel
        default: ""
        }
    }
}
