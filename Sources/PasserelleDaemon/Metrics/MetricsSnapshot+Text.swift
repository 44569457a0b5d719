// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

extension MetricsSnapshot {
    /// The snapshot in Prometheus' text format.
    var text: [UInt8] {
        var out = MetricsWriter()
        out.family("passerelle_build_info", .gauge, "The version that runs, as a label; always 1.")
        out.sample(1, ("version", version))
        upstream.write(to: &out)
        log.write(to: &out)
        readers.write(to: &out)
        presence.write(to: &out)
        auth?.write(to: &out)
        journal?.write(to: &out)
        notices?.write(to: &out)
        process?.write(to: &out)
        out.gauge(
            "process_start_time_seconds", "When the gateway began, in seconds since 1970.", started)
        return out.text
    }
}

extension MetricsSnapshot.UpstreamPart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.gauge(
            "passerelle_upstream_connected", "1 while the connection to Channels stands, else 0.",
            isConnected ? 1 : 0)
        out.counter(
            "passerelle_upstream_attempts_total", "Attempts to connect to Channels.", attempts)
        out.counter(
            "passerelle_upstream_reconnects_total",
            "Connections to Channels that stood, after the first.",
            connections > 0 ? connections - 1 : 0)
        out.counter(
            "passerelle_upstream_messages_total", "Messages that Channels sent, of every kind.",
            messages)
        out.counter(
            "passerelle_upstream_garbled_total",
            "Times that something came from Channels which is not of its protocol.", garbled)
        if let lastEvent {
            out.gauge(
                "passerelle_upstream_last_event_timestamp_seconds",
                "When the last event came, in seconds since 1970.", lastEvent)
        }
    }
}

extension MetricsSnapshot.LogPart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.counter(
            "passerelle_events_received_total",
            "Entries of the logs but gaps: events, members that come and go, refusals.",
            counters.events)
        out.counter(
            "passerelle_events_unasked_total",
            "Events that came on channels that were not heard; a gap speaks for them.",
            counters.unasked)
        out.counter(
            "passerelle_events_retracted_total", "Events that a later one took back.",
            counters.retractions)
        out.family(
            "passerelle_events_evicted_total", .counter,
            "Entries that fell off a log, by the bound that they passed.")
        out.sample(counters.evictedByCount, ("bound", "count"))
        out.sample(counters.evictedByBytes, ("bound", "bytes"))
        out.sample(counters.evictedByAge, ("bound", "age"))
        out.sample(counters.evictedByMemory, ("bound", "memory"))
        out.family(
            "passerelle_gaps_total", .counter,
            "Gaps that stand in a log, for all its readers, by their reason.")
        for reason in GapReason.logged {
            out.sample(counters.gaps[reason], ("reason", reason.rawValue))
        }
        out.gauge("passerelle_log_bytes", "Bytes that all logs hold.", bytes)
        out.gauge("passerelle_log_limit_bytes", "Bytes that all logs may hold.", byteLimit)
        out.family("passerelle_channels", .gauge, "Channels that are known, by their state.")
        for state in Self.states { out.sample(channels[state] ?? 0, ("state", state)) }
    }

    private static let states = ["live", "pending", "away", "refused", "idle"]
}

extension GapReason {
    /// The reasons of gaps that stand in logs.
    fileprivate static let logged: [GapReason] = [.upstream, .idle, .restart]
}

extension MetricsSnapshot.ReaderPart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.family(
            "passerelle_readers", .gauge,
            "Open event streams, polls that wait, and subscriptions on the Unix socket.")
        out.bySurface(streams, waitingPolls, subscriptions)
        out.family(
            "passerelle_deliveries_total", .counter, "Entries told to readers, each once a reader.")
        out.bySurface(streamed.entries, tally.polled.entries, tally.lined.entries)
        let gaps = streamed.gaps + tally.polled.gaps + tally.lined.gaps
        out.family(
            "passerelle_reader_gaps_total", .counter,
            "Gaps told to one reader, for where it began or how far it fell behind, by reason.")
        for reason in GapReason.allCases {
            out.sample(gaps[reason], ("reason", reason.rawValue))
        }
        out.family(
            "passerelle_delivery_seconds", .histogram,
            "From the beginning of the turn in which news were read to the last reader whose"
                + " socket had room being written to; one sample a turn.")
        out.samples(latency)
        out.gauge(
            "passerelle_http_connections", "Connections that speak HTTP and are no streams.",
            httpConnections)
        out.gauge(
            "passerelle_socket_connections", "Connections to the Unix socket.", socketConnections)
        writeRequests(to: &out)
    }

    private func writeRequests(to out: inout MetricsWriter) {
        out.counter(
            "passerelle_stalled_total", "Peers that were let go since they did not read.", stalled)
        out.counter("passerelle_streams_total", "Event streams that began.", tally.streams)
        out.counter("passerelle_polls_total", "Polls that were asked for.", tally.polls)
        out.counter(
            "passerelle_polls_not_modified_total", "Polls answered with 304.", tally.notModified)
        out.counter(
            "passerelle_lines_total", "Lines that were read on the Unix socket.", tally.lines)
        out.family(
            "passerelle_refusals_total", .counter,
            "Requests and commands that were refused, by the word for programs in the answer.")
        for word in Self.refusalWords.union(tally.refusalWords.keys).sorted() {
            out.sample(tally.refusalWords[word] ?? 0, ("error", word))
        }
        out.family(
            "passerelle_limits_reached_total", .counter,
            "Times that clients reached a limit, by the limit.")
        for limit in Limit.allCases { out.sample(limits[limit], ("limit", limit.word)) }
        out.counter(
            "passerelle_descriptors_exhausted_total",
            "Connections that were shut out since no descriptor or memory was left.", exhaustions)
    }

    /// What is told from the start on, so that the first refusal is a rise like every other.
    private static let refusalWords: Set<String> = [
        "auth-unavailable", "forbidden", "invalid-token", "overloaded", "rate-limited",
        "too-many-connections", "too-many-streams", "unauthorized", "upstream-unavailable",
    ]
}

extension MetricsSnapshot.PresencePart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.gauge(
            "passerelle_presence_connections", "Connections to Channels that make readers members.",
            connections)
        out.gauge(
            "passerelle_presence_members", "Members of channels by way of the gateway.", members)
        out.gauge(
            "passerelle_presence_observed", "Users who read here without being members.", observed)
        out.counter(
            "passerelle_presence_fallbacks_total",
            "Times that Channels refused a member, who then read on without being one.", fallbacks)
        out.family(
            "passerelle_client_events_total", .counter,
            "Client events of readers: sent as the user, sent as the gateway, merged with the one"
                + " before, and lost as too many here, too late, or too many for Channels.")
        out.sample(clientEvents.delegated, ("outcome", "sent"))
        out.sample(clientEvents.observed, ("outcome", "sent_as_gateway"))
        out.sample(clientEvents.merged, ("outcome", "merged"))
        out.sample(clientEvents.excess, ("outcome", "excess"))
        out.sample(clientEvents.late, ("outcome", "late"))
        out.sample(dropped, ("outcome", "dropped"))
    }
}

extension AuthChecks.Tally {
    fileprivate func write(to out: inout MetricsWriter) {
        out.family(
            "passerelle_auth_calls_total", .counter,
            "Calls to the application's auth route, by what came of them.")
        out.sample(admitted, ("outcome", "admitted"))
        out.sample(refused, ("outcome", "refused"))
        out.sample(failed, ("outcome", "failed"))
        out.counter(
            "passerelle_auth_remembered_total", "Requests that an earlier answer decided.",
            remembered)
        out.counter(
            "passerelle_auth_overloaded_total",
            "Requests that were sent away since too many came at once.", overloaded)
        out.counter(
            "passerelle_auth_ended_total",
            "Streams that were ended since their reader is no longer admitted.", ended)
    }
}

extension MetricsSnapshot.JournalPart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.gauge(
            "passerelle_journal_up", "1 while what comes is written to the journal, else 0.",
            isOn ? 1 : 0)
        out.gauge("passerelle_journal_bytes", "Bytes of the journal's files.", bytes)
        out.gauge("passerelle_journal_segments", "Files of the journal.", segments)
        out.gauge(
            "passerelle_journal_lag_seconds",
            "How long what waits to reach the disk has waited.", lag.inSeconds)
        out.counter(
            "passerelle_journal_failures_total", "Writes to the journal that failed.", failures)
        out.counter(
            "passerelle_journal_copies_total", "Times that the journal was written anew.", copies)
        out.gauge(
            "passerelle_journal_torn_tails",
            "Ends of the journal, found cut off in the middle of a record at the start.", torn)
        out.gauge(
            "passerelle_journal_damaged_places",
            "Places of the journal that could not be read at the start.", damaged)
    }
}

extension MetricsSnapshot.NoticePart {
    fileprivate func write(to out: inout MetricsWriter) {
        out.gauge("passerelle_notices_pending", "Notices that wait.", pending)
        out.family(
            "passerelle_notices_total", .counter,
            "Notices by their end: Inngest has it, another was too near, the recipient was there,"
                + " the message was taken back, given up, too many waited.")
        out.sample(tally.sent, ("outcome", "sent"))
        out.sample(tally.throttled, ("outcome", "throttled"))
        out.sample(tally.present, ("outcome", "present"))
        out.sample(tally.retracted, ("outcome", "retracted"))
        out.sample(tally.givenUp, ("outcome", "given_up"))
        out.sample(tally.dropped, ("outcome", "dropped"))
        out.counter(
            "passerelle_notice_failures_total",
            "Calls to Inngest that did not come to a yes, retries included.", tally.failed)
    }
}

extension ProcessFigures {
    fileprivate func write(to out: inout MetricsWriter) {
        out.gauge("process_resident_memory_bytes", "Resident memory.", residentBytes)
        out.gauge("process_virtual_memory_bytes", "Virtual memory.", virtualBytes)
        out.family("process_cpu_seconds_total", .counter, "CPU time, of user and system.")
        out.sample(cpu.inSeconds)
        out.gauge("process_open_fds", "Open descriptors.", openDescriptors)
        out.gauge("process_max_fds", "Descriptors that may be open.", descriptorLimit)
    }
}

extension MetricsWriter {
    /// A family with one gauge.
    fileprivate mutating func gauge(
        _ name: String, _ help: String, _ value: some FixedWidthInteger
    ) {
        family(name, .gauge, help)
        sample(value)
    }

    /// A family with one gauge.
    fileprivate mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, .gauge, help)
        sample(value)
    }

    /// A family with one counter.
    fileprivate mutating func counter(
        _ name: String, _ help: String, _ value: some FixedWidthInteger
    ) {
        family(name, .counter, help)
        sample(value)
    }

    /// A sample a surface.
    fileprivate mutating func bySurface<Number: FixedWidthInteger>(
        _ streams: Number, _ polls: Number, _ lines: Number
    ) {
        sample(streams, ("surface", "sse"))
        sample(polls, ("surface", "poll"))
        sample(lines, ("surface", "line"))
    }
}
