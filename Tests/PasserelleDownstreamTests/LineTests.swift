// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct LineTests {
    private static let list = #"[{"user_id":"ana","user_info":null,"via":["channels"]}]"#

    /// Commands and their replies, in this order; without a reply, any error.
    private static let exchanges: [(line: String, reply: String?)] = [
        ("PING", "OK PING"), ("ping", "OK PING"), ("STATUS", #"OK STATUS {"is":"well"}"#),
        (
            "SUBSCRIBE presence-a",
            #"OK SUBSCRIBE presence-a {"position":"7-1","members":"# + list + "}"
        ),
        ("SUBSCRIBE presence-a", "ERR bad-command The channel is already subscribed."),
        (
            "MEMBERS presence-a",
            #"OK MEMBERS presence-a {"channel":"presence-a","count":1,"members":"# + list
                + #","position":"7-1","upstream":"connected"}"#
        ),
        (
            "HISTORY presence-a",
            #"OK HISTORY presence-a {"events":[],"position":"7-1","more":false}"#
        ),
        (
            "CHANNELS",
            #"OK CHANNELS {"channels":[{"channel":"presence-a","state":"live","#
                + #""members":1,"readers":1,"events":0,"bytes":0}]}"#
        ),
        ("UNSUBSCRIBE presence-a", "OK UNSUBSCRIBE presence-a"),
        ("UNSUBSCRIBE presence-a", "ERR bad-channel The channel is not subscribed."),
        ("HISTORY c after=x", nil), ("NONSENSE", nil), ("SUBSCRIBE other", nil),
    ]

    /// Returns the verbs and words of lines, without their JSON; for an event, its name.
    private func short(_ lines: [String]) -> [String] {
        lines.map { line in
            guard line.hasPrefix("EVENT ") else {
                return line.split(separator: " {")[0].description
            }
            return member(Array(line.utf8.dropFirst(6)), "event") ?? "no event"
        }
    }

    @Test func `every verb is answered`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = [Member(userID: "ana", userInfo: nil)]
        let client = try fixture.line()
        for (line, reply) in Self.exchanges {
            client.send(line + "\n")
            let received = try client.lines()
            #expect(
                received.count == 1 && (reply == nil || received.first == reply),
                "\(line): \(received)")
            if reply == nil { #expect(received.first?.hasPrefix("ERR ") == true) }
        }
        client.send("\n\r\nQUIT\r\nPING\n")
        let (bytes, isEnded) = try client.read()
        #expect(bytes == Array("OK QUIT\n".utf8) && isEnded)
        #expect(fixture.downstream.lines.connectionCount == 0 && fixture.hub.readerCount == 0)
    }

    @Test(arguments: [
        ("SUBSCRIBE other", "forbidden"), ("SUBSCRIBE a*b", "bad-channel"),
        ("SUBSCRIBE", "bad-command"), ("SUBSCRIBE c after=7", "bad-command"),
        ("MEMBERS other", "forbidden"), ("HISTORY other", "forbidden"),
        ("PUBLISH c pusher:x 1", "forbidden"), ("PUBLISH other x 1", "forbidden"),
        ("PUBLISH c x LARGE", "too-large"), ("LONG", "too-large"),
        ("TYPING c u on", "forbidden"), ("TYPING private-a u", "bad-command"),
    ])
    func `a refused command has its reason, and the connection stays`(line: String, code: String)
        throws
    {
        let client = try DownstreamFixture().line()
        let text = line.replacing("LARGE", with: "\"\(String(repeating: "x", count: 10_239))\"")
            .replacing("LONG", with: String(repeating: "x", count: 65_537))
        client.send(text + "\nPING\n")
        let received = try client.lines()
        #expect(
            received.count == 2 && received[0].hasPrefix("ERR \(code) ") && received[1] == "OK PING"
        )
    }

    @Test func `a subscription sends the requested past, then new events`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        client.send("SUBSCRIBE c\nSUBSCRIBE d\n")
        #expect(short(try client.lines()) == ["OK SUBSCRIBE c", "OK SUBSCRIBE d"])
        for (channel, name) in [("c", "1"), ("d", "2"), ("c", "3")] {
            fixture.publish(channel, name)
        }
        #expect(Set(short(try client.lines())) == ["1", "2", "3"])
        let position = fixture.hub.position.text
        fixture.publish("c", "4")
        #expect(short(try client.lines()) == ["4"])
        client.send("UNSUBSCRIBE c\n")
        fixture.publish("c", "5")
        fixture.publish("d", "6")
        #expect(Set(short(try client.lines())) == ["OK UNSUBSCRIBE c", "6"])
        client.send("SUBSCRIBE c after=\(position)\n")
        #expect(short(try client.lines()) == ["OK SUBSCRIBE c", "4", "5"])
        client.send("UNSUBSCRIBE c\nSUBSCRIBE c last=1\n")
        #expect(short(try client.lines()) == ["OK UNSUBSCRIBE c", "OK SUBSCRIBE c", "5"])
        client.send("UNSUBSCRIBE c\nSUBSCRIBE c after=9-9\n")
        #expect(
            short(try client.lines()) == [
                "OK UNSUBSCRIBE c", "OK SUBSCRIBE c", "passerelle:gap", "1", "3", "4", "5",
            ])
    }

    @Test func `answers come in the order of the commands, even if some wait`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c").messages()
        fixture.subscribes = false
        let client = try fixture.line()
        client.send("SUBSCRIBE d\nSUBSCRIBE c\nPUBLISH c x 1\nMEMBERS e\nPING\n")
        #expect(try client.lines() == [])
        fixture.publish("c", "early")
        #expect(try client.lines() == [])
        fixture.subscribe("d")
        #expect(Set(short(try client.lines())) == ["OK SUBSCRIBE d", "OK SUBSCRIBE c", "early"])
        fixture.subscribe("e")
        fixture.publish("c", "late")
        #expect(short(try client.lines()) == ["late"])
        fixture.published[0].done(.refused("403"))
        #expect(
            short(try client.lines()) == [
                "ERR forbidden Channels refuses the event: 403", "OK MEMBERS e", "OK PING",
            ])
    }

    @Test func `a waiting subscription can be canceled`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let client = try fixture.line()
        client.send("SUBSCRIBE c\nUNSUBSCRIBE c\nPING\n")
        let received = try client.lines()
        #expect(received[0].hasPrefix("ERR bad-command "))
        #expect(received.dropFirst() == ["OK UNSUBSCRIBE c", "OK PING"])
        #expect(fixture.hub.readerCount == 0)
        fixture.subscribe("c")
        #expect(try client.lines() == [])
    }

    @Test func `a channel not subscribed in time is an error; a held one is sent from the log`()
        throws
    {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock)
        fixture.members = [Member(userID: "ana", userInfo: nil)]
        let client = try fixture.line()
        client.send("SUBSCRIBE presence-a\nUNSUBSCRIBE presence-a\n")
        #expect(try client.lines().count == 2)
        fixture.publish("presence-a", "one")
        fixture.hub.lost(at: fixture.now)
        fixture.subscribes = false
        client.send("SUBSCRIBE c\nSUBSCRIBE presence-a last=9\nHISTORY c\n")
        #expect(try client.lines() == [])
        var received: [String] = []
        try run(
            fixture.loop,
            until: {
                clock.pass(.seconds(1))
                received += try client.lines()
                return received.count == 4
            })
        #expect(received[0].hasPrefix("ERR upstream-unavailable "))
        #expect(received[1].contains(#""user_id":"ana""#) && short([received[2]]) == ["one"])
        #expect(received[3].hasPrefix("ERR upstream-unavailable "))
        fixture.subscribe("presence-a", "ben")
        #expect(
            short(try client.lines())
                == ["passerelle:gap", "pusher:member_removed", "pusher:member_added"])
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        client.send("SUBSCRIBE c\n")
        #expect(
            try client.lines() == [
                "ERR upstream-unavailable Channels refuses the subscription: no"
            ])
    }

    @Test func `a history has lines of at most 64 KiB and can be continued from its position`()
        throws
    {
        let fixture = try DownstreamFixture { _, hub in hub.log.bytes = 8 << 20 }
        let client = try fixture.line()
        client.send("HISTORY c\n")
        _ = try client.lines()
        for number in 0..<100 {
            fixture.publish("c", "\(number)", "\"\(String(repeating: "x", count: number * 37))\"")
        }
        var names: [String] = []
        var position = "earliest"
        var answers = 0
        while answers == 0 || position != "" {
            client.send("HISTORY c after=\(position) limit=1000\n")
            let line = try client.lines()[0]
            #expect(line.utf8.count <= 65_536)
            let json = Array(line.utf8.dropFirst("OK HISTORY c ".utf8.count))
            names += column(json, "event")
            position = member(json, "more") == "true" ? member(json, "position") ?? "" : ""
            answers += 1
        }
        #expect(names == (0..<100).map(String.init) && (3...5).contains(answers))
        client.send("HISTORY c limit=3\n")
        let few = Array(try client.lines()[0].utf8.dropFirst("OK HISTORY c ".utf8.count))
        #expect(column(few, "event") == ["0", "1", "2"] && member(few, "more") == "true")
    }

    @Test func `an event is published once, and the outcome is the answer`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        for (outcome, reply) in [
            (PublishOutcome.sent, "OK PUBLISH c"),
            (.refused("401 no key"), "ERR forbidden Channels refuses the event: 401 no key"),
            (.tooLarge("413 long"), "ERR too-large Channels refuses the event: 413 long"),
            (.excess("429 slow"), "ERR rate-limited Channels' rate limit is reached: 429 slow"),
            (.unavailable("no way"), "ERR upstream-unavailable Nothing was sent: no way"),
            (.unknown("lost"), "ERR upstream-unavailable Unknown whether it was sent: lost"),
        ] {
            client.send(#"PUBLISH c "new message" {"a": [1, 2]}"# + "\n")
            #expect(try client.lines() == [])
            let last = try #require(fixture.published.last)
            #expect(last.text == #"c new message {"a": [1, 2]}"#)
            last.done(outcome)
            #expect(try client.lines() == [reply])
        }
    }

    @Test func `a half-closed client receives every answer, then the end`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let client = try fixture.line()
        client.send("PING\nMEMBERS c\nPUBLISH c x 1\nSTATUS")
        client.pair.finishSending()
        #expect(try client.lines() == ["OK PING"])
        fixture.subscribe("c")
        try fixture.settle()
        #expect(fixture.published.count == 1)
        fixture.published[0].done(.sent)
        let (bytes, isEnded) = try client.read()
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(short(lines) == ["OK MEMBERS c", "OK PUBLISH c", "OK STATUS"] && isEnded)
    }

    @Test func `a half-closed client with a subscription stays until it disconnects`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        client.send("SUBSCRIBE c\n")
        client.pair.finishSending()
        #expect(short(try client.lines()) == ["OK SUBSCRIBE c"])
        fixture.publish("c", "hello")
        #expect(short(try client.lines()) == ["hello"])
        client.pair.close()
        try fixture.settle()
        #expect(fixture.hub.readerCount == 0 && fixture.downstream.lines.connectionCount == 0)
    }

    @Test func `when a client disconnects, its waiting commands are canceled`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let client = try fixture.line()
        client.send("SUBSCRIBE c\nMEMBERS d\nHISTORY e\n")
        try fixture.settle()
        #expect(fixture.hub.readerCount == 3)
        client.pair.close()
        try fixture.settle()
        #expect(fixture.hub.readerCount == 0 && fixture.downstream.lines.connectionCount == 0)
    }

    @Test func `a slow line reader holds little output and receives a gap, then the rest`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 50 }
        let client = try fixture.line()
        client.narrow()
        client.send("SUBSCRIBE c\n")
        try fixture.settle()
        let large = "\"\(String(repeating: "x", count: 5000))\""
        var most = 0
        for number in 0..<500 {
            fixture.publish("c", "\(number)", large)
            try fixture.loop.runOnce(timeout: .zero)
            most = max(most, client.pair.link.queuedBytes)
        }
        #expect(most < 2 * 65_536)
        let received = short(try client.lines())
        let gap = try #require(received.firstIndex(of: "passerelle:gap"))
        #expect(received[1..<gap].map { String($0) } == (0..<gap - 1).map(String.init))
        #expect(received[gap + 1] == "pusher:subscription_succeeded")
        #expect(received[(gap + 2)...].map { String($0) } == (450..<500).map(String.init))
    }

    @Test func `a flood of commands is answered in full at the speed of the client`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let client = try fixture.line()
        client.narrow()
        var expected: [String] = []
        var received: [String] = []
        for _ in 0..<20 {
            var lines = ""
            for number in 0..<100 {
                lines += number % 10 == 0 ? "MEMBERS c\n" : "SUBSCRIBE nothing-\(number)\n"
                expected.append(number % 10 == 0 ? "OK MEMBERS c" : "ERR forbidden")
            }
            client.send(lines)
            try fixture.settle()
        }
        #expect(client.pair.link.queuedBytes < 2 * 65_536)
        fixture.subscribe("c")
        received += short(try client.lines()).map { $0.split(separator: " This")[0].description }
        #expect(received == expected)
    }

    @Test func `a drain ends every connection after its queued lines`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        client.send("SUBSCRIBE c\nPING\n")
        try fixture.settle()
        fixture.downstream.drain()
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("OK PING\n") && isEnded)
        #expect(fixture.hub.readerCount == 0 && fixture.downstream.lines.connectionCount == 0)
    }
}
