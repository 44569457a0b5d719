// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What becomes of answers, lines and records that wait for a client when a message in them is
/// deleted.
struct WaitingAnswerTests {
    /// A message that no narrowed socket takes as a whole.
    private static let text = String(repeating: "secret", count: 50_000)

    private func say(
        _ scene: Scene, _ text: String, key: String? = nil, retracts: String? = nil,
        on channel: String = "c"
    ) {
        scene.hub.heard(
            channel, event: retracts == nil ? "new-message" : "message-deleted",
            data: Array("\"\(text)\"".utf8), userID: nil, key: key, retracts: retracts,
            at: scene.now)
    }

    private func delete(_ key: String, on channel: String = "c", at scene: Scene) throws {
        say(scene, "gone", retracts: key, on: channel)
        try scene.settle()
    }

    /// A client that has asked for all that is held, a message among it, and takes nothing.
    private func waitingPoll(at scene: Scene, version: String = "1.1") throws -> Client {
        _ = try scene.stream("channel=c")
        say(scene, Self.text, key: "1")
        let client = try scene.http()
        client.narrow()
        client.send("GET /poll?channel=c&after=earliest HTTP/\(version)\r\nHost: h\r\n\r\n")
        try scene.settle()
        return client
    }

    /// HTTP/1.0 ends behind its answer, which does not spare it.
    @Test(arguments: ["1.1", "1.0"])
    func `an answer to a poll that waits is cut when a message in it is deleted`(
        version: String
    ) throws {
        let scene = try Scene()
        let client = try waitingPoll(at: scene, version: version)
        try delete("1", at: scene)
        let (bytes, isEnded) = try client.read()
        #expect(isEnded && !bytes.isEmpty && bytes.count < Self.text.utf8.count)
        let again = try scene.http().get("/poll?channel=c&after=earliest")
        let told = String(decoding: again.body, as: UTF8.self)
        #expect(told.contains("gone") && !told.contains("secret"))
    }

    @Test func `an answer to a poll of another channel is not cut`() throws {
        let scene = try Scene()
        _ = try scene.stream("channel=d")
        let client = try waitingPoll(at: scene)
        try delete("1", on: "d", at: scene)
        #expect(try client.response().body.count > Self.text.utf8.count)
        // What was taken is not cut any more.
        try delete("1", at: scene)
        #expect(try client.get("/poll?channel=c&last=1").status == 200)
    }

    @Test(arguments: ["SUBSCRIBE c after=earliest", "HISTORY c"])
    func `lines that wait are cut when a message in them is deleted`(command: String) throws {
        let scene = try Scene()
        _ = try scene.stream("channel=c")
        _ = try scene.stream("channel=d")
        say(scene, Self.text, key: "1")
        let client = try scene.line()
        client.narrow()
        client.send(command + "\n")
        try scene.settle()
        try delete("1", on: "d", at: scene)
        #expect(scene.downstream.lines.connectionCount == 1)
        try delete("1", at: scene)
        let (bytes, isEnded) = try client.read()
        #expect(isEnded && bytes.count < Self.text.utf8.count)
        #expect(scene.downstream.lines.connectionCount == 0)
    }

    @Test func `lines that were taken are not cut`() throws {
        let scene = try Scene()
        let client = try scene.line()
        client.narrow()
        client.send("SUBSCRIBE c\n")
        try scene.settle()
        say(scene, Self.text, key: "1")
        #expect(try client.lines().last?.contains("secret") == true)
        try delete("1", at: scene)
        #expect(try client.lines().last?.contains("gone") == true)
    }

    @Test func `a HISTORY whose turn comes after a deletion has no message that was deleted`()
        throws
    {
        let scene = try Scene()
        _ = try scene.stream("channel=c")
        say(scene, "secret", key: "1")
        scene.subscribes = false
        let client = try scene.line()
        client.send("MEMBERS d\nHISTORY c\n")
        #expect(try client.lines().isEmpty)
        try delete("1", at: scene)
        scene.subscribe("d")
        let lines = try client.lines()
        #expect(lines.count == 2 && lines[1].hasPrefix("OK HISTORY c") && lines[1].contains("gone"))
        #expect(!lines[1].contains("secret"))
    }

    @Test func `a stream that is being ended is cut where the rest of it is deleted`() throws {
        let scene = try Scene()
        let blocked = try scene.stream("channel=c")
        blocked.client.narrow()
        say(scene, Self.text, key: "1")
        try scene.loop.turn(upTo: .zero)
        scene.downstream.drain()
        try delete("1", at: scene)
        let (bytes, isEnded) = try blocked.client.read()
        #expect(isEnded && bytes.count < Self.text.utf8.count)
    }

    /// Such a stream is not full for itself: OpenSSL has taken all that was said.
    @Test func `a stream is cut that has a message in a record which its socket has not taken`()
        throws
    {
        let scene = try Scene()
        let client = try TLSReader(scene, "/events?channel=c")
        try run(scene.loop, until: { client.recorder.text.contains("subscription_succeeded") })
        let link = try #require(client.accepted)
        client.block()
        var number = 0
        while link.queuedBytes == 0 {
            number += 1
            try #require(number < 10_000)
            say(scene, "\(String(repeating: "x", count: 5_000))-end\(number)-", key: "\(number)")
            try scene.loop.turn(upTo: .zero)
        }
        try delete("none", on: "d", at: scene)
        #expect(scene.downstream.streamCount == 1)
        try delete("\(number)", at: scene)
        #expect(scene.downstream.streamCount == 0)
        client.link?.resume()
        try run(scene.loop, until: { client.recorder.isEnded })
        let told = client.recorder.text
        #expect(!told.contains("-end\(number)-"))
        #expect(number == 1 || told.contains("-end1-"))
    }
}

/// A client of the HTTP surface behind TLS.
private final class TLSReader {
    let recorder = LinkRecorder()
    private(set) var link: Link?
    /// The gateway's end.
    private(set) var accepted: Link?
    private var listener: Listener?

    init(_ scene: Scene, _ target: String) throws {
        let certificates = try TestCertificates()
        let files = try certificates.server(names: ["localhost"], addresses: [])
        let listener = try Listener(
            loop: scene.loop, address: .tcp(host: "127.0.0.1", port: 0),
            tls: TLSServer(certificateFile: files.certificateFile, keyFile: files.keyFile)
        ) { [unowned self] link in
            accepted = link
            scene.downstream.http.accepted(link)
        }
        self.listener = listener
        link = Dial.connect(
            loop: scene.loop, to: .tcp(host: "localhost", port: listener.boundPort ?? 0),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: recorder)
        link?.send(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    }

    /// Takes nothing more, and has few bytes stand in the kernel.
    func block() {
        link?.pause()
        for (end, option) in [(accepted, SO_SNDBUF), (link, SO_RCVBUF)] {
            var size: Int32 = 1
            setsockopt(end?.fileDescriptor ?? -1, SOL_SOCKET, option, &size, 4)
        }
    }
}
