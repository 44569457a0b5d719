// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleUpstream

/// The cause of an outage, as monitoring shows it.
struct UpstreamStatusTests {
    private let now = Moment(steady: .seconds(1), wall: WallTime(milliseconds: 1_000))

    @Test func `the cause of an outage is known until the connection is back`() {
        var status = UpstreamStatus()
        status.attempted(at: now)
        #expect(status.cause == nil)
        status.take(.waits(.seconds(1), because: .code(4200, "try again")), at: now)
        #expect(status.cause == "closed with code 4200: try again")
        status.attempted(at: now)
        #expect(status.cause == "closed with code 4200: try again")
        status.take(.waits(.seconds(2), because: .handshakeTimeout), at: now)
        #expect(status.cause == "no handshake within 20.0 seconds")
        status.take(.established(socketID: "1.2"), at: now)
        #expect(status.cause == nil)
    }

    @Test func `a permanent refusal is a cause`() {
        var status = UpstreamStatus()
        status.take(.rejectedPermanently(code: 4001, message: "no such application"), at: now)
        #expect(status.state == .refused)
        #expect(status.cause == "closed with code 4001: no such application")
    }

    @Test(arguments: [-1, 0, 1])
    func `a cause is cut at its limit`(excess: Int) {
        let text = String(repeating: "x", count: UpstreamStatus.causeBytes + excess)
        let cause = UpstreamStatus.clause(text)
        #expect(cause.utf8.count == min(text.utf8.count, UpstreamStatus.causeBytes))
        let wide = UpstreamStatus.clause(text.dropLast() + "é")
        #expect(wide.utf8.count <= UpstreamStatus.causeBytes)
    }
}
