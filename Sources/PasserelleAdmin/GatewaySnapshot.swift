// SPDX-License-Identifier: MIT

package import PasserelleDownstream
package import PasserelleHub
package import PasserelleNotices
package import PasserelleUpstream
import PasserelleWire

/// The gateway's state at one moment, which `STATUS`, `/metrics` and the console present.
///
/// The initializer of each part reads the part from its owner. `GatewaySnapshot+Figures.swift`
/// lists the figures with their names in `STATUS` and in the metrics; their number does not depend
/// on the number of channels, users or readers.
package struct GatewaySnapshot {
    /// The version of the program.
    package var version = ""
    /// The time of the snapshot.
    package var time = WallTime(milliseconds: 0)
    /// The time at which the gateway started.
    package var started = WallTime(milliseconds: 0)
    /// The time since the start, by the steady clock.
    package var uptime: Duration = .zero
    /// Connections that were refused because no descriptor was left.
    package var exhaustions = 0
    /// Upgrades in which the new process did not take over.
    package var failedUpgrades: UInt64 = 0
    package var upstream = UpstreamStatus()
    package var hub = HubPart()
    package var downstream = DownstreamPart()
    package var presence = PresencePart()
    /// Calls to the application's auth route; `nil` if the route is not used.
    package var auth: AuthRouteCache.Tally?
    package var journal = JournalPart()
    /// `nil` if notices are off.
    package var notices: NoticePart?
    /// `nil` if the rendering does not need them, or if `/proc` cannot be read.
    package var process: ProcessFigures?

    /// Creates the snapshot of a gateway that has just started.
    package init() {}

    /// The logs and the members.
    package struct HubPart: Equatable {
        var position = ""
        var counters = Counters()
        /// Readers of all surfaces.
        var readerCount = 0
        var channelCount = 0
        /// The number of channels in each state.
        var channelStates: [String: Int] = [:]
        var memberCount = 0
        var logBytes = 0
        var byteLimit = 0
        /// Bytes of present members, and of remembered users.
        var memberBytes = 0
        var seenBytes = 0

        init() {}

        /// Reads the state of a hub; examines each channel.
        package init(_ hub: Hub) {
            position = hub.position.text
            counters = hub.counters
            readerCount = hub.readerCount
            channelCount = hub.channels.count
            logBytes = hub.logBytes
            byteLimit = hub.configuration.totalBytes
            memberBytes = hub.memberBytes
            seenBytes = hub.seenMembers.bytes
            for channel in hub.channels.values {
                channelStates[channel.subscription.word, default: 0] += 1
                memberCount += channel.members.count
            }
        }
    }

    /// Readers, requests, and deliveries to readers.
    package struct DownstreamPart: Equatable {
        var streams = 0
        var waitingPolls = 0
        var subscriptions = 0
        var httpConnections = 0
        var socketConnections = 0
        var tally = Tally()
        var streamed = Deliveries()
        var latency = DurationHistogram()
        /// The number of times that each limit was reached.
        var limits = RefusalCounts()
        /// Revocations in force.
        var revocations = 0
        /// Peers that were disconnected because they did not read.
        var stalled: UInt64 = 0
        /// Peers that were disconnected because they acknowledged no data.
        var dead: UInt64 = 0
        /// Bytes of output waiting for slow clients.
        var outputBytes = 0

        init() {}

        /// Reads the state of the surfaces.
        package init(_ downstream: Downstream) {
            streams = downstream.streamCount
            waitingPolls = downstream.waitingPollCount
            subscriptions = downstream.subscriptionCount
            httpConnections = downstream.http.connectionCount
            socketConnections = downstream.lines.connectionCount
            tally = downstream.tally
            streamed = downstream.streamed
            latency = downstream.latency
            limits = downstream.refusalCounts
            revocations = downstream.revocationCount
            stalled = downstream.stallCount
            dead = downstream.deadPeerCount
            outputBytes = downstream.outputBytes
        }
    }

    /// Delegated membership, and client events.
    package struct PresencePart {
        /// True if readers are members; otherwise only the gateway is.
        var isDelegated = false
        var connections = 0
        /// Messages received on these connections.
        var messages: UInt64 = 0
        var members = 0
        var observed = 0
        var fallbacks: UInt64 = 0
        /// The kinds of refusal because of which readers are not members.
        var refusals: [Fallbacks.Kind: Fallbacks.State] = [:]
        var clientEvents = ClientEventPlanner.Counters()
        /// The message of the latest refusal of a client event that was sent.
        var clientEventRefusal: String?

        init() {}

        /// Reads both parts; `delegation` is `nil` if only the gateway is a member.
        package init(_ delegation: PresenceDelegate?, _ clientEvents: ClientEvents) {
            self.clientEvents = clientEvents.counters
            clientEventRefusal = clientEvents.lastRefusal
            guard let delegation else { return }
            isDelegated = true
            connections = delegation.pool.connectionCount
            messages = delegation.messageCount
            members = delegation.pool.delegatedCount
            observed = delegation.pool.observedCount
            fallbacks = delegation.fallbackCount
            refusals = delegation.fallbacks.states
        }
    }

    /// The journal.
    package struct JournalPart: Equatable {
        enum State: String {
            /// `none` without a state directory; `off` after a failure, until all is rewritten.
            case none, on, off
        }

        var state = State.none
        /// The position up to which the journal is on disk.
        var synced: String?
        var bytes = 0
        var segments = 0
        /// How long the oldest unsynced change has waited.
        var lag: Duration = .zero
        /// Incomplete last records, and unreadable places, that were found at the start.
        var torn = 0
        var damaged = 0
        var retracted = 0
        var copies = 0
        var failures = 0

        init() {}

        /// Reads the state of the journal of a hub.
        package init(_ journal: Journal, torn: Int, damaged: Int, of hub: Hub, at now: Duration) {
            state = journal.isKeeping ? .on : .off
            synced = hub.position(at: journal.syncedSequence).text
            bytes = journal.bytes
            segments = journal.segments.count
            lag = journal.waitingSince.map { now - $0 } ?? .zero
            self.torn = torn
            self.damaged = damaged
            retracted = journal.retracted
            copies = journal.copies
            failures = journal.failures
        }
    }

    /// Offline notices.
    package struct NoticePart: Equatable {
        var pending = 0
        var tally = NoticeCounters()

        init() {}

        /// Reads the state of the notices.
        package init(_ notices: Notices) {
            pending = notices.pending
            tally = notices.tally
        }
    }
}

extension GatewaySnapshot {
    /// The metrics in Prometheus' text format.
    package var metrics: [UInt8] {
        var out = MetricsWriter()
        var name: String?
        for figure in figures {
            guard let (family, label) = figure.sample else { continue }
            if name != family.name { out.family(family.name, family.kind, family.help) }
            name = family.name
            let pair = family.label.map { ($0, label ?? "") }
            switch figure.value {
            case .integer(let value): out.sample(value, pair)
            case .number(let value): out.sample(value, pair)
            case .histogram(let histogram): out.samples(histogram)
            case .text, .json: break
            }
        }
        return out.text
    }
}

extension GatewaySnapshot {
    /// The answer to `STATUS`: one JSON object on one line, with its members sorted by name.
    package var status: [UInt8] {
        Self.object(
            figures.compactMap { figure in
                figure.status.map { ($0.split(separator: ".")[...], figure.value) }
            })
    }

    /// Returns an object with values at these paths.
    private static func object(
        _ values: [(path: ArraySlice<Substring>, value: FigureTable.Value)]
    ) -> [UInt8] {
        var object = JSONObjectWriter()
        let members = Dictionary(grouping: values) { $0.path.first.map(String.init) ?? "" }
        for (name, values) in members.sorted(by: { $0.key < $1.key }) {
            let inner = values.filter { $0.path.count > 1 }.map { ($0.path.dropFirst(), $0.value) }
            if !inner.isEmpty {
                object.member(name, json: Self.object(inner))
            } else if let value = values.first?.value {
                object.member(name, value)
            }
        }
        return object.finished()
    }
}

extension JSONObjectWriter {
    fileprivate mutating func member(_ name: String, _ value: FigureTable.Value) {
        switch value {
        case .integer(let number): member(name, number)
        case .text(let text): member(name, text)
        case .json(let json): member(name, json: json)
        case .number, .histogram: break
        }
    }
}
