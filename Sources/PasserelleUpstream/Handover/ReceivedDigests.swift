// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
import PasserelleWire

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

    private var channels: [String: [HandedOverEvent]] = [:]
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
            HandedOverEvent(
                digest: EventDigest(channel: channel, name: name, data: data),
                time: now.milliseconds, isClientEvent: EventName.isClientEvent(name)))
    }

    /// The digests of each channel in the form that `HandoverCopies` reads.
    package var encoded: [[UInt8]] {
        channels.map { channel, events in
            var writer = HandoverWriter()
            writer.text(channel)
            writer.number(events.count)
            for event in events {
                event.digest.append(to: &writer)
                writer.number(event.time)
                writer.flag(event.isClientEvent)
            }
            return writer.bytes
        }
    }
}

/// An event that the running process received, and when.
struct HandedOverEvent: Equatable, Sendable {
    let digest: EventDigest
    /// In milliseconds since 1970; both processes have the same clock.
    let time: Int64
    let isClientEvent: Bool
}
