// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// Tells each reader what it has not seen, in the form it asked for.
///
/// Built once a gateway. Each turn of the loop ends with `settle`, in which everything that came
/// in that turn goes out: one write a reader.
package final class Downstream {
    /// The HTTP surface, for links that an HTTP listener accepted.
    package let http: HTTPService
    /// The HTTP surface of whoever operates the gateway, for links that an admin listener accepted.
    package let admin: HTTPService
    /// The Unix socket's surface, for links that its listener accepted.
    package let lines: LineService
    let desk: Desk

    package init(
        loop: EventLoop, hub: Hub, configuration: DownstreamConfiguration,
        services: DownstreamServices
    ) {
        desk = Desk(loop: loop, hub: hub, configuration: configuration, services: services)
        http = HTTPService(desk: desk, for: .readers)
        admin = HTTPService(desk: desk, for: .operators)
        lines = LineService(desk: desk)
        let began = loop.now
        desk.consoles.record = { [unowned self] in consoleRecord(since: began) }
        tick()
    }

    /// Tells everybody what came in this turn.
    package func settle() {
        desk.settle()
    }

    /// Takes no further request on open connections, and ends streams and lines in order.
    package func drain() {
        http.drain()
        admin.drain()
        lines.drain()
        desk.streams.drain()
        desk.consoles.drain()
    }

    /// Event streams that are open.
    package var streamCount: Int { desk.streams.count }
    /// What was asked of the application's auth route; `nil` where it is not asked.
    package var authTally: AuthChecks.Tally? { desk.door?.routeTally }
    /// Polls that wait for news.
    package var waitingPollCount: Int { http.waitingPolls }
    /// Subscriptions on the Unix socket.
    package var subscriptionCount: Int { lines.subscriptionCount }
    /// What was counted.
    package var tally: Tally { desk.tally }
    /// How often each limit was reached.
    package var refusalCounts: RefusalCounts { desk.quotas.counts }
    /// Peers that were let go since they did not read.
    package var stallCount: UInt64 { desk.stalls.count }
    /// What was written to event streams.
    package var streamed: Deliveries { desk.streams.delivered }
    /// How long turns took that told news, from when they began to when the last reader whose
    /// socket had room was written to.
    package var latency: DurationHistogram { desk.latency }

    private func tick() {
        desk.loop.after(.seconds(1)) { [weak self] in
            guard let self else { return }
            self.desk.streams.beat()
            self.desk.door?.timePassed()
            self.tick()
        }
    }
}
