// SPDX-License-Identifier: MIT

import FoundationEssentials
import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream

/// The gateway's state as `STATUS` tells it.
struct StatusReport: Encodable {
    /// The connection to Channels.
    struct UpstreamPart: Encodable {
        let state: String
        let since: String?
        let attempts: UInt64
        let connections: UInt64
        let messages: UInt64
        let garbled: UInt64
        let last_event: String?
    }

    /// Who is a member by way of the gateway, and what they said.
    struct PresencePart: Encodable {
        let mode: String
        let connections: Int
        let members: Int
        let observed: Int
        let fallbacks: UInt64
        let client_events: UInt64
        let client_events_as_gateway: UInt64
        let client_events_merged: UInt64
        let client_events_refused: UInt64
        /// Those whose user was no member in time.
        let client_events_late: UInt64
        /// Those that went out and were too many for Channels (4301).
        let client_events_dropped: UInt64
        /// Why readers are no members now: at most `refusalLimit` kinds, those of most users first.
        let refusals: [Refused]

        /// One kind of refusal by Channels.
        struct Refused: Encodable {
            /// `connection` or `subscription`.
            let refused: String
            let channel: String?
            let code: Int
            let message: String
            let users: Int
            let times: UInt64
        }

        /// Kinds of refusals that are told.
        static let refusalLimit = 20

        /// Reads both parts; without a delegation only the gateway is a member.
        init(_ delegation: Delegation?, _ clientEvents: ClientEvents, upstream: Upstream) {
            mode = delegation == nil ? "observe" : "delegate"
            connections = delegation?.connectionCount ?? 0
            members = delegation?.delegatedCount ?? 0
            observed = delegation?.observedCount ?? 0
            fallbacks = delegation?.counters.fallbacks ?? 0
            client_events = clientEvents.counters.delegated
            client_events_as_gateway = clientEvents.counters.observed
            client_events_merged = clientEvents.counters.merged
            client_events_refused = clientEvents.counters.excess
            client_events_late = clientEvents.counters.late
            client_events_dropped = (delegation?.counters.excess ?? 0) + upstream.excess
            let states = delegation?.fallbacks.states.map(Refused.init) ?? []
            let most = states.sorted { $0.users > $1.users }
            refusals = Array(most.prefix(Self.refusalLimit))
        }
    }

    /// Who reads.
    struct Readers: Encodable {
        let attached: Int
        let streams: Int
        let http_connections: Int
        let socket_connections: Int
    }

    /// What is held and was held.
    struct LogPart: Encodable {
        let channels: Int
        let bytes: Int
        let events: UInt64
        let gaps: UInt64
        let evicted_by_count: UInt64
        let evicted_by_bytes: UInt64
        let evicted_by_age: UInt64
        let evicted_by_memory: UInt64
    }

    /// What a restart would keep.
    struct JournalPart: Encodable {
        /// `on`; `off` after a failure, until everything was written anew; `none` without a directory.
        let state: String
        var synced: String?
        var bytes = 0
        var segments = 0
        /// How long what waits to reach the disk has waited.
        var lag_ms: Int64 = 0
        var torn = 0
        var damaged = 0
        var buried = 0
        var copies = 0
        var failures = 0
    }

    /// What was answered.
    struct Served: Encodable {
        let streams: UInt64
        let polls: UInt64
        let not_modified: UInt64
        let lines: UInt64
        let refusals: UInt64
        /// Readers that were cut off since they took nothing.
        let stalled: UInt64
        /// How often each limit was reached, by its word.
        let limited: [String: UInt64]
    }

    /// What became of offline notices.
    struct NoticesPart: Encodable {
        let pending: Int
        let sent: UInt64
        let throttled: UInt64
        let present: UInt64
        let retracted: UInt64
        let failed: UInt64
        let given_up: UInt64
        let dropped: UInt64

        init(_ notices: Notices) {
            pending = notices.pending
            let tally = notices.tally
            sent = tally.sent
            throttled = tally.throttled
            present = tally.present
            retracted = tally.retracted
            failed = tally.failed
            given_up = tally.givenUp
            dropped = tally.dropped
        }
    }

    /// What the application's auth route was asked.
    struct AuthPart: Encodable {
        let calls: UInt64
        let admitted: UInt64
        let refused: UInt64
        let failed: UInt64
        let remembered: UInt64
        let joined: UInt64
        let overloaded: UInt64
        let ended: UInt64

        init(_ tally: AuthChecks.Tally) {
            calls = tally.calls
            admitted = tally.admitted
            refused = tally.refused
            failed = tally.failed
            remembered = tally.remembered
            joined = tally.joined
            overloaded = tally.overloaded
            ended = tally.ended
        }
    }

    let version: String
    let position: String
    let started: String
    let uptime_s: Int64
    let upstream: UpstreamPart
    let presence: PresencePart
    let readers: Readers
    let log: LogPart
    let served: Served
    var journal = JournalPart(state: "none")
    /// Nothing where the application's auth route is not asked.
    var auth: AuthPart?
    /// Nothing where there are no notices.
    var notices: NoticesPart?
    /// How often a connection was shut out since no descriptor was left.
    var descriptors_exhausted = 0

    /// Reads the house's parts.
    init(
        hub: Hub, upstream: UpstreamStatus, presence: PresencePart, downstream: Downstream,
        started: WallTime, now: WallTime
    ) {
        version = Version.text
        position = hub.position.text
        self.started = started.text
        uptime_s = (now.milliseconds - started.milliseconds) / 1000
        self.upstream = UpstreamPart(
            state: upstream.state.rawValue, since: upstream.since?.text,
            attempts: upstream.attempts, connections: upstream.connections,
            messages: upstream.messages, garbled: upstream.garbled,
            last_event: upstream.lastEvent?.text)
        self.presence = presence
        readers = Readers(
            attached: hub.readerCount, streams: downstream.streamCount,
            http_connections: downstream.http.connectionCount,
            socket_connections: downstream.lines.connectionCount)
        let counters = hub.counters
        log = LogPart(
            channels: hub.channels.count, bytes: hub.logBytes, events: counters.events,
            gaps: counters.gaps.total, evicted_by_count: counters.evictedByCount,
            evicted_by_bytes: counters.evictedByBytes, evicted_by_age: counters.evictedByAge,
            evicted_by_memory: counters.evictedByMemory)
        let tally = downstream.tally
        served = Served(
            streams: tally.streams, polls: tally.polls, not_modified: tally.notModified,
            lines: tally.lines, refusals: tally.refusals,
            stalled: downstream.stallCount,
            limited: Dictionary(
                uniqueKeysWithValues: Limit.allCases.map {
                    ($0.word, downstream.refusalCounts[$0])
                }))
        auth = downstream.authTally.map(AuthPart.init)
    }

    /// One JSON object on one line.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        guard let data = try? encoder.encode(self) else { return Array("{}".utf8) }
        return Array(data)
    }
}

extension StatusReport.JournalPart {
    /// Reads the scribe's journal.
    init(_ scribe: Scribe?, hub: Hub, steady: Duration) {
        guard let scribe else {
            self.init(state: "none")
            return
        }
        let journal = scribe.journal
        let lag = journal.waitingSince.map { steady - $0 } ?? .zero
        self.init(
            state: journal.isKeeping ? "on" : "off",
            synced: hub.position(at: journal.syncedSequence).text, bytes: journal.bytes,
            segments: journal.segments.count, lag_ms: Int64(lag / .milliseconds(1)),
            torn: scribe.torn, damaged: scribe.damaged, buried: journal.buried,
            copies: journal.copies, failures: journal.failures)
    }
}

extension StatusReport.PresencePart.Refused {
    /// Reads what stands about one kind.
    fileprivate init(_ kind: Fallbacks.Kind, _ state: Fallbacks.State) {
        let (refused, channel, code): (String, String?, Int) =
            switch kind {
            case .connection(let code): ("connection", nil, code)
            case .subscription(let channel, let status): ("subscription", channel, status)
            }
        self.init(
            refused: refused, channel: channel, code: code, message: state.message,
            users: state.users, times: state.refusals)
    }
}
