// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

/// `CHANNELS` with many channels, and the limit of commands per turn.
struct ChannelListingTests {
    private func hold(_ count: Int, in fixture: DownstreamFixture) -> [String] {
        let names = (0..<count).map { "presence-\($0)" }
        for name in names { _ = fixture.hub.requestChannel(named: name, at: fixture.now) }
        return names.sorted()
    }

    private func names(_ json: [UInt8]) -> [String] {
        guard let root = try? JSONScanner.document(json.span),
            let list = JSONScanner.member(json.span, of: root, named: "channels")
        else { return [] }
        return JSONScanner.elements(json.span, of: list).map {
            member(Array(json[$0.range]), "channel") ?? ""
        }
    }

    @Test(arguments: [0, 1, 255, 256, 257, 1_023, 1_024, 1_025, 5_000])
    func `a list has every channel once, by name, and is built in short pieces`(count: Int) throws {
        let fixture = try DownstreamFixture()
        let expected = hold(count, in: fixture)
        var listing = ChannelListing(names: Array(fixture.hub.channels.keys))
        var pieces = 1
        var json: [UInt8]?
        while json == nil, pieces < 1_000 {
            json = listing.makePiece(of: fixture.hub)
            pieces += 1
        }
        #expect(names(try #require(json)) == expected)
        #expect(pieces >= count / ChannelListing.describedChannels)
    }

    @Test(arguments: [255, 256, 2_000])
    func `the answer comes in the order of the commands`(count: Int) throws {
        let fixture = try DownstreamFixture()
        let expected = hold(count, in: fixture)
        let line = try fixture.line()
        line.send("PING\nCHANNELS\nPING\nSTATUS\n")
        var lines: [String] = []
        try run(fixture.loop) {
            lines += try line.lines()
            return lines.count == 4
        }
        #expect(lines[0] == "OK PING" && lines[2] == "OK PING")
        #expect(lines[3] == #"OK STATUS {"is":"well"}"#)
        #expect(names(Array(lines[1].utf8.dropFirst("OK CHANNELS ".utf8.count))) == expected)
    }

    @Test func `one list answers all requests that arrive while it is built`() throws {
        let fixture = try DownstreamFixture()
        _ = hold(2_000, in: fixture)
        let lists = ChannelLists(loop: fixture.loop, hub: fixture.hub)
        var answers: [[UInt8]] = []
        for _ in 0..<20 { lists.ask { answers.append($0) } }
        #expect(answers.isEmpty)
        try run(fixture.loop, until: { answers.count >= 1 })
        #expect(answers.count <= ChannelLists.answersPerTurn)
        try run(fixture.loop, until: { answers.count == 20 })
        #expect(Set(answers).count == 1 && names(answers[0]).count == 2_000)
    }

    @Test func `one connection's commands are spread over turns, and all are answered`() throws {
        let fixture = try DownstreamFixture()
        let (busy, other) = (try fixture.line(), try fixture.line())
        let count = 4 * LineConnection.commandsPerTurn
        busy.send(String(repeating: "PING\n", count: count))
        try fixture.loop.runOnce(timeout: .zero)
        #expect(fixture.downstream.tally.lines <= UInt64(LineConnection.commandsPerTurn))
        other.send("PING\n")
        #expect(try other.lines() == ["OK PING"])
        var answers = 0
        try run(fixture.loop) {
            answers += try busy.lines().count
            return answers == count
        }
        #expect(fixture.downstream.tally.lines == UInt64(count + 1))
    }

    @Test(arguments: [-1, 0, 1])
    func `one turn executes a bounded number of a connection's commands`(more: Int) throws {
        let fixture = try DownstreamFixture()
        let line = try fixture.line()
        let count = LineConnection.commandsPerTurn + more
        line.send(String(repeating: "PING\n", count: count))
        try fixture.loop.runOnce(timeout: .zero)
        let executed = min(count, LineConnection.commandsPerTurn)
        #expect(fixture.downstream.tally.lines == UInt64(executed))
        try run(fixture.loop) { fixture.downstream.tally.lines == UInt64(count) }
    }
}
