// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The state shared by all event streams: the turn's batch, the scratch buffer, the heartbeat.
final class EventStreams {
    /// The encoded events of one channel in a turn, for every reader that lacks exactly these.
    struct Batch {
        let update: ChannelUpdate
        /// The events in it: those of the update that pass the readers' filter, if they have one.
        let events: [Event]
        /// The sequence number of the update's last event.
        let last: UInt64
        let bytes: [UInt8]
    }

    /// The place of a stream in the heartbeat: its second, and its index within that second.
    struct KeepAliveSlot {
        var slot: UInt16 = 0
        var index: UInt32 = 0
    }

    /// The largest batch in bytes; if the events exceed it, each reader reads them from the log.
    static let batchBytes = 262_144
    /// The interval in seconds at which each stream is checked for a dead peer.
    ///
    /// With a heartbeat of 15 s, a dead peer is detected within 30 s, when it does not acknowledge
    /// the next heartbeat.
    static let peerCheckSeconds = 5

    let loop: EventLoop
    let hub: Hub
    let encoder: EventEncoder
    let stalls: StallWatch
    let quotas: Quotas
    let authenticator: Authenticator?
    /// The state of the connection to Channels, as it is reported to readers.
    let upstream: UpstreamReports
    /// The readers of known users: streams and waiting requests.
    let users = UserReaders()
    /// Called when a stream of a known user has ended.
    let left: (_ channels: [String], _ userID: String) -> Void
    /// The buffer in which replays are assembled; shared by all streams, released after each turn.
    var scratch: [UInt8] = []
    /// The number of open streams.
    private(set) var count = 0
    /// Bytes written to single streams; the batches shared by all readers are not counted.
    var pumpedBytes = 0
    /// The entries written to streams.
    var delivered = Deliveries()
    /// The last batch requested, by its first sequence number; `nil` if it would be too large.
    private var latest: (first: UInt64, batch: Batch?)?
    /// The same for the filter that was used last.
    private var latestFiltered: (first: UInt64, filter: EventFilter, batch: Batch?)?
    private var keepAliveSlots: [[EventStreamReader]]
    private var nextKeepAliveSlot = 0

    /// Creates the shared state; `heartbeat` is the interval of keep-alive comments.
    init(
        loop: EventLoop, hub: Hub, encoder: EventEncoder, stalls: StallWatch, quotas: Quotas,
        authenticator: Authenticator?, upstream: UpstreamReports, heartbeat: Duration,
        left: @escaping (_ channels: [String], _ userID: String) -> Void
    ) {
        self.left = left
        self.loop = loop
        self.hub = hub
        self.encoder = encoder
        self.stalls = stalls
        self.quotas = quotas
        self.authenticator = authenticator
        self.upstream = upstream
        let seconds = max(1, Int(heartbeat.components.seconds))
        keepAliveSlots = Array(repeating: [], count: seconds)
    }

    /// Returns the batch of a channel's new events, encoded once per turn; `nil` if each reader
    /// must read the log itself.
    func batch(for channel: Channel) -> Batch? {
        guard let update = channel.update else { return nil }
        if let latest, latest.first == update.first { return latest.batch }
        let batch = makeBatch(of: update, with: update.events)
        latest = (update.first, batch)
        return batch
    }

    /// Returns the batch for readers with a filter; its bytes are shared like those of
    /// `batch(for:)`, and empty if the filter passes no event.
    func batch(for channel: Channel, passing filter: EventFilter) -> Batch? {
        guard let update = channel.update else { return nil }
        if let latestFiltered, latestFiltered.first == update.first,
            latestFiltered.filter === filter
        {
            return latestFiltered.batch
        }
        let events = update.events.filter { filter.passes($0.content) }
        let isWhole = events.count == update.events.count
        let batch = isWhole ? batch(for: channel) : makeBatch(of: update, with: events)
        latestFiltered = (update.first, filter, batch)
        return batch
    }

    private func makeBatch(of update: ChannelUpdate, with events: [Event]) -> Batch? {
        guard let last = update.events.last?.sequence else { return nil }
        var bytes: [UInt8] = []
        if events.count == 1 {
            bytes = encoder.form(of: events[0]).bytes
        } else {
            for event in events {
                bytes += encoder.form(of: event).bytes
                guard bytes.count <= Self.batchBytes else { return nil }
            }
        }
        return Batch(update: update, events: events, last: last, bytes: bytes)
    }

    /// Ends the turn: discards the batch and the scratch buffer.
    func turnEnded() {
        latest = nil
        latestFiltered = nil
        if scratch.capacity > 0 { scratch = [] }
    }

    /// Handles the retraction of messages: no stream continues to send one.
    ///
    /// Examines all streams, since even one that is not full may have a TLS record in its queue.
    func retracted(by retractions: [Retraction]) {
        for reader in keepAliveSlots.joined() { reader.retracted(by: retractions) }
    }

    /// Reports the state of the connection to Channels to all streams.
    func upstreamChanged() {
        for reader in keepAliveSlots.joined() { reader.upstreamChanged() }
    }

    /// Runs every second: checks the peers of the streams that are due, and writes keep-alive
    /// comments to the streams of this second.
    func secondPassed() {
        nextKeepAliveSlot = (nextKeepAliveSlot + 1) % keepAliveSlots.count
        for slot in stride(
            from: nextKeepAliveSlot % Self.peerCheckSeconds, to: keepAliveSlots.count,
            by: Self.peerCheckSeconds)
        {
            for reader in keepAliveSlots[slot] { reader.checkPeer() }
        }
        for reader in keepAliveSlots[nextKeepAliveSlot] { reader.sendKeepAlive() }
    }

    /// Ends every stream in an orderly way; its client reconnects after the `retry` delay.
    func drain() {
        for reader in keepAliveSlots.joined() { reader.end() }
    }

    /// Ends every stream in an orderly way; their clients return at different times, so that not
    /// all TLS handshakes come at once.
    func endForReplacement() {
        let streams = all
        for reader in streams {
            reader.end(returningIn: 1_000 + Random.below(2_000 + 2 * streams.count))
        }
    }

    /// All open streams.
    var all: [EventStreamReader] { keepAliveSlots.flatMap(\.self) }

    /// Adds a stream of another process; the comments of many such streams are spread.
    func tookOver(_ reader: EventStreamReader) {
        nextKeepAliveSlot = (nextKeepAliveSlot + 1) % keepAliveSlots.count
        opened(reader)
    }

    func opened(_ reader: EventStreamReader) {
        count += 1
        // The first comment is due one interval from now, which spreads the streams evenly.
        reader.keepAliveSlot = KeepAliveSlot(
            slot: UInt16(truncatingIfNeeded: nextKeepAliveSlot),
            index: UInt32(truncatingIfNeeded: keepAliveSlots[nextKeepAliveSlot].count))
        keepAliveSlots[nextKeepAliveSlot].append(reader)
    }

    func closed(_ reader: EventStreamReader) {
        count -= 1
        let (slot, index) = (Int(reader.keepAliveSlot.slot), Int(reader.keepAliveSlot.index))
        // The last one moves to the free place.
        guard let last = keepAliveSlots[slot].popLast(), last !== reader else { return }
        keepAliveSlots[slot][index] = last
        last.keepAliveSlot.index = reader.keepAliveSlot.index
    }
}
