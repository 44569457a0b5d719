// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// Merges the reports of two connections to Channels that subscribe to the same channels.
///
/// Each event is delivered when the first connection brings it. The merge counts the occurrences of
/// a content on each connection, so that two equal messages remain two and a copy is dropped. A gap
/// is recorded only if no connection receives the channel.
///
/// A connection that subscribes again receives messages from an unknown place on. Until that place
/// is known, it *joins*: its messages are kept, and the other connection's messages are delivered.
/// The place is sought once both have answered pings sent `joinTime` after the subscription: both
/// have then brought everything up to the subscription. If the other connection is lost earlier,
/// nothing shows that no message was lost with it: a gap is recorded, and the kept messages follow.
///
/// Copies that a connection never brings are forgotten once it brings a message of their channel
/// that is `reorderTime` newer, or answers a ping sent `settleTime` after them. The merge holds no
/// socket and no clock.
package struct UpstreamMerge {
    /// One of the two connections.
    package enum Side: Int, CaseIterable, Sendable {
        case first, second

        /// `first` or `second`, for logs.
        package var name: String { self == .first ? "first" : "second" }

        /// The other connection.
        package var other: Side { self == .first ? .second : .first }
    }

    /// An action for `Upstream` to perform.
    package enum Action: Equatable {
        /// Apply a report to the hub.
        case deliver(UpstreamSession.Report)
        /// No connection receives this channel any more, although one is established.
        case lost(channel: String)
        /// Send a ping; its pong is reported.
        case ping(Side)
        /// Replace a connection that is too far behind.
        case replace(Side)
    }

    /// The time from a subscription to the pings; their answers show the place where it begins.
    package static let joinTime: Duration = .milliseconds(500)
    /// The longest time by which two messages can change places, from one connection to the other.
    package static let reorderTime: Duration = .seconds(1)
    /// The longest time by which the copies of one message are apart if nothing is wrong.
    package static let settleTime: Duration = .seconds(5)
    /// How long messages are kept at least while a connection joins.
    package static let keptTime: Duration = .seconds(10)
    /// The time after which a ping without a pong is repeated; copies are then forgotten anyway.
    package static let pongTimeout: Duration = .seconds(60)
    /// The memory of the messages kept for one connection, in bytes; beyond it, the connection is
    /// replaced.
    ///
    /// These are the copies that it should bring, and the messages kept while it joins.
    package static let byteLimit = 16 << 20

    /// One connection's state.
    private struct Line {
        var isEstablished = false
        var channels: Set<String> = []
        /// Copies of messages that the other connection brought first.
        var awaited = AwaitedCopies()
        /// The channels that this connection joins, while the other one receives them.
        var joining: [String: Joining] = [:]
        /// The memory of `joining`, in bytes.
        var joiningBytes = 0
        /// When the oldest of the joining channels was subscribed, or earlier.
        var joinsSince: Duration?
        /// When a ping was sent; `nil` if its pong arrived.
        var pingedAt: Duration?
        /// When a ping may be sent again.
        var mayPingAt: Duration = .zero
        /// When the newest ping that was answered was sent.
        var answeredAt: Duration = .zero
        /// True if it is being replaced.
        var isReplaced = false

        var bytes: Int { awaited.bytes + joiningBytes }

        mutating func removeJoining(_ channel: String) -> Joining? {
            guard let found = joining.removeValue(forKey: channel) else { return nil }
            joiningBytes -= found.bytes
            return found
        }
    }

    private var lines = [Line(), Line()]
    private var latest = LatestEvents()
    private var sentEvents = SentCopies()
    /// Copies that a connection did not bring, although it was subscribed.
    package private(set) var missingCopies: UInt64 = 0

    /// Creates a merge of two connections that are not established.
    package init() {}

    /// The number of established connections.
    package var established: Int { lines.count { $0.isEstablished } }

    /// True if both connections are established and receive the same channels.
    package var isSettled: Bool {
        established == 2 && lines.allSatisfy(\.joining.isEmpty)
            && lines[0].channels == lines[1].channels
    }

    /// The time at which `timePassed` must be called; `nil` if no timer runs.
    package var deadline: Duration? {
        Side.allCases.filter { lines[$0.rawValue].isEstablished }.compactMap { side in
            lines[side.rawValue].pingedAt.map { $0 + Self.pongTimeout } ?? pingTime(of: side)
        }.min()
    }

    /// The memory of the messages kept for a connection, in bytes.
    package func bytes(_ side: Side) -> Int { lines[side.rawValue].bytes }

    /// Returns a connection that receives a channel.
    package func subscribed(_ channel: String) -> Side? {
        Side.allCases.first {
            lines[$0.rawValue].channels.contains(channel)
                && lines[$0.rawValue].joining[channel] == nil
        }
    }

    // MARK: - Input

    /// Handles a report of one connection.
    package mutating func received(
        _ report: UpstreamSession.Report, from side: Side, now: Duration
    ) -> [Action] {
        switch report {
        case .established:
            lines[side.rawValue].isEstablished = true
            return [.deliver(report)]
        case .subscribed(let channel, let members):
            return subscribed(channel, members, report, from: side, now: now)
        case .refused(let channel, _, _): return refused(channel, report, from: side)
        case .pong(let pingedAt): return answered(side, pingedAt: pingedAt, now: now)
        case .lost: return lost(side)
        case .event, .memberAdded, .memberRemoved:
            guard let occurrence = Occurrence(report) else { return [] }
            return received(
                .init(occurrence: occurrence, report: report, at: now), from: side)
        case .waits, .rejectedPermanently, .error, .clientEventRefused: return [.deliver(report)]
        }
    }

    /// Records a client event sent on a connection, which only the other connection receives;
    /// `stamp` is the `user_id` that the server adds.
    package mutating func sent(
        clientEvent name: String, data: [UInt8], on channel: String, stamp: String?, by side: Side,
        now: Duration
    ) {
        guard lines[side.other.rawValue].isEstablished else { return }
        sentEvents.add(
            .init(channel: channel, name: name, data: data, stamp: stamp, side: side, at: now))
    }

    /// Forgets a channel that is no longer wanted.
    package mutating func dropped(_ channel: String) {
        for index in lines.indices {
            lines[index].channels.remove(channel)
            lines[index].awaited.remove(channel: channel)
            _ = lines[index].removeJoining(channel)
        }
        latest.remove(channel)
    }

    /// Handles the passage of time; call it at `deadline` or later.
    package mutating func timePassed(now: Duration) -> [Action] {
        Side.allCases.flatMap { side -> [Action] in
            if let pingedAt = lines[side.rawValue].pingedAt, pingedAt + Self.pongTimeout <= now {
                expire(side, through: pingedAt - Self.settleTime)
                lines[side.rawValue].pingedAt = nil
            }
            return pingIfDue(side, now: now)
        }
    }
}

// MARK: - Subscriptions

extension UpstreamMerge {
    private mutating func subscribed(
        _ channel: String, _ members: [ChannelMember]?, _ report: UpstreamSession.Report,
        from side: Side, now: Duration
    ) -> [Action] {
        let isRepeated = !lines[side.rawValue].channels.insert(channel).inserted
        let isSecond = lines[side.other.rawValue].channels.contains(channel)
        guard isSecond else {
            _ = lines[side.rawValue].removeJoining(channel)
            return [.deliver(report)]
        }
        // The other connection's changes keep the members right.
        guard !isRepeated else { return [] }
        var joining = lines[side.rawValue].removeJoining(channel) ?? Joining(side)
        joining.subscribed(members, at: now)
        lines[side.rawValue].joiningBytes += joining.bytes
        lines[side.rawValue].joining[channel] = joining
        lines[side.rawValue].joinsSince = lines[side.rawValue].joinsSince ?? now
        latest.subscribed(channel, on: side)
        return replaceIfFarBehind(side)
    }

    private mutating func refused(
        _ channel: String, _ report: UpstreamSession.Report, from side: Side
    ) -> [Action] {
        lines[side.rawValue].channels.remove(channel)
        _ = lines[side.rawValue].removeJoining(channel)
        let other = side.other.rawValue
        guard lines[other].channels.contains(channel) else { return [.deliver(report)] }
        return lines[other].joining[channel] == nil ? [] : takeOver(channel, on: side.other)
    }

    private mutating func lost(_ side: Side) -> [Action] {
        let channels = lines[side.rawValue].channels
        let joining = lines[side.rawValue].joining
        lines[side.rawValue] = Line()
        let survivor = side.other.rawValue
        guard lines[survivor].isEstablished else {
            lines[survivor] = Line()
            return [.deliver(.lost)]
        }
        let actions = channels.filter { joining[$0] == nil }.sorted()
            .flatMap { takeOver($0, on: side.other) }
        // What is left awaits the answer to its subscription.
        lines[survivor].joining = [:]
        lines[survivor].joiningBytes = 0
        lines[survivor].joinsSince = nil
        return actions
    }

    /// Handles that a connection no longer receives a channel which the other one may receive.
    private mutating func takeOver(_ channel: String, on survivor: Side) -> [Action] {
        let joining = lines[survivor.rawValue].removeJoining(channel)
        guard lines[survivor.rawValue].channels.contains(channel) else {
            return [.lost(channel: channel)]
        }
        guard let joining else { return [] }
        let subscribed = UpstreamSession.Report.subscribed(
            channel: channel, members: joining.currentMembers)
        var counts = joining.there.reduce(into: [:]) { $0[$1.occurrence, default: 0] += 1 }
        let others = joining.here.filter {
            let count = counts[$0.occurrence] ?? 0
            counts[$0.occurrence] = count - 1
            return count <= 0 && $0.occurrence.isEvent
        }
        return [.lost(channel: channel), .deliver(subscribed)] + others.map { .deliver($0.report) }
    }
}

// MARK: - Messages

extension UpstreamMerge {
    private mutating func received(_ arrival: Joining.Arrival, from side: Side) -> [Action] {
        let channel = arrival.occurrence.channel
        let isAlone = !lines[side.other.rawValue].channels.contains(channel)
        // An event before the subscription's answer, or after the channel was given up.
        guard lines[side.rawValue].channels.contains(channel) else {
            return isAlone ? [.deliver(arrival.report)] : []
        }
        let isLeading = isAlone || subscribed(channel) == side
        if let isNews = latest.isNews(
            arrival.report, from: side, isAlone: isAlone, isLeading: isLeading)
        {
            return isNews ? [.deliver(arrival.report)] : []
        }
        if sentEvents.take(arrival, from: side) { return [] }
        if lines[side.rawValue].joining[channel]?.since != nil {
            keep(arrival, from: side, joining: side)
            return replaceIfFarBehind(side)
        }
        if let time = lines[side.rawValue].awaited.take(arrival.occurrence) {
            missingCopies += UInt64(
                lines[side.rawValue].awaited.expire(channel, through: time - Self.reorderTime))
            return []
        }
        delivered(arrival, from: side)
        return [.deliver(arrival.report)] + replaceIfFarBehind(side.other)
    }

    /// Records that the other connection should bring a message, too.
    private mutating func delivered(_ arrival: Joining.Arrival, from side: Side) {
        let channel = arrival.occurrence.channel
        let other = side.other.rawValue
        guard lines[other].isEstablished, !lines[other].isReplaced else { return }
        if lines[other].channels.contains(channel), lines[other].joining[channel] == nil {
            lines[other].awaited.add(arrival.occurrence, deliveredAt: arrival.at)
        } else {
            keep(arrival, from: side, joining: side.other)
        }
    }

    /// Keeps a message of either connection while `joining` joins its channel.
    private mutating func keep(_ arrival: Joining.Arrival, from side: Side, joining: Side) {
        let (line, channel) = (joining.rawValue, arrival.occurrence.channel)
        guard !lines[line].isReplaced else { return }
        let before = lines[line].joining[channel]?.bytes ?? 0
        lines[line].joining[channel, default: Joining(joining)].arrived(arrival, on: side)
        lines[line].joiningBytes += (lines[line].joining[channel]?.bytes ?? 0) - before
    }

    private mutating func replaceIfFarBehind(_ side: Side) -> [Action] {
        guard lines[side.rawValue].bytes > Self.byteLimit, !lines[side.rawValue].isReplaced else {
            return []
        }
        lines[side.rawValue].isReplaced = true
        return [.replace(side)]
    }
}

// MARK: - Pings

extension UpstreamMerge {
    /// When a pong of a connection is of use next; `nil` if never.
    private func pingTime(of side: Side) -> Duration? {
        let time =
            ([lines[side.rawValue].awaited.oldest.map { $0 + Self.settleTime }]
            + lines.map { line in line.joinsSince.map { $0 + Self.joinTime } })
            .compactMap(\.self).min()
        return time.map { max($0, lines[side.rawValue].mayPingAt) }
    }

    /// Sends a ping if its pong is of use and none is on its way.
    private mutating func pingIfDue(_ side: Side, now: Duration) -> [Action] {
        guard lines[side.rawValue].isEstablished, lines[side.rawValue].pingedAt == nil,
            let time = pingTime(of: side), time <= now
        else { return [] }
        lines[side.rawValue].pingedAt = now
        lines[side.rawValue].mayPingAt = now + Self.joinTime
        return [.ping(side)]
    }

    /// Handles a pong: the connection has brought everything that the server had sent before.
    private mutating func answered(_ side: Side, pingedAt: Duration, now: Duration) -> [Action] {
        expire(side, through: pingedAt - Self.settleTime)
        lines[side.rawValue].answeredAt = pingedAt
        if let asked = lines[side.rawValue].pingedAt, asked <= pingedAt {
            lines[side.rawValue].pingedAt = nil
        }
        return Side.allCases.flatMap { join($0, now: now) }
    }

    /// Ends the joining of the channels whose first common message is found.
    private mutating func join(_ side: Side, now: Duration) -> [Action] {
        let pingedAt = min(lines[0].answeredAt, lines[1].answeredAt)
        let time = pingedAt - Self.joinTime
        guard let joinsSince = lines[side.rawValue].joinsSince, joinsSince <= time else {
            return []
        }
        var actions: [Action] = []
        var isDone = true
        for channel in lines[side.rawValue].joining.keys.sorted() {
            guard let joining = lines[side.rawValue].joining[channel], let since = joining.since
            else { continue }
            let isLast = since + Self.keptTime <= pingedAt
            guard since <= time,
                let rest = joining.aligned(pingedAt: pingedAt, isLast: isLast)
            else {
                isDone = false
                continue
            }
            _ = lines[side.rawValue].removeJoining(channel)
            latest.joined(channel, on: side)
            for arrival in rest.awaitedHere {
                lines[side.rawValue].awaited.add(arrival.occurrence, deliveredAt: arrival.at)
            }
            for arrival in rest.awaitedThere {
                delivered(arrival, from: side)
                actions.append(.deliver(arrival.report))
            }
        }
        // Otherwise the place was not found, or other channels were subscribed meanwhile.
        lines[side.rawValue].joinsSince = isDone ? nil : now
        return actions
    }

    private mutating func expire(_ side: Side, through time: Duration) {
        missingCopies += UInt64(lines[side.rawValue].awaited.expire(through: time))
    }
}
