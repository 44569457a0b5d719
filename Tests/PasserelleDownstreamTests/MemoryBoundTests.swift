// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleTesting
import Testing

/// Compares the logs' counted size with the heap; each case runs in its own process, since it
/// measures the whole heap.
struct MemoryBoundTests {
    private static let channels = 100_000

    /// Publishes events on channels without readers and encodes them; returns the hub.
    private static func hub(
        bound: Int, channels: Int, events: Int = 1, payload: Int
    ) -> Hub {
        var configuration = HubConfiguration()
        configuration.totalBytes = bound
        let hub = Hub(epoch: 7, configuration: configuration, at: moment(0))
        let encoder = EventEncoder(hub: hub)
        for number in 0..<channels {
            let (name, now) = ("presence-bail-\(number)", moment(number))
            _ = hub.requestChannel(named: name, at: now)
            hub.subscribed(name, members: [], at: now)
            for event in 0..<events {
                var data = [UInt8](repeating: UInt8(ascii: "x"), count: payload)
                (data[0], data[payload - 1]) = (UInt8(ascii: "\""), UInt8(ascii: "\""))
                hub.received(
                    name, event: "new-message", data: data, userID: "usr_\(number)",
                    key: "message-\(event)-of-\(number)-and-no-other", at: now)
                if let event = hub.channel(name)?.log.newest { _ = encoder.form(of: event) }
            }
            hub.deliverUpdates()
        }
        _ = hub.takeDemands()
        return hub
    }

    private static func moment(_ second: Int) -> Moment {
        Moment(steady: .seconds(second), wall: WallTime(milliseconds: Int64(second) * 1000))
    }

    @Test func `logs use as much memory as they count`() async {
        await #expect(processExitsWith: .success) {
            for (channels, events) in [(20_000, 1), (100, 200)] {
                for payload in [10, 1_000] {
                    let before = heapBytesInUse()
                    let hub = MemoryBoundTests.hub(
                        bound: 1 << 40, channels: channels, events: events, payload: payload)
                    let (held, counted) = (heapBytesInUse() - before, hub.logBytes)
                    let words =
                        "\(channels) channels, \(events) events, \(payload) bytes: "
                        + "\(held) held, \(counted) counted"
                    precondition(held <= counted && held > counted * 2 / 3, words)
                }
            }
        }
    }

    @Test func `a hundred thousand channels stay inside the bound, the oldest are evicted`() {
        let bound = 64 << 20
        let hub = Self.hub(bound: bound, channels: Self.channels, payload: 200)
        #expect(hub.logBytes <= bound && hub.logBytes > bound * 3 / 4)
        let held = (0..<Self.channels).map { number in
            hub.channel("presence-bail-\(number)")?.log.count ?? 0
        }
        let first = held.firstIndex(of: 1) ?? 0
        #expect(first > 0 && held[..<first].allSatisfy { $0 == 0 })
        #expect(held[first...].allSatisfy { $0 == 1 }, "the longest unread are evicted first")
        #expect(hub.counters.evictedByMemory == first)
        let gone = hub.channel("presence-bail-0")
        #expect(gone?.horizon.reason == .evicted)
        let counted = hub.channels.values.reduce(0) { $0 + $1.log.bytes + $1.ephemeralEvents.bytes }
        #expect(counted == hub.logBytes)
    }
}
