// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct PeerAcknowledgementTests {
    /// The kernel's record of a peer.
    private func peer(
        silent seconds: Double, timeout: Double = 0.2, retransmissions: Int = 0, probes: Int = 0,
        backoff: Int = 0
    ) -> PeerAcknowledgement {
        PeerAcknowledgement(
            silence: .milliseconds(Int64(seconds * 1000)),
            timeout: .milliseconds(Int64(timeout * 1000)), retransmissions: retransmissions,
            probes: probes, backoff: backoff)
    }

    @Test func `a silent peer without pending data is alive`() {
        #expect(!peer(silent: 3_600).isDead)
        // Its window was closed for long, and it answers each probe.
        #expect(!peer(silent: 9.9, probes: 0, backoff: 12).isDead)
    }

    @Test(arguments: [(14.999, false), (15, true), (15.001, true)])
    func `a peer that does not answer retransmissions is dead after 15 s`(
        seconds: Double, isDead: Bool
    ) {
        #expect(
            peer(silent: seconds, timeout: 12.8, retransmissions: 6).isDead == isDead)
        #expect(peer(silent: seconds, probes: 3, backoff: 7).isDead == isDead)
    }

    /// The connection was idle for a minute, and data sent then was lost a few times.
    @Test func `idle time before a loss does not count as silence`() {
        #expect(!peer(silent: 60, timeout: 0.8, retransmissions: 2).isDead)
        #expect(!peer(silent: 60, timeout: 3.2, retransmissions: 4).isDead)
        #expect(peer(silent: 60, timeout: 6.4, retransmissions: 5).isDead)
    }

    /// A keep-alive is sent after 15 s without traffic, and the network fails for 6 to 11 s.
    @Test func `an idle stream survives an outage of ten seconds, and is dead after 25 s`() {
        #expect(!peer(silent: 21.3, timeout: 6.4, retransmissions: 5).isDead)
        #expect(!peer(silent: 24.999, timeout: 6.4, retransmissions: 5).isDead)
        #expect(peer(silent: 25, timeout: 6.4, retransmissions: 5).isDead)
        // The kernel's wait may be limited to ten seconds.
        #expect(peer(silent: 24, timeout: 10, retransmissions: 6).isDead)
    }

    /// The wait is ten seconds: the second of two probes may be answered a moment later.
    @Test func `a second probe gets time for its answer`() {
        #expect(!peer(silent: 20.1, probes: 2, backoff: 7).isDead)
        #expect(!peer(silent: 22.999, probes: 2, backoff: 7).isDead)
        #expect(peer(silent: 23, probes: 2, backoff: 7).isDead)
    }

    @Test func `one lost probe does not make a peer dead`() {
        #expect(!peer(silent: 29, probes: 1, backoff: 7).isDead)
        #expect(!peer(silent: 29, probes: 2, backoff: 3).isDead)
    }

    @Test func `values that no kernel reports do no harm`() {
        let wild = peer(silent: 1, retransmissions: 255, probes: 255, backoff: 255)
        #expect(!wild.isDead && wild.unansweredTime <= PeerAcknowledgement.longestWait)
    }

    @Test func `the kernel reports a TCP peer's acknowledgements, but not a Unix peer's`() throws {
        let loop = try EventLoop()
        let server = try EchoServer(loop: loop)
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: client)
        link.send([1])
        try run(loop, until: { client.received == [1] })
        let known = try #require(link.acknowledgement)
        #expect(known.retransmissions == 0 && known.probes == 0 && known.silence < .seconds(10))
        #expect(known.timeout > .zero && !link.peerIsDead)
        link.close()
        let pair = try SocketPair(loop: loop)
        #expect(pair.link.acknowledgement == nil && !pair.link.peerIsDead)
    }
}
