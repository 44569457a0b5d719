// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleUpstream

extension House {
    /// What the gateway counts, in Prometheus' text format.
    var metrics: [UInt8] {
        var snapshot = MetricsSnapshot()
        snapshot.upstream = .init(upstream.status)
        snapshot.log = .init(hub)
        snapshot.readers = .init(downstream)
        snapshot.readers.exhaustions = exhaustions
        snapshot.presence = .init(delegation, clientEvents, upstream: upstream)
        snapshot.auth = downstream.authTally
        snapshot.journal = scribe.map { .init($0, steady: loop.now) }
        snapshot.notices = upstream.notices.map { .init(pending: $0.pending, tally: $0.tally) }
        snapshot.started = started.inSeconds
        snapshot.process = .now()
        return snapshot.text
    }
}

extension MetricsSnapshot.UpstreamPart {
    fileprivate init(_ status: UpstreamStatus) {
        isConnected = status.state == .connected
        attempts = status.attempts
        connections = status.connections
        messages = status.messages
        garbled = status.garbled
        lastEvent = status.lastEvent?.inSeconds
    }
}

extension MetricsSnapshot.LogPart {
    fileprivate init(_ hub: Hub) {
        counters = hub.counters
        bytes = hub.logBytes
        byteLimit = hub.configuration.totalBytes
        for channel in hub.channels.values { channels[channel.subscription.word, default: 0] += 1 }
    }
}

extension MetricsSnapshot.ReaderPart {
    fileprivate init(_ downstream: Downstream) {
        streams = downstream.streamCount
        waitingPolls = downstream.waitingPollCount
        subscriptions = downstream.subscriptionCount
        httpConnections = downstream.http.connectionCount
        socketConnections = downstream.lines.connectionCount
        tally = downstream.tally
        streamed = downstream.streamed
        latency = downstream.latency
        limits = downstream.refusalCounts
        stalled = downstream.stallCount
    }
}

extension MetricsSnapshot.PresencePart {
    fileprivate init(
        _ delegation: Delegation?, _ clientEvents: ClientEvents, upstream: Upstream
    ) {
        connections = delegation?.connectionCount ?? 0
        members = delegation?.delegatedCount ?? 0
        observed = delegation?.observedCount ?? 0
        fallbacks = delegation?.counters.fallbacks ?? 0
        self.clientEvents = clientEvents.counters
        dropped = (delegation?.counters.excess ?? 0) + upstream.excess
    }
}

extension MetricsSnapshot.JournalPart {
    fileprivate init(_ scribe: Scribe, steady: Duration) {
        let journal = scribe.journal
        isOn = journal.isKeeping
        bytes = journal.bytes
        segments = journal.segments.count
        lag = journal.waitingSince.map { steady - $0 } ?? .zero
        failures = journal.failures
        copies = journal.copies
        torn = scribe.torn
        damaged = scribe.damaged
    }
}

extension WallTime {
    /// Seconds since 1970.
    fileprivate var inSeconds: Double { Double(milliseconds) / 1000 }
}
