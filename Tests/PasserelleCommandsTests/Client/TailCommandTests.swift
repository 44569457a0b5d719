// SPDX-License-Identifier: MIT
@testable import PasserelleCommands
@testable import PasserelleConfiguration
import Glibc
import PasserelleDaemon
import PasserelleNet
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
        tail.backoff = Backoff(first: .milliseconds(1), longest: .milliseconds(5))
        return tail.run()
    }

    @Test func `an event is printed as a line, byte for byte`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.readLine()
            peer.write(Self.attached + "EVENT " + Self.event + "\n")
        }
        let record = ClientRecord()
        #expect(try run("--once", "c", against: gateway, record) == 69)
        #expect(record.lines == [Self.event + "\n"])
        #expect(
            record.reports == [
                "the gateway at \(gateway.path) closed the connection; see its log"
            ])
    }

    @Test func `with --pretty an event is time, channel, name and data`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.readLine()
            peer.write(Self.attached + "EVENT " + Self.event + "\n")
            peer.write(
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

    @Test func `after a lost connection tail resumes after the last event`() throws {
        let gateway = try ScriptedGateway(
            { peer in
                if peer.readLine() == "SUBSCRIBE c" {
                    peer.write(Self.attached + "EVENT " + Self.event + "\nEVENT {\"id\":\"k-3\"")
                }
            },
            { peer in _ = peer.readLine() },
            { peer in
                peer.write(
                    peer.readLine() == "SUBSCRIBE c after=k-2" ? Self.attached : "ERR forbidden x\n"
                )
                peer.write("EVENT {\"id\":\"k-3\",\"channel\":\"c\"}\n")
                peer.waitForEnd()
            })
        let record = ClientRecord()
        record.lineLimit = 2
        // The reader closes the pipe that is watched after the second line.
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
        tail.backoff.first = .milliseconds(1)
        #expect(tail.run() == 0)
        #expect(record.lines == [Self.event + "\n", "{\"id\":\"k-3\",\"channel\":\"c\"}\n"])
        #expect(
            record.reports == [
                "lost the gateway at \(gateway.path); reconnecting", "reconnected to the gateway",
            ])
    }

    @Test func `a temporary refusal is retried on the same connection`() throws {
        let gateway = try ScriptedGateway { peer in
            for _ in 0..<3 {
                _ = peer.readLine()
                peer.write("ERR upstream-unavailable Channels is away.\n")
            }
            if peer.readLine() == "SUBSCRIBE c" {
                peer.write(Self.attached + "EVENT " + Self.event + "\n")
            }
        }
        let record = ClientRecord()
        #expect(try run("--once", "c", against: gateway, record) == 69)
        #expect(record.lines == [Self.event + "\n"])
        #expect(record.reports.first == "c: upstream-unavailable: Channels is away.")
        #expect(record.reports.count == 2)
    }

    @Test func `a closed output ends the command silently, with or without events`() throws {
        let record = ClientRecord()
        record.lineLimit = 1
        var gateway = try ScriptedGateway { peer in
            _ = peer.readLine()
            peer.write(Self.attached + "EVENT {}\nEVENT {}\nEVENT {}\n")
            peer.waitForEnd()
        }
        #expect(try run("c", against: gateway, record) == 0)
        gateway = try ScriptedGateway { peer in peer.waitForEnd() }
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        defer { close(ends[1]) }
        #expect(try run("c", against: gateway, record, watched: ends[1]) == 0)
        #expect(record.reports == [])
    }

    @Test func `a server that is not a gateway is not tried again`() throws {
        let gateway = try ScriptedGateway { peer in
            _ = peer.readLine()
            peer.write("220 mail ready\n")
        }
        let record = ClientRecord()
        #expect(try run("c", against: gateway, record) == 69)
        #expect(record.reports.count == 1)
    }
}
