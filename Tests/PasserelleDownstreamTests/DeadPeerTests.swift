// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import Testing

/// Peers that read nothing and peers that are gone, over TCP, which alone can distinguish them.
struct DeadPeerTests {
    /// True if the process is root, which can create the network namespace that each case needs.
    private static let hasNetworks = getuid() == 0

    /// Moves this thread into a new network namespace with a loopback device; `false` on failure.
    private static func enterNetwork() throws -> Bool {
        // The Glibc module does not export unshare(2).
        guard let address = dlsym(nil, "unshare") else { return false }
        typealias Unshare = @convention(c) (Int32) -> Int32
        let network: Int32 = 0x4000_0000  // CLONE_NEWNET
        guard unsafeBitCast(address, to: Unshare.self)(network) == 0 else { return false }
        return try setLoopback(up: true)
    }

    private static func setLoopback(up: Bool) throws -> Bool {
        try Subprocess.run("ip", ["link", "set", "lo", up ? "up" : "down"]).status == 0
    }

    /// One stream is idle, one is full, and one poll's answer is being sent when the network fails.
    @Test(.enabled(if: hasNetworks, "a network namespace requires root"))
    func `dead peers are detected within 30 s, full or not`() async {
        await #expect(processExitsWith: .success) {
            guard try DeadPeerTests.enterNetwork() else { return print("SKIPPED: no network") }
            let fixture = try DownstreamFixture { configuration, hub in
                // Long, so that the streams are not closed as stalled.
                configuration.stall = .seconds(600)
                hub.log.bytes = 64 << 20
            }
            let idle = try TCPPeer(fixture, "/events?channel=c")
            let full = try TCPPeer(fixture, "/events?channel=d")
            try run(fixture.loop, until: { idle.hasSnapshot && full.hasSnapshot })
            full.dialled?.pause()
            let large = "\"" + String(repeating: "x", count: 1 << 20) + "\""
            for _ in 0..<30 { fixture.publish("d", "large", large) }
            let polled = try TCPPeer(fixture, "/poll?channel=d&after=earliest")
            polled.pausesAtOnce = true
            try run(fixture.loop, until: { polled.accepted.map { $0.unreadBytes > 0 } ?? false })
            precondition(fixture.downstream.streamCount == 2)
            let isDown = try DeadPeerTests.setLoopback(up: false)
            precondition(isDown)
            let down = ContinuousClock.now
            try run(
                fixture.loop, until: { fixture.downstream.streamCount == 0 })
            precondition(ContinuousClock.now - down < .seconds(30), "\(ContinuousClock.now - down)")
            precondition(fixture.downstream.deadPeerCount >= 2)
            precondition(fixture.downstream.stallCount == 0)
        }
    }

    @Test(.enabled(if: hasNetworks, "a network namespace requires root"))
    func `a live peer that reads nothing does not count as dead`() async {
        await #expect(processExitsWith: .success) {
            guard try DeadPeerTests.enterNetwork() else { return print("SKIPPED: no network") }
            let fixture = try DownstreamFixture { configuration, hub in
                configuration.stall = .seconds(600)
                hub.log.bytes = 64 << 20
            }
            // One is full for the gateway and the kernel, the other only for the kernel.
            let full = try TCPPeer(fixture, "/events?channel=d")
            let closed = try TCPPeer(fixture, "/events?channel=c")
            try run(fixture.loop, until: { full.hasSnapshot && closed.hasSnapshot })
            full.dialled?.pause()
            closed.dialled?.pause()
            let large = "\"" + String(repeating: "x", count: 1 << 20) + "\""
            for _ in 0..<30 { fixture.publish("d", "large", large) }
            let until = ContinuousClock.now + .seconds(20)
            var padding = 0
            try run(
                fixture.loop,
                until: {
                    // As much as the peer's kernel takes, and a little more.
                    if padding < 200 {
                        fixture.publish("c", "medium", String(repeating: "1", count: 20_000))
                    }
                    padding += 1
                    return ContinuousClock.now > until
                })
            precondition(fixture.downstream.streamCount == 2)
            precondition(fixture.downstream.deadPeerCount == 0)
        }
    }
}

/// A TCP client, and the gateway's end of its connection.
private final class TCPPeer {
    let client = LinkRecorder()
    var pausesAtOnce = false
    private(set) var dialled: Link?
    private(set) var accepted: Link?
    private var listener: Listener?

    init(_ fixture: DownstreamFixture, _ target: String) throws {
        listener = try Listener(loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            [unowned self] in
            accepted = $0
            fixture.downstream.http.accepted($0)
        }
        dialled = Dial.connect(
            loop: fixture.loop, to: .tcp(host: "127.0.0.1", port: listener?.boundPort ?? 0),
            tls: nil, timeout: .seconds(5), owner: client)
        dialled?.send(Array("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        client.onReceived = { [unowned self] link, _ in if pausesAtOnce { link.pause() } }
    }

    var hasSnapshot: Bool { client.text.contains("subscription_succeeded") }

    deinit {
        listener?.close()
        dialled?.close()
    }
}
