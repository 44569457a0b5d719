// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A retracted message is absent from every answer, from the files of the journal and from all
/// writable memory of the process, including every buffer that held it.
struct DeletionTests {
    private static let channel = "presence-bail-1"
    /// Text that occurs in every message to be deleted, and nowhere else.
    private static let secret = "le-bailleur-a-dit-ceci-et-le-regrette"
    private static let deleted = 60

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private let unix: ListenAddress

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        let path = fixture.directory.file("http")
        unix = .unix(path: path)
        gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "127.0.0.1:0,unix:\(path)",
            variables: [
                "PASSERELLE_STATE_DIR": fixture.directory.file("state"),
                "PASSERELLE_HISTORY": "1000 events, 16 MiB, 1h",
            ])
    }

    @Test(.enabled(if: geteuid() == 0, "only root can read the gateway's memory"))
    func `a retracted message is in no answer, no file and no memory`() throws {
        let target = "/events?channel=\(Self.channel)"
        let streams = [target, target + "&format=data", target + "&user=usr_1"].map {
            PlainStream(fixture, gateway.http, $0)
        }
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(Self.channel)")
        try fixture.wait(for: "the readers") {
            streams.allSatisfy { $0.has("subscription_succeeded") }
                && !line.replies.isEmpty
        }
        try sandbox.publish(Self.channel, "new-message", #"{"message":{"id":"kept"}}"#)
        for number in 0..<Self.deleted { try publish(number) }
        try fixture.wait(for: "the messages") {
            streams.allSatisfy { $0.has("m\(Self.deleted - 1)\"") }
                && line.delivered.count > Self.deleted
        }
        try readAgain(expecting: true)
        let blocked = try blockedStream(target + "&after=earliest")
        try synced()
        #expect(try files().contains(Self.secret))
        if Sanitizer.leavesMemory {
            #expect(try !memory().isEmpty, "the search finds a text that is there")
        }

        for number in 0..<Self.deleted {
            try sandbox.publish(
                Self.channel, "message-deleted", #"{"messageId":"m\#(number)"}"#)
        }
        try fixture.wait(for: "the deletions") {
            line.delivered.count { $0.event == "message-deleted" } == Self.deleted
        }
        try synced()
        #expect(try !files().contains(Self.secret))
        try readAgain(expecting: false)
        if Sanitizer.leavesMemory { try forgotten() }
        try checkBlocked(blocked)
        for reader in streams { #expect(reader.end == nil) }
        line.close()
    }

    /// Opens a stream that does not read a replay larger than its socket buffer.
    private func blockedStream(_ target: String) throws -> PlainStream {
        let before = try gateway.status().number(["served", "streams"])
        let blocked = PlainStream(fixture, unix, target, isPaused: true)
        try fixture.wait(for: "the replay") {
            try gateway.status().number(["served", "streams"]) > before
        }
        return blocked
    }

    /// Checks that a stream stopped in the middle of a retracted message ends: the rest is never
    /// sent.
    private func checkBlocked(_ blocked: PlainStream) throws {
        #expect(blocked.end == nil)
        blocked.resume()
        try fixture.wait(for: "the end of the stream that was blocked") { blocked.end != nil }
        #expect(!blocked.has("message-deleted") && blocked.count(of: "new-message") < Self.deleted)
    }

    /// Publishes a message of some thousand bytes that contains the secret many times.
    private func publish(_ number: Int) throws {
        let text = (0..<160).map { "\(Self.secret)-\($0)" }.joined(separator: " ")
        try sandbox.publish(
            Self.channel, "new-message",
            #"{"message":{"id":"m\#(number)","content":"\#(text)"}}"#)
    }

    /// Reads the whole history again, on every surface and in every form.
    private func readAgain(expecting isThere: Bool) throws {
        let target = "/events?channel=\(Self.channel)&after=earliest"
        for form in ["", "&format=data"] {
            let stream = PlainStream(fixture, gateway.http, target + form)
            try fixture.wait(for: "all that is held") {
                stream.has("kept") && stream.has("m\(Self.deleted - 1)\"")
            }
            #expect(stream.has(Self.secret) == isThere)
            stream.close()
        }
        let poll = try gateway.get("/poll?channel=\(Self.channel)&last=1000")
        #expect(String(decoding: poll.body, as: UTF8.self).contains(Self.secret) == isThere)
        let line = LineClient(fixture, path: gateway.ipc)
        defer { line.close() }
        let history = try line.ask("HISTORY \(Self.channel) limit=1000")
        #expect(history.text.contains(Self.secret) == isThere)
    }

    /// Waits until every event is synced to disk and the journal has no other work to do.
    private func synced() throws {
        try fixture.wait(for: "the journal") {
            let status = try gateway.status()
            return try status.string(["journal", "synced"]) == status.string(["position"])
                && status.number(["journal", "lag_ms"]) == 0
        }
    }

    private func files() throws -> String {
        try fixture.run("sh", ["-c", "cat \(fixture.directory.file("state"))/* | strings -n 8"])
            .output
    }

    private func forgotten() throws {
        var places: [String] = []
        try fixture.wait(for: "the end of the text at \(places)") {
            places = try memory()
            return places.isEmpty
        }
    }

    private func memory() throws -> [String] {
        try ProcessMemory(pid: gateway.process.pid).places(of: Self.secret)
    }
}
