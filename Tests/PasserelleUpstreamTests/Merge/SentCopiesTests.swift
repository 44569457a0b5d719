// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleUpstream

struct SentCopiesTests {
    private func arrival(_ number: Int, at time: Duration) throws -> Joining.Arrival {
        let report = UpstreamSession.Report.event(
            channel: "a", name: "client-e", data: Array("\(number)".utf8), userID: nil)
        return Joining.Arrival(
            occurrence: try #require(Occurrence(report)), report: report, at: time)
    }

    private func filled(_ count: Int) -> SentCopies {
        var copies = SentCopies()
        for number in 0..<count {
            copies.add(
                .init(
                    channel: "a", name: "client-e", data: Array("\(number)".utf8), stamp: nil,
                    side: .first, at: .zero))
        }
        return copies
    }

    @Test(arguments: [-1, 0, 1])
    func `beyond the limit, the oldest sent event is forgotten`(excess: Int) throws {
        var copies = filled(SentCopies.limit + excess)
        #expect(try copies.take(arrival(0, at: .zero), from: .second) == (excess <= 0))
        #expect(try copies.take(arrival(1, at: .zero), from: .second))
    }

    @Test func `a copy arrives on the other connection, and before the timeout`() throws {
        var copies = filled(1)
        #expect(try !copies.take(arrival(0, at: .zero), from: .first))
        #expect(try !copies.take(arrival(0, at: SentCopies.timeout), from: .second))
        let last = SentCopies.timeout - .milliseconds(1)
        #expect(try copies.take(arrival(0, at: last), from: .second))
    }
}
