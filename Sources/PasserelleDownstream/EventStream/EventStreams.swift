// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// What all event streams share: the turn's batch, the scratch buffer, the heartbeat.
final class EventStreams {
    /// What one channel's news of a turn is on the wire, for every reader that lacks just that.
    struct Batch {
        let news: News
        /// The last entry in it.
        let last: UInt64
        let bytes: [UInt8]
    }

    /// A batch larger than this is told to each reader in pieces instead, in bytes.
    static let batchBytes = 262_144

    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    /// Where replays are put together; one for all, empty between uses.
    var scratch: [UInt8] = []
    /// Streams that are open.
    private(set) var count = 0
    /// Events written to streams.
    var delivered: UInt64 = 0
    private var batch: Batch?
    private var beats: [[ObjectIdentifier: StreamReader]]
    private var nextBeat = 0

    /// `heartbeat` is how often each stream is written to when nothing else is said.
    init(loop: EventLoop, hub: Hub, encoder: EventEncoder, heartbeat: Duration) {
        self.loop = loop
        self.hub = hub
        self.encoder = encoder
        let seconds = max(1, Int(heartbeat.components.seconds))
        beats = Array(repeating: [:], count: seconds)
    }

    /// The batch for a channel's news; made for the first reader that asks in a turn.
    func batch(for channel: Channel) -> Batch? {
        guard let news = channel.news else { return nil }
        if let batch, batch.news.first == news.first { return batch }
        guard let last = news.events.last else { return nil }
        var bytes: [UInt8] = []
        if news.events.count == 1 {
            bytes = encoder.form(of: last).bytes
        } else {
            for event in news.events {
                bytes += encoder.form(of: event).bytes
                guard bytes.count <= Self.batchBytes else { return nil }
            }
        }
        let made = Batch(news: news, last: last.sequence, bytes: bytes)
        batch = made
        return made
    }

    /// The turn is over: the next batch is another.
    func turnEnded() {
        batch = nil
    }

    /// A second has passed: the streams whose turn it is are written to.
    func beat() {
        nextBeat = (nextBeat + 1) % beats.count
        for reader in beats[nextBeat].values { reader.beat() }
    }

    /// Ends every stream in an orderly way: its client comes back after its `retry`.
    func drain() {
        for reader in beats.flatMap(\.values) { reader.end() }
    }

    func opened(_ reader: StreamReader) {
        count += 1
        // Spread evenly by construction: each new stream beats one interval from now.
        reader.beatSlot = UInt16(truncatingIfNeeded: nextBeat)
        beats[nextBeat][ObjectIdentifier(reader)] = reader
    }

    func closed(_ reader: StreamReader) {
        count -= 1
        beats[Int(reader.beatSlot)][ObjectIdentifier(reader)] = nil
    }
}
