// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// Delivers to each reader the entries after its position, in the form it asked for.
///
/// A gateway has one instance. Each turn of the loop ends with `flush`, which flushes everything
/// that arrived in that turn with one write per reader.
package final class Downstream {
    /// The HTTP surface, for links that an HTTP listener accepted.
    package let http: HTTPService
    /// The operators' HTTP surface, for links that an admin listener accepted.
    package let admin: HTTPService
    /// The Unix socket's surface, for links that its listener accepted.
    package let lines: LineService
    let context: DownstreamContext

    package init(
        loop: EventLoop, hub: Hub, configuration: DownstreamConfiguration,
        services: DownstreamServices
    ) {
        context = DownstreamContext(
            loop: loop, hub: hub, configuration: configuration, services: services)
        http = HTTPService(context: context, for: .readers)
        admin = HTTPService(context: context, for: .operators)
        lines = LineService(context: context)
        context.upstreamChanged = { [unowned self] in reportUpstream() }
        tick()
    }

    /// Handles a new connection to Channels, or the loss of one, which also precedes the first.
    ///
    /// Readers learn of it with the turn's `flush`; of a loss only once it has lasted for
    /// `ReportedUpstream.delay`.
    package func upstreamChanged(isConnected: Bool) {
        context.upstream.changed(isConnected: isConnected)
    }

    /// Reports the state of the connection to Channels to all readers.
    ///
    /// The end of an outage does not answer waiting polls: the gap of the new subscription does.
    private func reportUpstream() {
        context.streams.upstreamChanged()
        lines.upstreamChanged()
        if context.upstream.isAway { http.answerWaitingPolls() }
    }

    /// The console that the operators' surface serves.
    package var console: (any OperatorConsole)? {
        get { context.console }
        set { context.console = newValue }
    }

    /// Detects peers that do not read.
    package var stalls: StallWatch { context.stalls }

    /// Delivers the entries of this turn to all readers.
    package func flush() {
        context.flush()
    }

    /// Takes no further requests on open connections, and ends streams and lines in order.
    package func drain() {
        http.drain()
        admin.drain()
        lines.drain()
        context.streams.drain()
        context.diagnoses.drain()
        context.console?.drain()
    }

    /// Ends in order what a process that takes over cannot continue.
    package func drainForReplacement() {
        context.streams.endForReplacement()
        drain()
    }

    /// Event streams that are open.
    package var streamCount: Int { context.streams.count }
    /// Counts of the calls to the application's auth route; `nil` if the route is not configured.
    package var authTally: AuthRouteCache.Tally? { context.authenticator?.routeTally }
    /// The number of remembered revocations.
    package var revocationCount: Int { context.authenticator?.cache.revocations.count ?? 0 }
    /// Calls `body` with each remembered revocation; `time` is in milliseconds since 1970.
    package func forEachRevocation(
        _ body: (_ userID: String, _ channel: String?, _ time: Int64) -> Void
    ) {
        context.authenticator?.cache.revocations.forEach(body)
    }
    /// Restores a revocation of an earlier process; returns `false` if there is no room for it.
    package func restore(revocationOf userID: String, channel: String?, at wall: Int64) -> Bool {
        context.authenticator?.restore(revocationOf: userID, channel: channel, at: wall) ?? true
    }
    /// Polls that wait for new entries.
    package var waitingPollCount: Int { http.waitingPolls }
    /// Subscriptions on the Unix socket.
    package var subscriptionCount: Int { lines.subscriptionCount }
    /// Counters of all surfaces.
    package var tally: Tally { context.tally }
    /// How often each limit was reached.
    package var refusalCounts: RefusalCounts { context.quotas.counts }
    /// Peers that were disconnected because they did not read.
    package var stallCount: UInt64 { context.stalls.count }
    /// Peers that were disconnected because they acknowledged no data.
    package var deadPeerCount: UInt64 { context.stalls.deadCount }
    /// Bytes of output that wait in this process for slow peers.
    package var outputBytes: Int { context.stalls.bytes }
    /// Entries written to event streams.
    package var streamed: Deliveries { context.streams.delivered }
    /// Durations of the turns that delivered entries, from the start of the turn to the write to
    /// the last reader with a writable socket.
    package var latency: DurationHistogram { context.latency }

    private func tick() {
        context.loop.scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self else { return }
            self.context.streams.secondPassed()
            self.context.authenticator?.timePassed()
            self.tick()
        }
    }
}
