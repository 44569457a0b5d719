// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
package import PasserelleWire

/// An event's channel, name and data, as one number that is equal in every process.
///
/// The sender is left out: only the connection that sent the event may know it.
package struct EventDigest: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(channel: String, name: String, data: [UInt8]) {
        var writer = HandoverWriter()
        writer.text(channel)
        writer.text(name)
        writer.run(data)
        let digest = Digest.sha256(writer.bytes)
        func word(_ start: Int) -> UInt64 {
            digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        (high, low) = (word(0), word(8))
    }

    init(_ reader: inout HandoverReader) throws(HandoverError) {
        high = try reader.number()
        low = try reader.number()
    }

    func append(to writer: inout HandoverWriter) {
        writer.number(high)
        writer.number(low)
    }
}

/// The events that a process receives while it hands over to another one.
///
/// The other process receives the same events on its own connection. With these digests it finds
/// the ones that are in the log already.
package struct ReceivedDigests: Sendable {
    /// The most events; with more, the hand-over is given up.
    package static let limit = 500_000

    private var channels: [String: [(EventDigest, WallTime)]] = [:]
    private var count = 0

    package init() {}

    /// True if some event was not recorded.
    package private(set) var isOverfull = false

    /// Records the report if it is an event.
    package mutating func note(_ report: UpstreamSession.Report, at now: WallTime) {
        guard case .event(let channel, let name, let data, _) = report else { return }
        guard count < Self.limit else { return isOverfull = true }
        count += 1
        channels[channel, default: []].append(
            (EventDigest(channel: channel, name: name, data: data), now))
    }

    /// The digests of each channel in the form that `HandoverCopies` reads.
    package var encoded: [[UInt8]] {
        channels.map { channel, events in
            var writer = HandoverWriter()
            writer.text(channel)
            writer.number(events.count)
            for (digest, time) in events {
                digest.append(to: &writer)
                writer.number(time.milliseconds)
            }
            return writer.bytes
        }
    }
}

/// The events that another process has delivered, each of which may arrive here once more.
///
/// Occurrences are counted: of two equal events, two are copies if the other process had two. An
/// event that the other process received well before this one subscribed does not count.
package struct HandoverCopies: Sendable {
    /// How much later one connection may receive an event than another.
    package static let skew: Duration = .seconds(1)
    /// How long copies are expected after the take-over.
    package static let longestWait: Duration = .seconds(5)

    private var received: [String: [(EventDigest, WallTime)]] = [:]
    private var counts: [EventDigest: Int] = [:]
    private var end: Duration = .zero

    package init() {}

    /// Takes the digests of one channel.
    package mutating func add(_ bytes: [UInt8]) throws(HandoverError) {
        var reader = HandoverReader(bytes)
        let channel = try reader.requiredText()
        var events: [(EventDigest, WallTime)] = []
        for _ in 0..<(try reader.number()) {
            let digest = try EventDigest(&reader)
            let time = Int64(truncatingIfNeeded: try reader.number())
            events.append((digest, WallTime(milliseconds: time)))
        }
        guard reader.isAtEnd else { throw .malformed }
        received[channel] = events
    }

    /// Drops the events that cannot arrive here, given when each channel was subscribed.
    mutating func keepsOnly(_ subscribed: [String: WallTime], at now: Duration) {
        let skew = Int64(Self.skew / .milliseconds(1))
        for (channel, events) in received {
            guard let since = subscribed[channel] else { continue }
            for (digest, time) in events where time.milliseconds >= since.milliseconds - skew {
                counts[digest, default: 0] += 1
            }
        }
        received = [:]
        end = now + Self.longestWait
    }

    /// Returns `true` if the report is an event that the other process has delivered.
    mutating func take(_ report: UpstreamSession.Report, at now: Duration) -> Bool {
        guard !isEmpty(at: now), case .event(let channel, let name, let data, _) = report else {
            return false
        }
        let digest = EventDigest(channel: channel, name: name, data: data)
        guard let count = counts[digest] else { return false }
        counts[digest] = count > 1 ? count - 1 : nil
        return true
    }

    /// True if no copy is expected any more.
    func isEmpty(at now: Duration) -> Bool { counts.isEmpty || now >= end }
}
