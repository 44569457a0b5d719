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

    /// When a stream says a comment: its place among those that do in the same second.
    struct Beat {
        var slot: UInt16 = 0
        var index: UInt32 = 0
    }

    /// A batch larger than this is told to each reader in pieces instead, in bytes.
    static let batchBytes = 262_144
    /// How soon a peer that is gone is noticed: by the first heartbeat that it leaves unanswered.
    static let noticeTime: Duration = .seconds(30)
    /// How long a peer has at least to acknowledge what it was sent.
    static let leastUserTimeout: Duration = .seconds(10)

    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    let stalls: StallWatch
    let quotas: Quotas
    /// Told when a stream of a known user has ended.
    let left: (_ channels: [String], _ userID: String) -> Void
    /// Where replays are put together; one for all, and for one turn.
    var scratch: [UInt8] = []
    /// Streams that are open.
    private(set) var count = 0
    /// What was written to streams.
    var delivered = Deliveries()
    /// How long sent bytes may stay unacknowledged.
    let userTimeout: Duration
    /// The last batch that was asked for, by its first sequence; `nil` where it would be too large.
    private var latest: (first: UInt64, batch: Batch?)?
    private var beats: [[StreamReader]]
    private var nextBeat = 0

    /// `heartbeat` is how often each stream is written to when nothing else is said.
    init(
        loop: EventLoop, hub: Hub, encoder: EventEncoder, stalls: StallWatch, quotas: Quotas,
        heartbeat: Duration, left: @escaping (_ channels: [String], _ userID: String) -> Void
    ) {
        self.left = left
        self.loop = loop
        self.hub = hub
        self.encoder = encoder
        self.stalls = stalls
        self.quotas = quotas
        let seconds = max(1, Int(heartbeat.components.seconds))
        userTimeout = max(Self.leastUserTimeout, Self.noticeTime - heartbeat)
        beats = Array(repeating: [], count: seconds)
    }

    /// The batch for a channel's news, made for the first reader that asks in a turn; `nil` where
    /// each reader is to read for itself.
    func batch(for channel: Channel) -> Batch? {
        guard let news = channel.news else { return nil }
        if let latest, latest.first == news.first { return latest.batch }
        let batch = makeBatch(of: news)
        latest = (news.first, batch)
        return batch
    }

    private func makeBatch(of news: News) -> Batch? {
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
        return Batch(news: news, last: last.sequence, bytes: bytes)
    }

    /// The turn is over: the next batch is another, and what was told is not kept.
    func turnEnded() {
        latest = nil
        if scratch.capacity > 0 { scratch = [] }
    }

    /// Messages were deleted: no stream goes on with one.
    ///
    /// All are asked, since a stream that is not full may have a record waiting that TLS has made.
    func retracted(by deletions: [Burial]) {
        for reader in beats.joined() { reader.retracted(by: deletions) }
    }

    /// A second has passed: the streams whose turn it is are written to.
    func beat() {
        nextBeat = (nextBeat + 1) % beats.count
        for reader in beats[nextBeat] { reader.sayBeat() }
    }

    /// Ends every stream in an orderly way: its client comes back after its `retry`.
    func drain() {
        for reader in beats.joined() { reader.end() }
    }

    func opened(_ reader: StreamReader) {
        count += 1
        // Spread evenly by construction: each new stream beats one interval from now.
        reader.beat = Beat(
            slot: UInt16(truncatingIfNeeded: nextBeat),
            index: UInt32(truncatingIfNeeded: beats[nextBeat].count))
        beats[nextBeat].append(reader)
    }

    func closed(_ reader: StreamReader) {
        count -= 1
        let (slot, index) = (Int(reader.beat.slot), Int(reader.beat.index))
        // The last one takes the place that becomes free.
        guard let last = beats[slot].popLast(), last !== reader else { return }
        beats[slot][index] = last
        last.beat.index = reader.beat.index
    }
}
