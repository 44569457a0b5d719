// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleWire

/// The events that another process has delivered, each of which may arrive here once more.
///
/// Occurrences are counted: of two equal events, two are copies if the other process had two. Equal
/// events far apart in time are different ones, above all client events, which repeat. If in doubt
/// an event is delivered twice: a loss would be silent.
package struct HandoverCopies: Sendable {
    /// How much later one connection may receive an event than the other.
    package static let skew: Duration = .seconds(1)
    /// The same for client events.
    package static let clientEventSkew: Duration = .milliseconds(500)
    /// How long copies are expected after the take-over.
    package static let longestWait: Duration = .seconds(2)

    private var received: [String: [HandedOverEvent]] = [:]
    /// The events without a copy so far, in the order of their times.
    private var events: [EventDigest: [HandedOverEvent]] = [:]
    private var end: Duration = .zero

    package init() {}

    /// Takes the digests of one channel.
    package mutating func add(_ bytes: [UInt8]) throws(HandoverError) {
        var reader = HandoverReader(bytes)
        let channel = try reader.requiredText()
        var events: [HandedOverEvent] = []
        for _ in 0..<(try reader.number()) {
            let digest = try EventDigest(&reader)
            let time = Int64(truncatingIfNeeded: try reader.number())
            events.append(
                HandedOverEvent(digest: digest, time: time, isClientEvent: try reader.flag()))
        }
        guard reader.isAtEnd else { throw .malformed }
        received[channel] = events
    }

    /// Begins, given when each channel was subscribed here.
    mutating func begin(_ subscribed: [String: WallTime]) {
        for (channel, list) in received {
            guard let since = subscribed[channel]?.milliseconds else { continue }
            for event in list where event.time >= since - event.skew {
                events[event.digest, default: []].append(event)
            }
        }
        received = [:]
    }

    /// Returns `true` if a report from before the take-over is a copy; `time` is when it arrived.
    mutating func takeHeld(_ report: UpstreamSession.Report, at time: WallTime) -> Bool {
        guard let digest = EventDigest(report), let list = events[digest] else { return false }
        func distance(_ index: Int) -> Int64 { abs(list[index].time - time.milliseconds) }
        guard let nearest = list.indices.min(by: { distance($0) < distance($1) }),
            distance(nearest) <= list[nearest].skew
        else { return false }
        remove(nearest, of: digest)
        return true
    }

    /// Ends the reports from before the take-over.
    ///
    /// The other process received nothing after `frozen`; only its newest events can still arrive.
    mutating func tookOver(frozen: WallTime, at now: Duration) {
        for (digest, list) in events {
            let late = list.filter { $0.time >= frozen.milliseconds - $0.skew }
            events[digest] = late.isEmpty ? nil : late
        }
        end = now + Self.longestWait
    }

    /// Returns `true` if a report after the take-over is a copy.
    mutating func take(_ report: UpstreamSession.Report, at now: Duration) -> Bool {
        guard !isEmpty(at: now), let digest = EventDigest(report), events[digest] != nil else {
            return false
        }
        remove(0, of: digest)
        return true
    }

    /// True if no copy is expected any more.
    func isEmpty(at now: Duration) -> Bool { events.isEmpty || now >= end }

    private mutating func remove(_ index: Int, of digest: EventDigest) {
        events[digest]?.remove(at: index)
        if events[digest]?.isEmpty == true { events[digest] = nil }
    }
}

extension HandedOverEvent {
    /// How much later the other connection may receive the event, in milliseconds.
    fileprivate var skew: Int64 {
        let skew = isClientEvent ? HandoverCopies.clientEventSkew : HandoverCopies.skew
        return Int64(skew / .milliseconds(1))
    }
}

extension EventDigest {
    /// The digest of a report; `nil` if it is no event.
    fileprivate init?(_ report: UpstreamSession.Report) {
        guard case .event(let channel, let name, let data, _) = report else { return nil }
        self.init(channel: channel, name: name, data: data)
    }
}
