// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

/// What the gateway counts, at one moment: what `/metrics` tells.
///
/// Nothing in it grows with channels, users or readers.
struct MetricsSnapshot: Equatable {
    /// The connection to Channels.
    struct UpstreamPart: Equatable {
        var isConnected = false
        var attempts: UInt64 = 0
        var connections: UInt64 = 0
        var messages: UInt64 = 0
        var garbled: UInt64 = 0
        /// Seconds since 1970; `nil` before the first event.
        var lastEvent: Double?
    }

    /// The logs.
    struct LogPart: Equatable {
        var counters = Counters()
        var bytes = 0
        var byteLimit = 0
        /// How many channels there are in each state.
        var channels: [String: Int] = [:]
    }

    /// Who reads, and what they were told.
    struct ReaderPart: Equatable {
        var streams = 0
        var waitingPolls = 0
        var subscriptions = 0
        var httpConnections = 0
        var socketConnections = 0
        var tally = Tally()
        var streamed = Deliveries()
        var latency = DurationHistogram()
        /// How often each limit was reached.
        var limits = RefusalCounts()
        /// How often a connection was shut out since no descriptor was left.
        var exhaustions = 0
        /// Peers that were let go since they did not read.
        var stalled: UInt64 = 0
    }

    /// Members by way of the gateway, and client events.
    struct PresencePart: Equatable {
        var connections = 0
        var members = 0
        var observed = 0
        var fallbacks: UInt64 = 0
        var clientEvents = ClientEventPlanner.Counters()
        /// Client events that Channels says were too many.
        var dropped: UInt64 = 0
    }

    /// What a restart would keep.
    struct JournalPart: Equatable {
        var isOn = true
        var bytes = 0
        var segments = 0
        var lag: Duration = .zero
        var failures = 0
        var copies = 0
        var torn = 0
        var damaged = 0
    }

    /// Offline notices.
    struct NoticePart: Equatable {
        var pending = 0
        var tally = NoticeTally()
    }

    var version = Version.text
    var upstream = UpstreamPart()
    var log = LogPart()
    var readers = ReaderPart()
    var presence = PresencePart()
    /// What was asked of the application's auth route; nothing where it is not asked.
    var auth: AuthChecks.Tally?
    /// Nothing where nothing is kept.
    var journal: JournalPart?
    /// Nothing where nobody is told.
    var notices: NoticePart?
    /// Seconds since 1970 at which the gateway began.
    var started = 0.0
    /// Nothing where the kernel does not say.
    var process: ProcessFigures?
}
