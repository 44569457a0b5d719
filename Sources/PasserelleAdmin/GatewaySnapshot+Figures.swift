// SPDX-License-Identifier: MIT

import PasserelleNotices
import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

extension GatewaySnapshot {
    /// The figures of all parts: the place to add a metric or a member of `STATUS`.
    var figures: [FigureTable.Figure] {
        var table = FigureTable()
        table.family(
            "passerelle_build_info", .gauge, "The running version, as a label; always 1.",
            by: "version")
        table.sample(1, version)
        table.status("version", version)
        upstream.list(in: &table)
        hub.list(in: &table)
        downstream.listReaders(in: &table)
        downstream.listConnections(in: &table)
        downstream.listRequests(in: &table)
        downstream.listRevocations(in: &table)
        table.counter(
            "passerelle_descriptors_exhausted_total",
            "Connections refused because no descriptor or memory was left.", exhaustions,
            status: "descriptors_exhausted")
        table.counter(
            "passerelle_upgrades_failed_total",
            "Upgrades in which the new process did not take over, so that this one continues.",
            failedUpgrades, status: "upgrades_failed")
        presence.list(in: &table)
        auth?.list(in: &table)
        journal.list(in: &table)
        notices?.list(in: &table)
        process?.list(in: &table)
        table.gauge(
            "process_start_time_seconds", "Start of the gateway, in seconds since 1970.",
            started.inSeconds)
        table.status("started", started.text)
        table.status("uptime_s", uptime.components.seconds)
        return table.figures
    }
}

extension UpstreamStatus {
    fileprivate func list(in table: inout FigureTable) {
        table.status("upstream.state", state.rawValue)
        table.status("upstream.since", since?.text)
        table.gauge(
            "passerelle_upstream_connected", "1 if connected to Channels, otherwise 0.",
            state == .connected ? 1 : 0)
        table.counter(
            "passerelle_upstream_attempts_total", "Attempts to connect to Channels.", attempts,
            status: "upstream.attempts")
        table.counter(
            "passerelle_upstream_reconnects_total",
            "Connections to Channels established, except for the first.",
            connections > 0 ? connections - 1 : 0)
        table.status("upstream.connections", connections)
        table.counter(
            "passerelle_upstream_messages_total", "Messages of all kinds received from Channels.",
            messages, status: "upstream.messages")
        table.counter(
            "passerelle_upstream_garbled_total", "Protocol violations by Channels.",
            invalidMessages,
            status: "upstream.garbled")
        table.family(
            "passerelle_upstream_ignored_total", .counter,
            "Frames from Channels that were ignored: empty, or with a protocol message that is"
                + " unknown or incomplete.", by: "reason")
        table.sample(emptyFrames, "empty", status: "upstream.empty_frames")
        table.sample(ignored, "unknown", status: "upstream.ignored")
        table.status("upstream.last_event", lastEvent?.text)
        guard let lastEvent else { return }
        table.gauge(
            "passerelle_upstream_last_event_timestamp_seconds",
            "Arrival of the last event, in seconds since 1970.", lastEvent.inSeconds)
    }
}

extension GatewaySnapshot.HubPart {
    fileprivate func list(in table: inout FigureTable) {
        table.status("position", position)
        table.status("readers.attached", readerCount)
        listEvents(in: &table)
        listEvictions(in: &table)
        listMemory(in: &table)
        table.counter(
            "passerelle_channels_evicted_total",
            "Channels without readers that were evicted early in favour of others.",
            counters.channelsEvicted, status: "log.channels_evicted")
        table.family(
            "passerelle_channels", .gauge, "Known channels, by state.", by: "state")
        for state in Self.states { table.sample(channelStates[state] ?? 0, state) }
        table.status("log.channels", channelCount)
    }

    private static let states = ["live", "pending", "away", "refused", "idle"]

    private func listEvents(in table: inout FigureTable) {
        table.counter(
            "passerelle_events_received_total",
            "Log entries except gaps: events, changes of members, refusals.", counters.events,
            status: "log.events")
        table.counter(
            "passerelle_events_unasked_total",
            "Events on channels that were not subscribed; covered by a gap.",
            counters.unrequested)
        table.counter(
            "passerelle_events_renamed_total",
            "Events renamed because their name resembled one of the gateway's own.",
            counters.renamed, status: "log.renamed")
        table.counter(
            "passerelle_events_retracted_total", "Events retracted by a later event.",
            counters.retractions)
    }

    private func listEvictions(in table: inout FigureTable) {
        table.family(
            "passerelle_events_evicted_total", .counter,
            "Log entries evicted, by the limit (bound) exceeded.", by: "bound")
        table.sample(counters.evictedByCount, "count", status: "log.evicted_by_count")
        table.sample(counters.evictedByBytes, "bytes", status: "log.evicted_by_bytes")
        table.sample(counters.evictedByAge, "age", status: "log.evicted_by_age")
        table.sample(counters.evictedByMemory, "memory", status: "log.evicted_by_memory")
        table.sample(counters.evictedWithChannel, "channels", status: "log.evicted_with_channel")
        table.family(
            "passerelle_gaps_total", .counter,
            "Gaps recorded in a log for all its readers, by reason.", by: "reason")
        for reason in [GapReason.upstream, .idle, .restart, .sequence] {
            table.sample(counters.gaps[reason], reason.rawValue)
        }
        table.status("log.gaps", counters.gaps.total)
    }

    private func listMemory(in table: inout FigureTable) {
        table.gauge(
            "passerelle_log_bytes", "Size of all logs in bytes.", logBytes, status: "log.bytes")
        table.gauge(
            "passerelle_log_limit_bytes", "Limit on the size of all logs and member data in bytes.",
            byteLimit)
        table.gauge(
            "passerelle_member_bytes", "Size of the members of all channels in bytes.",
            memberBytes, status: "log.member_bytes")
        table.gauge(
            "passerelle_seen_member_bytes",
            "Size of the remembered users, present or not, in bytes.", seenBytes,
            status: "log.seen_member_bytes")
        table.family(
            "passerelle_member_data_dropped_total", .counter,
            "Members stored without their user_info, and members not stored.", by: "dropped")
        table.sample(
            counters.memberInfosDropped, "user_info", status: "log.member_infos_dropped")
        table.sample(counters.membersDropped, "member", status: "log.members_dropped")
        table.counter(
            "passerelle_member_lists_deferred_total", "Member lists delayed to the next second.",
            counters.listsDeferred, status: "log.member_lists_deferred")
    }
}

extension GatewaySnapshot.DownstreamPart {
    fileprivate func listReaders(in table: inout FigureTable) {
        table.family(
            "passerelle_readers", .gauge,
            "Open event streams, waiting polls, and subscriptions on the Unix socket.",
            by: "surface")
        table.sample(streams, "sse", status: "readers.streams")
        table.sample(waitingPolls, "poll")
        table.sample(subscriptions, "line")
        table.family(
            "passerelle_deliveries_total", .counter, "Entries delivered, counted once per reader.",
            by: "surface")
        table.sample(streamed.entries, "sse")
        table.sample(tally.polled.entries, "poll")
        table.sample(tally.lined.entries, "line")
        table.family(
            "passerelle_reader_gaps_total", .counter,
            "Gaps sent to one reader, for its start position or because it is slow, by reason.",
            by: "reason")
        let gaps = streamed.gaps + tally.polled.gaps + tally.lined.gaps
        for reason in GapReason.allCases { table.sample(gaps[reason], reason.rawValue) }
        table.family(
            "passerelle_delivery_seconds", .histogram,
            "From the start of the turn that read the events to the write to the last reader with a"
                + " writable socket; one sample per turn.")
        table.sample(.histogram(latency))
    }

    fileprivate func listConnections(in table: inout FigureTable) {
        table.gauge(
            "passerelle_http_connections", "HTTP connections that are not streams.",
            httpConnections, status: "readers.http_connections")
        table.gauge(
            "passerelle_socket_connections", "Connections to the Unix socket.", socketConnections,
            status: "readers.socket_connections")
        table.counter(
            "passerelle_stalled_total", "Peers disconnected because they did not read.", stalled,
            status: "served.stalled")
        table.counter(
            "passerelle_dead_peers_total", "Peers disconnected because they acknowledged no data.",
            dead, status: "served.dead")
        table.gauge(
            "passerelle_output_bytes", "Output waiting for slow clients in bytes.", outputBytes,
            status: "served.output_bytes")
    }

    fileprivate func listRequests(in table: inout FigureTable) {
        table.counter(
            "passerelle_streams_total", "Event streams started.", tally.streams,
            status: "served.streams")
        table.counter(
            "passerelle_polls_total", "Polls received.", tally.polls, status: "served.polls")
        table.counter(
            "passerelle_polls_not_modified_total", "Polls answered with 304.", tally.notModified,
            status: "served.not_modified")
        table.counter(
            "passerelle_lines_total", "Lines read on the Unix socket.", tally.lines,
            status: "served.lines")
        table.family(
            "passerelle_refusals_total", .counter,
            "Requests and commands refused, by error code.", by: "error")
        for word in Self.refusalWords.union(tally.refusalWords.keys).sorted() {
            table.sample(tally.refusalWords[word] ?? 0, word)
        }
        table.status("served.refusals", tally.refusals)
        table.family(
            "passerelle_limits_reached_total", .counter,
            "Times that clients reached a limit, by limit.", by: "limit")
        for limit in Limit.allCases {
            table.sample(limits[limit], limit.rawValue, status: "served.limited.\(limit.rawValue)")
        }
    }

    /// Codes that are reported from the start, so that the first refusal is an increase.
    private static let refusalWords: Set<String> = [
        "auth-unavailable", "forbidden", "invalid-token", "overloaded", "rate-limited",
        "too-many-connections", "too-many-streams", "unauthorized", "upstream-unavailable",
    ]

    fileprivate func listRevocations(in table: inout FigureTable) {
        table.counter(
            "passerelle_revocations_total", "Commands that revoked a user.", tally.revocations,
            status: "served.revocations")
        table.counter(
            "passerelle_revoked_readers_total",
            "Streams and waiting requests ended by these commands.", tally.revokedReaders)
        table.gauge(
            "passerelle_revocations_remembered",
            "Revocations in force against earlier authorizations.", revocations)
    }
}

extension GatewaySnapshot.PresencePart {
    fileprivate func list(in table: inout FigureTable) {
        table.status("presence.mode", isDelegated ? "delegate" : "observe")
        table.gauge(
            "passerelle_presence_connections", "Delegate connections to Channels.", connections,
            status: "presence.connections")
        table.gauge(
            "passerelle_presence_members", "Delegated members of channels.", members,
            status: "presence.members")
        table.gauge(
            "passerelle_presence_observed", "Users who read without being members.", observed,
            status: "presence.observed")
        table.counter(
            "passerelle_presence_fallbacks_total",
            "Times that Channels refused to make a reader a member; it kept reading.",
            fallbacks, status: "presence.fallbacks")
        table.status("presence.refusals", .json(refusalList))
        table.family(
            "passerelle_client_events_total", .counter,
            "Client events of readers: sent as the user, sent as the gateway, merged with the one"
                + " before, and lost: over the quota, too late, or refused by Channels (dropped).",
            by: "outcome")
        let events = clientEvents
        table.sample(events.delegated, "sent", status: "presence.client_events")
        table.sample(
            events.observed, "sent_as_gateway", status: "presence.client_events_as_gateway")
        table.sample(events.merged, "merged", status: "presence.client_events_merged")
        table.sample(events.excess, "excess", status: "presence.client_events_refused")
        table.sample(events.late, "late", status: "presence.client_events_late")
        table.sample(events.dropped, "dropped", status: "presence.client_events_dropped")
        table.status("presence.client_events_refusal", clientEventRefusal)
    }

    /// The maximum number of kinds of refusal that are listed.
    static let refusalLimit = 20

    /// Why readers are not members, as JSON; those kinds with most users first.
    private var refusalList: [UInt8] {
        let most = refusals.sorted { $0.value.users > $1.value.users }.prefix(Self.refusalLimit)
        let list = most.map { kind, state -> JSONObjectWriter in
            let (channel, code, refused): (String?, Int, String) =
                switch kind {
                case .connection(let code): (nil, code, "connection")
                case .subscription(let channel, let status): (channel, status, "subscription")
                }
            return [
                "channel": channel, "code": code, "message": state.message, "refused": refused,
                "times": state.refusals, "users": state.users,
            ]
        }
        return JSONWriter.array(list.map { $0.finished() })
    }
}

extension AuthRouteCache.Tally {
    fileprivate func list(in table: inout FigureTable) {
        table.status("auth.calls", calls)
        table.family(
            "passerelle_auth_calls_total", .counter,
            "Calls to the application's auth route, by outcome.", by: "outcome")
        table.sample(admitted, "admitted", status: "auth.admitted")
        table.sample(refused, "refused", status: "auth.refused")
        table.sample(failed, "failed", status: "auth.failed")
        table.counter(
            "passerelle_auth_remembered_total", "Requests decided by an earlier answer.",
            remembered, status: "auth.remembered")
        table.status("auth.joined", joined)
        table.counter(
            "passerelle_auth_overloaded_total",
            "Requests refused because too many arrived at once.", overloaded,
            status: "auth.overloaded")
        table.counter(
            "passerelle_auth_evicted_total",
            "Answers of the route evicted early for lack of space.", evicted)
        table.counter(
            "passerelle_auth_ended_total",
            "Streams ended because their reader is no longer authorized.", ended,
            status: "auth.ended")
    }
}

extension GatewaySnapshot.JournalPart {
    fileprivate func list(in table: inout FigureTable) {
        table.isStatusOnly = state == .none
        defer { table.isStatusOnly = false }
        table.status("journal.state", state.rawValue)
        table.status("journal.synced", synced)
        table.gauge(
            "passerelle_journal_up", "1 if events are written to the journal, otherwise 0.",
            state == .on ? 1 : 0)
        table.gauge(
            "passerelle_journal_bytes", "Size of the journal's files in bytes.", bytes,
            status: "journal.bytes")
        table.gauge(
            "passerelle_journal_segments", "Number of the journal's files.", segments,
            status: "journal.segments")
        table.gauge(
            "passerelle_journal_lag_seconds", "How long the oldest unsynced change has waited.",
            lag.inSeconds)
        table.status("journal.lag_ms", Int64(lag / .milliseconds(1)))
        table.counter(
            "passerelle_journal_failures_total", "Writes to the journal that failed.", failures,
            status: "journal.failures")
        table.counter(
            "passerelle_journal_copies_total", "Times that the journal was rewritten.", copies,
            status: "journal.copies")
        table.gauge(
            "passerelle_journal_torn_tails",
            "Incomplete last records of the journal, found at the start.", torn,
            status: "journal.torn")
        table.gauge(
            "passerelle_journal_damaged_places",
            "Places of the journal that could not be read at the start.", damaged,
            status: "journal.damaged")
        table.status("journal.retracted", retracted)
    }
}

extension GatewaySnapshot.NoticePart {
    fileprivate func list(in table: inout FigureTable) {
        table.gauge(
            "passerelle_notices_pending", "Notices that are pending.", pending,
            status: "notices.pending")
        table.family(
            "passerelle_notices_total", .counter,
            "Notices by outcome: accepted by Inngest, throttled after an earlier one, recipient"
                + " present, message retracted, given up, or dropped: too many were pending.",
            by: "outcome")
        table.sample(tally.sent, "sent", status: "notices.sent")
        table.sample(tally.throttled, "throttled", status: "notices.throttled")
        table.sample(tally.present, "present", status: "notices.present")
        table.sample(tally.retracted, "retracted", status: "notices.retracted")
        table.sample(tally.givenUp, "given_up", status: "notices.given_up")
        table.sample(tally.dropped, "dropped", status: "notices.dropped")
        table.counter(
            "passerelle_notice_failures_total", "Failed calls to Inngest, including retries.",
            tally.failed, status: "notices.failed")
    }
}

extension ProcessFigures {
    fileprivate func list(in table: inout FigureTable) {
        table.gauge("process_resident_memory_bytes", "Resident memory.", residentBytes)
        table.gauge("process_virtual_memory_bytes", "Virtual memory.", virtualBytes)
        table.family("process_cpu_seconds_total", .counter, "User and system CPU time.")
        table.sample(.number(cpu.inSeconds))
        table.gauge("process_open_fds", "Open descriptors.", openDescriptors)
        table.gauge("process_max_fds", "Maximum number of open descriptors.", descriptorLimit)
    }
}

extension WallTime {
    /// Seconds since 1970.
    fileprivate var inSeconds: Double { Double(milliseconds) / 1000 }
}
