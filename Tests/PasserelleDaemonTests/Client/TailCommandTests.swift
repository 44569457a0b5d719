// SPDX-License-Identifier: MIT
import Glibc
import PasserelleDaemon
import PasserelleTesting
import Testing

struct TailCommandTests {
    private static let event =
        #"{"id":"k-2","time":"2026-03-02T09:01:10.412Z","channel":"c","event":"new-message","data":{"a": 1.0}}"#
    private static let attached = "OK SUBSCRIBE c {\"position\":\"k-1\",\"members\":[]}\n"

    private func run(
        _ arguments: String..., against gateway: ScriptedGateway, _ record: ClientRecord,
        watched: Int32? = nil
    ) throws -> Int32 {
        let invocation = try Invocation.parse(["tail"] + arguments)
        let session = TailSession(
            channels: invocation.operands, after: invocation.options["--after"], last: nil)
        var tail = TailCommand(
            session, path: gateway.path, streams: record.streams(watched: watched))
        tail.isOnce = invocation.options["--once"] != nil
        tail.isPretty = invocation.options["--pretty"] != nil
        tail.firstDelay = .milliseconds(1)
        tail.longestDelay = .milliseconds(5)
        return tail.run()
    }

    @Test func `an event is a line, byte for byte`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.hear()
            peer.say(Self.attached + "EVENT " + Self.event + "\n")
        }
        let record = ClientRecord()
        #expect(try run("--once", "c", against: gateway, record) == 69)
        #expect(record.lines == [Self.event + "\n"])
        #expect(
            record.complaints == [
                "the gateway at \(gateway.path) ended the connection; its log says why"
            ])
    }

    @Test func `for people an event is time, channel, name and data`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.hear()
            peer.say(Self.attached + "EVENT " + Self.event + "\n")
            peer.say(
                "EVENT {\"time\":\"t\",\"channel\":\"c\",\"event\":\"\\u001b[2J\",\"data\":\"\\u009bx\"}\n"
            )
        }
        let record = ClientRecord()
        _ = try run("--once", "--pretty", "c", against: gateway, record)
        #expect(
            record.lines == [
                "2026-03-02T09:01:10.412Z c new-message {\"a\": 1.0}\n",
                "t c \\u{1b}[2J \\u{9b}x\n",
            ])
    }

    @Test func `a lost connection is made again, behind the last event`() throws {
        let gateway = try ScriptedGateway(
            { peer in
                if peer.hear() == "SUBSCRIBE c" {
                    peer.say(Self.attached + "EVENT " + Self.event + "\nEVENT {\"id\":\"k-3\"")
                }
            },
            { peer in _ = peer.hear() },
            { peer in
                peer.say(
                    peer.hear() == "SUBSCRIBE c after=k-2" ? Self.attached : "ERR forbidden x\n")
                peer.say("EVENT {\"id\":\"k-3\",\"channel\":\"c\"}\n")
                peer.waitForEnd()
            })
        let record = ClientRecord()
        record.patience = 2
        // The reader goes away at the third line, which never comes: the file it watches is closed.
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[1]) }
        let reader = ends[0]
        var streams = record.streams(watched: ends[1])
        let output = streams.output
        streams.output = { bytes in
            let isTaken = output(bytes)
            if record.lines.count == 2 { close(reader) }
            return isTaken
        }
        let session = TailSession(channels: ["c"], after: nil, last: nil)
        var tail = TailCommand(session, path: gateway.path, streams: streams)
        tail.firstDelay = .milliseconds(1)
        #expect(tail.run() == 0)
        #expect(record.lines == [Self.event + "\n", "{\"id\":\"k-3\",\"channel\":\"c\"}\n"])
        #expect(
            record.complaints == [
                "lost the gateway at \(gateway.path); trying again", "the gateway is back",
            ])
    }

    @Test func `a refusal that may pass is asked again on the same connection`() throws {
        let gateway = try ScriptedGateway { peer in
            for _ in 0..<3 {
                _ = peer.hear()
                peer.say("ERR upstream-unavailable Channels is away.\n")
            }
            if peer.hear() == "SUBSCRIBE c" {
                peer.say(Self.attached + "EVENT " + Self.event + "\n")
            }
        }
        let record = ClientRecord()
        #expect(try run("--once", "c", against: gateway, record) == 69)
        #expect(record.lines == [Self.event + "\n"])
        #expect(record.complaints.first == "c: upstream-unavailable: Channels is away.")
        #expect(record.complaints.count == 2)
    }

    @Test func `a reader that goes away ends it quietly, event or none`() throws {
        let record = ClientRecord()
        record.patience = 1
        var gateway = try ScriptedGateway { peer in
            _ = peer.hear()
            peer.say(Self.attached + "EVENT {}\nEVENT {}\nEVENT {}\n")
            peer.waitForEnd()
        }
        #expect(try run("c", against: gateway, record) == 0)
        gateway = try ScriptedGateway { peer in peer.waitForEnd() }
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        #expect(try run("c", against: gateway, record, watched: ends[1]) == 0)
        #expect(record.complaints == [])
    }

    @Test func `what is no gateway is not tried again`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.hear()
            peer.say("220 mail ready\n")
        }
        let record = ClientRecord()
        #expect(try run("c", against: gateway, record) == 69)
        #expect(record.complaints.count == 1)
    }
}
