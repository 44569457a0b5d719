// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Every snapshot names the user of its reader, if it is known.
struct SnapshotUserTests {
    private let fixture: DownstreamFixture
    private static let presence =
        #"{"count":2,"ids":["ana","usr_7"],"hash":{"ana":{"n":1},"usr_7":null}"#

    init() throws {
        fixture = try DownstreamFixture { configuration, _ in configuration.acceptsClaims = true }
        fixture.members = [
            Member(userID: "ana", userInfo: Array(#"{"n":1}"#.utf8)),
            Member(userID: "usr_7", userInfo: nil),
        ]
    }

    private func snapshot(_ query: String, format: String = "event") throws -> String? {
        let stream = try fixture.stream(query + "&format=\(format)")
        let messages = try stream.messages()
        guard let data = messages.first?.data, messages.count == 1 else { return nil }
        return format == "data"
            ? String(decoding: data, as: UTF8.self) : member(data, "data")
    }

    @Test(arguments: ["event", "data"])
    func `a stream's snapshot names its reader`(format: String) throws {
        let presence = Self.presence
        #expect(
            try snapshot("channel=presence-a&user=usr_7", format: format)
                == #"{"presence":\#(presence)},"me":"usr_7","upstream":"connected"}"#)
        #expect(
            try snapshot("channel=presence-a&user=Zo%C3%AB%20%22Z%22", format: format)
                == #"{"presence":\#(presence)},"me":"Zoë \"Z\"","upstream":"connected"}"#)
        // An anonymous reader after the others: they share only the members.
        #expect(
            try snapshot("channel=presence-a", format: format)
                == #"{"presence":\#(presence)},"upstream":"connected"}"#)
    }

    @Test func `without presence the snapshot has the reader alone, if it is known`() throws {
        fixture.members = []
        #expect(
            try snapshot("channel=private-a&user=usr_7")
                == #"{"me":"usr_7","upstream":"connected"}"#)
        #expect(try snapshot("channel=private-a") == #"{"upstream":"connected"}"#)
    }

    @Test func `a snapshot after a gap names the reader, too`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, hub in
            configuration.acceptsClaims = true
            hub.log.events = 2
        }
        let stream = try fixture.stream("channel=presence-a&user=usr_7")
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        fixture.hub.lost(at: fixture.now)
        fixture.subscribe("presence-a", "b", "c", "d", "e")
        let messages = try stream.messages()
        #expect(messages.map(\.event) == ["passerelle:gap", "pusher:subscription_succeeded"])
        #expect(member(messages[1].data, "data", "me") == "usr_7")
    }

    @Test func `the members of a poll name the reader, on each presence channel`() throws {
        let client = try fixture.http()
        let presence = Self.presence
        let known = try client.get("/poll?channel=presence-a&channel=presence-b&user=usr_7")
        #expect(
            member(known.body, "members")
                == #"{"presence-a":\#(presence),"me":"usr_7"},"#
                + #""presence-b":\#(presence),"me":"usr_7"}}"#)
        let unknown = try client.get("/poll?channel=presence-a&channel=c")
        #expect(member(unknown.body, "members") == #"{"presence-a":\#(presence)}}"#)
    }

    @Test func `the first answer to a poll names the reader of a private channel`() throws {
        let client = try fixture.http()
        let known = try client.get("/poll?channel=private-c&user=usr_7")
        #expect(member(known.body, "me") == "usr_7")
        let position = try #require(member(known.body, "position"))
        fixture.publish("private-c", "news")
        let next = try client.get("/poll?channel=private-c&user=usr_7&after=\(position)")
        #expect(member(next.body, "me") == nil)
        let unknown = try client.get("/poll?channel=private-c")
        #expect(member(unknown.body, "me") == nil)
    }

    @Test func `a line subscription names the user that it reads as`() throws {
        fixture.members = []
        let client = try fixture.line()
        client.send("SUBSCRIBE presence-a user=usr_7\n")
        #expect(
            try client.lines() == [
                #"OK SUBSCRIBE presence-a {"position":"7-1","members":[],"me":"usr_7"}"#
            ])
        client.send("SUBSCRIBE presence-b\n")
        #expect(
            try client.lines() == [#"OK SUBSCRIBE presence-b {"position":"7-2","members":[]}"#])
        for channel in ["presence-a", "presence-b"] {
            fixture.hub.received(
                channel, event: "client-typing", data: Array("1".utf8), userID: "usr_7",
                at: fixture.now)
        }
        // Its own client events are not delivered to it.
        #expect(try client.lines().map { $0.contains("presence-b") } == [true])
        client.send("SUBSCRIBE presence-c user=passerelle\nSUBSCRIBE presence-c \"user=a\\nb\"\n")
        let refusals = try client.lines()
        #expect(
            refusals.map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == [
                "ERR forbidden", "ERR bad-command",
            ])
    }

    @Test func `the members are encoded once for readers of different users`() throws {
        _ = try snapshot("channel=presence-a&user=usr_7")
        let channel = try #require(fixture.hub.channel("presence-a"))
        let shared = try #require(channel.memberForms.presence)
        let base = shared.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        _ = try snapshot("channel=presence-a&user=other")
        _ = try fixture.http().get("/poll?channel=presence-a&user=third")
        let now = try #require(channel.memberForms.presence)
        #expect(now.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } == base)
        #expect(String(decoding: now, as: UTF8.self) == Self.presence + "}")
    }
}
