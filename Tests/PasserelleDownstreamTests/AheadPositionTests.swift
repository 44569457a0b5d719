// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// Positions whose entries a crash has lost, and positions of an unknown log, on each surface.
struct AheadPositionTests {
    /// The log of epoch 6 ended at 10; this run has issued 11 (the subscription) to 13.
    private func fixture() throws -> DownstreamFixture {
        let fixture = try DownstreamFixture(
            epochs: EpochHistory(6).continued(by: 7, after: 10))
        _ = try fixture.stream("channel=c").messages()
        for event in ["one", "two"] { fixture.publish("c", event) }
        return fixture
    }

    /// An event's name; of a gap only the reason.
    private func short(_ name: String?, _ data: String?) -> String {
        member(Array((data ?? "").utf8), "reason") ?? name ?? "nothing"
    }

    private func short(_ events: [UInt8]) -> [String] {
        zip(column(events, "event"), column(events, "data")).map { short($0, $1) }
    }

    /// The names of the events in the first answer to each way of continuing after a position.
    private func delivered(
        _ fixture: DownstreamFixture, after position: String, query: String = "",
        line options: String = ""
    ) throws -> [String: [String]] {
        var names: [String: [String]] = [:]
        for (name, after, fields) in [
            ("Last-Event-ID", "", "Last-Event-ID: \(position)\r\n"),
            ("after", "&after=\(position)", ""),
            ("lastEventId", "&lastEventId=\(position)", ""),
        ] {
            let stream = try fixture.stream("channel=c\(after)\(query)", fields: fields)
            names["stream by \(name)"] = try stream.messages().dropFirst().map {
                short($0.event, member($0.data, "data"))
            }
            stream.close()
            let poll = try fixture.http().get("/poll?channel=c\(after)\(query)", fields)
            names["poll by \(name)"] = short(poll.body)
        }
        for tag in ["\"\(position)\"", "W/\"\(position)\"", "\"\(position)-gzip\"", position] {
            for url in ["", "&after=now", "&last=5", "&after=6-4"] {
                let poll = try fixture.http().get(
                    "/poll?channel=c\(url)\(query)", "If-None-Match: \(tag)\r\n")
                names["poll of \(url) by \(tag)"] = short(poll.body)
            }
        }
        let line = try fixture.line()
        let words = "c after=\(position)\(options)\n"
        line.send("HISTORY \(words)SUBSCRIBE \(words)")
        let lines = try line.lines()
        names["HISTORY"] = short(Array(lines[0].drop { $0 != "{" }.utf8))
        names["SUBSCRIBE"] = lines.dropFirst(2).map { line in
            let event = Array(line.utf8.dropFirst("EVENT ".utf8.count))
            return short(member(event, "event"), member(event, "data"))
        }
        line.pair.close()
        return names
    }

    @Test func `a reader ahead of its epoch continues at the epoch's end`() throws {
        let fixture = try fixture()
        for (name, events) in try delivered(fixture, after: "6-15") {
            #expect(events == ["idle", "one", "two"], "\(name)")
        }
    }

    @Test func `without a replay, a reader of an unknown epoch receives its gap alone`() throws {
        let fixture = try fixture()
        let all = try delivered(fixture, after: "5-15")
        let none = try delivered(
            fixture, after: "5-15", query: "&replay=none", line: " replay=none")
        for (name, events) in none where !name.contains("after=6-4") {
            #expect(events == ["unknown-position"], "\(name)")
            #expect(all[name] == ["unknown-position", "one", "two"], "\(name)")
        }
    }
}
