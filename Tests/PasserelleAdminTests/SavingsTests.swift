// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleAdmin
@testable import PasserelleDownstream
@testable import PasserelleUpstream

/// The comparison with clients that read from Channels themselves.
struct SavingsTests {
    private func snapshot(readers: Int, connected: Bool, delegates: Int) -> GatewaySnapshot {
        var snapshot = GatewaySnapshot()
        snapshot.downstream.streams = readers
        snapshot.upstream.established = connected ? 1 : 0
        snapshot.presence.connections = delegates
        return snapshot
    }

    @Test(arguments: [
        (1_000, true, 2, 997), (3, true, 2, 0), (4, true, 2, 1), (2, true, 2, 0), (2, false, 0, 2),
        (0, true, 0, 0),
    ])
    func `a reader saves a connection, less those of the gateway`(
        readers: Int, connected: Bool, delegates: Int, saved: Int
    ) {
        let savings = Savings(
            snapshot(readers: readers, connected: connected, delegates: delegates))
        #expect(savings.savedConnections == saved)
        #expect(
            savings.readers == readers && savings.connections == delegates + (connected ? 1 : 0))
    }

    @Test func `polls and lines are readers too`() {
        var snapshot = snapshot(readers: 1, connected: true, delegates: 0)
        snapshot.downstream.waitingPolls = 2
        snapshot.downstream.subscriptions = 3
        #expect(Savings(snapshot).readers == 6)
    }

    @Test(arguments: [(99, 0), (100, 0), (101, 1)])
    func `a delivery saves a message, less those that the gateway received`(
        deliveries: Int, saved: UInt64
    ) {
        var snapshot = GatewaySnapshot()
        snapshot.upstream.messages = 60
        snapshot.presence.messages = 40
        snapshot.downstream.streamed.delivered(events: deliveries - 30)
        snapshot.downstream.tally.polled.delivered(events: 20)
        snapshot.downstream.tally.lined.delivered(events: 10)
        #expect(Savings(snapshot).savedMessages == saved)
    }
}
