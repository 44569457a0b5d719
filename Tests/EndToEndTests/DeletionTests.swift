// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What its author deleted is gone: from every answer, from the journal's files, and from all that
/// the process can write to, wherever it passed through.
@Suite(.timeLimit(.minutes(5)))
struct DeletionTests {
    private static let channel = "presence-bail-1"
    /// Words that stand in every message that is deleted, and nowhere else.
    private static let secret = "le-bailleur-a-dit-ceci-et-le-regrette"
    private static let deleted = 60

    private let stage: Stage
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private let unix: ListenAddress

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        let path = stage.folder.file("http")
        unix = .unix(path: path)
        gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, http: "127.0.0.1:0,unix:\(path)",
            variables: [
                "PASSERELLE_STATE_DIR": stage.folder.file("state"),
                "PASSERELLE_HISTORY": "1000 events, 16 MiB, 1h",
            ])
    }

    @Test(.enabled(if: geteuid() == 0, "root alone may read the gateway's memory"))
    func `a deleted message is in no answer, no file and no memory`() throws {
        let target = "/events?channel=\(Self.channel)"
        let streams = [target, target + "&format=data", target + "&user=usr_1"].map {
            PlainStream(stage, gateway.http, $0)
        }
        let line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(Self.channel)")
        try stage.wait(for: "the readers") {
            streams.allSatisfy { $0.has("subscription_succeeded") }
                && !line.replies.isEmpty
        }
        try sandbox.publish(Self.channel, "new-message", #"{"message":{"id":"kept"}}"#)
        for number in 0..<Self.deleted { try publish(number) }
        try stage.wait(for: "the messages") {
            streams.allSatisfy { $0.has("m\(Self.deleted - 1)\"") }
                && line.told.count > Self.deleted
        }
        try readAgain(expecting: true)
        let blocked = try blockedStream(target + "&after=earliest")
        try synced()
        #expect(try files().contains(Self.secret))
        if Sanitizer.leavesMemory {
            #expect(try !memory().isEmpty, "the search finds what is there")
        }

        for number in 0..<Self.deleted {
            try sandbox.publish(
                Self.channel, "message-deleted", #"{"messageId":"m\#(number)"}"#)
        }
        try stage.wait(for: "the deletions") {
            line.told.count { $0.event == "message-deleted" } == Self.deleted
        }
        try synced()
        #expect(try !files().contains(Self.secret))
        try readAgain(expecting: false)
        if Sanitizer.leavesMemory { try forgotten() }
        try checkBlocked(blocked)
        for reader in streams { #expect(reader.end == nil) }
        line.close()
    }

    /// A stream that takes nothing of a replay that is larger than its socket.
    private func blockedStream(_ target: String) throws -> PlainStream {
        let before = try gateway.status().number(["served", "streams"])
        let blocked = PlainStream(stage, unix, target, isPaused: true)
        try stage.wait(for: "the replay") {
            try gateway.status().number(["served", "streams"]) > before
        }
        return blocked
    }

    /// The stream that stopped in the middle of a message ends there: its rest is never sent.
    private func checkBlocked(_ blocked: PlainStream) throws {
        #expect(blocked.end == nil)
        blocked.resume()
        try stage.wait(for: "the end of the stream that was blocked") { blocked.end != nil }
        #expect(!blocked.has("message-deleted") && blocked.count(of: "new-message") < Self.deleted)
    }

    /// A message of some thousand bytes, with the secret all over it.
    private func publish(_ number: Int) throws {
        let text = (0..<160).map { "\(Self.secret)-\($0)" }.joined(separator: " ")
        try sandbox.publish(
            Self.channel, "new-message",
            #"{"message":{"id":"m\#(number)","content":"\#(text)"}}"#)
    }

    /// Reads all that is held, on every surface, in every form.
    private func readAgain(expecting isThere: Bool) throws {
        let target = "/events?channel=\(Self.channel)&after=earliest"
        for form in ["", "&format=data"] {
            let stream = PlainStream(stage, gateway.http, target + form)
            try stage.wait(for: "all that is held") {
                stream.has("kept") && stream.has("m\(Self.deleted - 1)\"")
            }
            #expect(stream.has(Self.secret) == isThere)
            stream.close()
        }
        let poll = try gateway.get("/poll?channel=\(Self.channel)&last=1000")
        #expect(String(decoding: poll.body, as: UTF8.self).contains(Self.secret) == isThere)
        let line = LineClient(stage, path: gateway.ipc)
        defer { line.close() }
        let history = try line.ask("HISTORY \(Self.channel) limit=1000")
        #expect(history.text.contains(Self.secret) == isThere)
    }

    /// Waits until all that was said is on the disk, and nothing else is to be done there.
    private func synced() throws {
        try stage.wait(for: "the journal") {
            let status = try gateway.status()
            return try status.string(["journal", "synced"]) == status.string(["position"])
                && status.number(["journal", "lag_ms"]) == 0
        }
    }

    private func files() throws -> String {
        try stage.run("sh", ["-c", "cat \(stage.folder.file("state"))/* | strings -n 8"]).output
    }

    private func forgotten() throws {
        var places: [String] = []
        try stage.wait(for: "an end of what is at \(places)") {
            places = try memory()
            return places.isEmpty
        }
    }

    private func memory() throws -> [String] {
        try ProcessMemory(pid: gateway.process.pid).places(of: Self.secret)
    }
}
