// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct LineTests {
    /// The verbs and words of lines, without their JSON; an event as its name.
    private func short(_ lines: [String]) -> [String] {
        lines.map { line in
            guard line.hasPrefix("EVENT ") else {
                return line.split(separator: " {")[0].description
            }
            return member(Array(line.utf8.dropFirst(6)), "event") ?? "no event"
        }
    }

    @Test func `every verb, as people type it`() throws {
        let scene = try Scene()
        scene.members = [Member(userID: "ana", userInfo: nil)]
        let client = try scene.line()
        let list = #"[{"user_id":"ana","user_info":null,"via":["channels"]}]"#
        for (line, reply) in [
            ("PING", "OK PING"), ("ping", "OK PING"), ("STATUS", #"OK STATUS {"is":"well"}"#),
            (
                "SUBSCRIBE presence-a",
                #"OK SUBSCRIBE presence-a {"position":"7-1","members":"# + list + "}"
            ),
            ("SUBSCRIBE presence-a", "ERR bad-command The channel is subscribed here already."),
            (
                "MEMBERS presence-a",
                #"OK MEMBERS presence-a {"channel":"presence-a","count":1,"members":"# + list
                    + #","position":"7-1"}"#
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
            ("UNSUBSCRIBE presence-a", "ERR bad-channel The channel is not subscribed here."),
            ("HISTORY c after=x", nil), ("NONSENSE", nil), ("SUBSCRIBE other", nil),
        ] as [(String, String?)] {
            client.send(line + "\n")
            let told = try client.lines()
            #expect(told.count == 1 && (reply == nil || told.first == reply), "\(line): \(told)")
            if reply == nil { #expect(told.first?.hasPrefix("ERR ") == true) }
        }
        client.send("\n\r\nQUIT\r\nPING\n")
        let (bytes, isEnded) = try client.read()
        #expect(bytes == Array("OK QUIT\n".utf8) && isEnded)
        #expect(scene.downstream.lines.connectionCount == 0 && scene.hub.readerCount == 0)
    }

    @Test(arguments: [
        ("SUBSCRIBE other", "forbidden"), ("SUBSCRIBE a*b", "bad-channel"),
        ("SUBSCRIBE", "bad-command"), ("SUBSCRIBE c after=7", "bad-command"),
        ("MEMBERS other", "forbidden"), ("HISTORY other", "forbidden"),
        ("PUBLISH c pusher:x 1", "forbidden"), ("PUBLISH other x 1", "forbidden"),
        ("PUBLISH c x LARGE", "too-large"), ("LONG", "too-large"),
        ("TYPING c u on", "forbidden"), ("TYPING private-a u", "bad-command"),
    ])
    func `what is refused says why, and the connection stays`(line: String, code: String) throws {
        let client = try Scene().line()
        let text = line.replacing("LARGE", with: "\"\(String(repeating: "x", count: 10_239))\"")
            .replacing("LONG", with: String(repeating: "x", count: 65_537))
        client.send(text + "\nPING\n")
        let told = try client.lines()
        #expect(told.count == 2 && told[0].hasPrefix("ERR \(code) ") && told[1] == "OK PING")
    }

    @Test func `a subscription tells the past that is asked for, then what is said`() throws {
        let scene = try Scene()
        let client = try scene.line()
        client.send("SUBSCRIBE c\nSUBSCRIBE d\n")
        #expect(short(try client.lines()) == ["OK SUBSCRIBE c", "OK SUBSCRIBE d"])
        for (channel, name) in [("c", "1"), ("d", "2"), ("c", "3")] { scene.say(channel, name) }
        #expect(Set(short(try client.lines())) == ["1", "2", "3"])
        let position = scene.hub.position.text
        scene.say("c", "4")
        #expect(short(try client.lines()) == ["4"])
        client.send("UNSUBSCRIBE c\n")
        scene.say("c", "5")
        scene.say("d", "6")
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

    @Test func `answers come in the order of the commands, whatever each waits for`() throws {
        let scene = try Scene()
        _ = try scene.stream("channel=c").messages()
        scene.subscribes = false
        let client = try scene.line()
        client.send("SUBSCRIBE d\nSUBSCRIBE c\nPUBLISH c x 1\nMEMBERS e\nPING\n")
        #expect(try client.lines() == [])
        scene.say("c", "early")
        #expect(try client.lines() == [])
        scene.subscribe("d")
        #expect(Set(short(try client.lines())) == ["OK SUBSCRIBE d", "OK SUBSCRIBE c", "early"])
        scene.subscribe("e")
        scene.say("c", "late")
        #expect(short(try client.lines()) == ["late"])
        scene.published[0].done(.refused("403"))
        #expect(
            short(try client.lines()) == [
                "ERR forbidden Channels refuses the event: 403", "OK MEMBERS e", "OK PING",
            ])
    }

    @Test func `a subscription that waits can be given up`() throws {
        let scene = try Scene()
        scene.subscribes = false
        let client = try scene.line()
        client.send("SUBSCRIBE c\nUNSUBSCRIBE c\nPING\n")
        let told = try client.lines()
        #expect(told[0].hasPrefix("ERR bad-command "))
        #expect(told.dropFirst() == ["OK UNSUBSCRIBE c", "OK PING"])
        #expect(scene.hub.readerCount == 0)
        scene.subscribe("c")
        #expect(try client.lines() == [])
    }

    @Test func `a channel that is not heard in time is an error; one that was is told as held`()
        throws
    {
        let scene = try Scene { configuration, _ in configuration.patience = .milliseconds(10) }
        scene.members = [Member(userID: "ana", userInfo: nil)]
        let client = try scene.line()
        client.send("SUBSCRIBE presence-a\nUNSUBSCRIBE presence-a\n")
        #expect(try client.lines().count == 2)
        scene.say("presence-a", "one")
        scene.hub.lost(at: scene.now)
        scene.subscribes = false
        client.send("SUBSCRIBE c\nSUBSCRIBE presence-a last=9\nHISTORY c\n")
        var told: [String] = []
        try run(
            scene.loop,
            until: {
                told += try client.lines()
                return told.count == 4
            })
        #expect(told[0].hasPrefix("ERR upstream-unavailable "))
        #expect(told[1].contains(#""user_id":"ana""#) && short([told[2]]) == ["one"])
        #expect(told[3].hasPrefix("ERR upstream-unavailable "))
        scene.subscribe("presence-a", "ben")
        #expect(
            short(try client.lines())
                == ["passerelle:gap", "pusher:member_removed", "pusher:member_added"])
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        client.send("SUBSCRIBE c\n")
        #expect(
            try client.lines() == [
                "ERR upstream-unavailable Channels refuses the subscription: no"
            ])
    }

    @Test func `a history is told in lines of at most 64 KiB, and goes on from its position`()
        throws
    {
        let scene = try Scene { _, hub in hub.log.bytes = 8 << 20 }
        let client = try scene.line()
        client.send("HISTORY c\n")
        _ = try client.lines()
        for number in 0..<100 {
            scene.say("c", "\(number)", "\"\(String(repeating: "x", count: number * 37))\"")
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

    @Test func `an event is published once, and what became of it is told`() throws {
        let scene = try Scene()
        let client = try scene.line()
        for (outcome, reply) in [
            (PublishOutcome.sent, "OK PUBLISH c"),
            (.refused("401 no key"), "ERR forbidden Channels refuses the event: 401 no key"),
            (.tooLarge("413 long"), "ERR too-large Channels refuses the event: 413 long"),
            (.excess("429 slow"), "ERR rate-limited Channels takes no more for now: 429 slow"),
            (.unavailable("no way"), "ERR upstream-unavailable Nothing was sent: no way"),
            (.unknown("lost"), "ERR upstream-unavailable Unknown whether it was sent: lost"),
        ] {
            client.send(#"PUBLISH c "new message" {"a": [1, 2]}"# + "\n")
            #expect(try client.lines() == [])
            let last = try #require(scene.published.last)
            #expect(last.text == #"c new message {"a": [1, 2]}"#)
            last.done(outcome)
            #expect(try client.lines() == [reply])
        }
    }

    @Test func `a half-closed client gets every answer, then the end`() throws {
        let scene = try Scene()
        scene.subscribes = false
        let client = try scene.line()
        client.send("PING\nMEMBERS c\nPUBLISH c x 1\nSTATUS")
        client.pair.finishSending()
        #expect(try client.lines() == ["OK PING"])
        scene.subscribe("c")
        try scene.settle()
        #expect(scene.published.count == 1)
        scene.published[0].done(.sent)
        let (bytes, isEnded) = try client.read()
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(short(lines) == ["OK MEMBERS c", "OK PUBLISH c", "OK STATUS"] && isEnded)
    }

    @Test func `a half-closed client that subscribed stays until it leaves`() throws {
        let scene = try Scene()
        let client = try scene.line()
        client.send("SUBSCRIBE c\n")
        client.pair.finishSending()
        #expect(short(try client.lines()) == ["OK SUBSCRIBE c"])
        scene.say("c", "hello")
        #expect(short(try client.lines()) == ["hello"])
        client.pair.close()
        try scene.settle()
        #expect(scene.hub.readerCount == 0 && scene.downstream.lines.connectionCount == 0)
    }

    @Test func `a client that leaves is let go with all that it waited for`() throws {
        let scene = try Scene()
        scene.subscribes = false
        let client = try scene.line()
        client.send("SUBSCRIBE c\nMEMBERS d\nHISTORY e\n")
        try scene.settle()
        #expect(scene.hub.readerCount == 3)
        client.pair.close()
        try scene.settle()
        #expect(scene.hub.readerCount == 0 && scene.downstream.lines.connectionCount == 0)
    }

    @Test func `a slow reader of lines holds little, hears a gap, then the rest`() throws {
        let scene = try Scene { _, hub in hub.log.events = 50 }
        let client = try scene.line()
        client.narrow()
        client.send("SUBSCRIBE c\n")
        try scene.settle()
        let large = "\"\(String(repeating: "x", count: 5000))\""
        var most = 0
        for number in 0..<500 {
            scene.say("c", "\(number)", large)
            try scene.loop.turn(upTo: .zero)
            most = max(most, client.pair.link.queuedBytes)
        }
        #expect(most < 2 * 65_536)
        let told = short(try client.lines())
        let gap = try #require(told.firstIndex(of: "passerelle:gap"))
        #expect(told[1..<gap].map { String($0) } == (0..<gap - 1).map(String.init))
        #expect(told[gap + 1] == "pusher:subscription_succeeded")
        #expect(told[(gap + 2)...].map { String($0) } == (450..<500).map(String.init))
    }

    @Test func `a flood of commands is answered in full, as fast as it is read`() throws {
        let scene = try Scene()
        scene.subscribes = false
        let client = try scene.line()
        client.narrow()
        var expected: [String] = []
        var told: [String] = []
        for _ in 0..<20 {
            var lines = ""
            for number in 0..<100 {
                lines += number % 10 == 0 ? "MEMBERS c\n" : "SUBSCRIBE nothing-\(number)\n"
                expected.append(number % 10 == 0 ? "OK MEMBERS c" : "ERR forbidden")
            }
            client.send(lines)
            try scene.settle()
        }
        #expect(client.pair.link.queuedBytes < 2 * 65_536)
        scene.subscribe("c")
        told += short(try client.lines()).map { $0.split(separator: " This")[0].description }
        #expect(told == expected)
    }

    @Test func `a drain ends every connection behind what it was told`() throws {
        let scene = try Scene()
        let client = try scene.line()
        client.send("SUBSCRIBE c\nPING\n")
        try scene.settle()
        scene.downstream.drain()
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("OK PING\n") && isEnded)
        #expect(scene.hub.readerCount == 0 && scene.downstream.lines.connectionCount == 0)
    }
}
