// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// A channel's subscription on one connection, until its messages are aligned with those of the
/// other connection; see `UpstreamMerge`.
struct Joining {
    /// A message that a connection brought.
    struct Arrival {
        let occurrence: Occurrence
        let report: UpstreamSession.Report
        let at: Duration

        /// The time between two arrivals.
        func distance(to other: Arrival) -> Duration { max(at, other.at) - min(at, other.at) }
    }

    /// The messages that follow the last one that both connections brought.
    struct Rest {
        /// Those of the other connection that this one should still bring.
        var awaitedHere: [Arrival] = []
        /// Those of this connection that the other one should still bring.
        var awaitedThere: [Arrival] = []
    }

    /// The connection that joins.
    let side: UpstreamMerge.Side
    /// When the channel was subscribed; `nil` while the answer is awaited.
    private(set) var since: Duration?
    /// The members by this connection; `nil` on a channel without presence.
    private var members: [ByteKey: ChannelMember]?
    /// The messages of the joining connection.
    private(set) var here: [Arrival] = []
    /// The messages of the other connection, which were delivered.
    private(set) var there: [Arrival] = []
    /// The memory of the messages, in bytes; the hub bounds the members.
    private(set) var bytes = 0

    init(_ side: UpstreamMerge.Side) {
        self.side = side
    }

    /// Records that the channel is subscribed.
    mutating func subscribed(_ members: [ChannelMember]?, at now: Duration) {
        since = now
        self.members = members.map { members in
            members.reduce(into: [:]) { $0[ByteKey($1.userID)] = $1 }
        }
    }

    /// Records a message of one of the connections, and forgets old ones.
    mutating func arrived(_ arrival: Arrival, on side: UpstreamMerge.Side) {
        bytes += arrival.occurrence.cost
        if side == self.side {
            here.append(arrival)
            apply(arrival.report)
        } else {
            there.append(arrival)
        }
        bytes -= Self.trim(&here, now: arrival.at) + Self.trim(&there, now: arrival.at)
    }

    /// Removes the messages older than `keptTime` once some are twice as old; returns their memory.
    private static func trim(_ arrivals: inout [Arrival], now: Duration) -> Int {
        guard let first = arrivals.first, now - first.at > UpstreamMerge.keptTime * 2 else {
            return 0
        }
        let old = arrivals.prefix { now - $0.at > UpstreamMerge.keptTime }
        let bytes = old.reduce(0) { $0 + $1.occurrence.cost }
        arrivals.removeFirst(old.count)
        return bytes
    }

    /// Returns the messages after the last common one; `nil` if more messages are needed to find
    /// it.
    ///
    /// Both connections must have answered pings sent at `time` or later, so that neither brings a
    /// message any more that the other one had brought by then. A message is common if both
    /// brought its content once, or if the two are clearly the closest in time.
    ///
    /// Set `isLast` if the place must be decided now: rather a message twice than none.
    func aligned(pingedAt time: Duration, isLast: Bool = false) -> Rest? {
        // If this connection was sent nothing, it does not bring what the other had brought.
        let recent = time - UpstreamMerge.joinTime / 2
        guard !here.isEmpty else { return Rest(awaitedHere: there.filter { $0.at > recent }) }
        let sure = here.prefix { $0.at <= time }
        let counts = (Self.counts(here), Self.counts(there))
        if let common = sure.lastIndex(where: {
            counts.0[$0.occurrence] == 1 && counts.1[$0.occurrence] == 1
        }), let place = there.firstIndex(where: { $0.occurrence == here[common].occurrence }) {
            return rest(after: common, place)
        }
        let lastPlace = sure.isEmpty && isLast ? here.endIndex - 1 : sure.endIndex - 1
        guard lastPlace >= 0 else { return nil }
        let last = here[lastPlace]
        let equals = there.indices.filter { there[$0].occurrence == last.occurrence }
            .map { (index: $0, distance: last.distance(to: there[$0])) }
            .sorted { $0.distance < $1.distance }
        if let closest = equals.first,
            isLast || equals.count == 1
                || equals[1].distance > closest.distance * 3 + Self.clearDistance
        {
            return rest(after: lastPlace, closest.index)
        }
        guard isLast else { return nil }
        var rest = rest(after: -1, -1)
        rest.awaitedHere.removeAll { $0.at <= recent }
        return rest
    }

    /// How much farther the second of two equal messages must be than the first, beyond three times
    /// its distance.
    private static let clearDistance: Duration = .milliseconds(200)

    private func rest(after ownPlace: Int, _ otherPlace: Int) -> Rest {
        var rest = Rest()
        var counts = Self.counts(here[(ownPlace + 1)...])
        for arrival in there[(otherPlace + 1)...] {
            if let count = counts[arrival.occurrence], count > 0 {
                counts[arrival.occurrence] = count - 1
            } else {
                rest.awaitedHere.append(arrival)
            }
        }
        // What remains is not among the other connection's messages: the newest of each content.
        for arrival in here[(ownPlace + 1)...].reversed() {
            guard let count = counts[arrival.occurrence], count > 0 else { continue }
            counts[arrival.occurrence] = count - 1
            rest.awaitedThere.append(arrival)
        }
        // The other connection did not bring these, although it has brought later ones.
        let known = Set(there.map(\.occurrence))
        rest.awaitedThere += here[..<max(ownPlace, 0)].reversed()
            .filter { !known.contains($0.occurrence) }
        rest.awaitedThere.reverse()
        return rest
    }

    /// The members now, with the changes that this connection brought; `nil` on a channel without
    /// presence.
    var currentMembers: [ChannelMember]? {
        members?.sorted { $0.key < $1.key }.map(\.value)
    }

    private mutating func apply(_ report: UpstreamSession.Report) {
        switch report {
        case .memberAdded(_, let member): members?[ByteKey(member.userID)] = member
        case .memberRemoved(_, let userID): members?[ByteKey(userID)] = nil
        default: break
        }
    }

    private static func counts(_ arrivals: some Sequence<Arrival>) -> [Occurrence: Int] {
        arrivals.reduce(into: [:]) { $0[$1.occurrence, default: 0] += 1 }
    }
}
