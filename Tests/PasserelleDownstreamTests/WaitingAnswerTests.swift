// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Waiting output (answers, lines, TLS records) when a message in it is deleted.
struct WaitingAnswerTests {
    /// A message that a narrowed socket takes only in part.
    private static let text = String(repeating: "secret", count: 50_000)

    private func publish(
        _ fixture: DownstreamFixture, _ text: String, key: String? = nil, retracts: String? = nil,
        on channel: String = "c"
    ) {
        fixture.hub.received(
            channel, event: retracts == nil ? "new-message" : "message-deleted",
            data: Array("\"\(text)\"".utf8), userID: nil, key: key, retracts: retracts,
            at: fixture.now)
    }

    private func delete(_ key: String, on channel: String = "c", at fixture: DownstreamFixture)
        throws
    {
        publish(fixture, "gone", retracts: key, on: channel)
        try fixture.settle()
    }

    /// Returns a client that polls all held events, including a message, and reads nothing.
    private func waitingPoll(at fixture: DownstreamFixture, version: String = "1.1") throws
        -> Client
    {
        _ = try fixture.stream("channel=c")
        publish(fixture, Self.text, key: "1")
        let client = try fixture.http()
        client.narrow()
        client.send("GET /poll?channel=c&after=earliest HTTP/\(version)\r\nHost: h\r\n\r\n")
        try fixture.settle()
        return client
    }

    /// An HTTP/1.0 connection, which ends after its answer, is cut as well.
    @Test(arguments: ["1.1", "1.0"])
    func `a waiting answer to a poll is cut if a message in it is deleted`(
        version: String
    ) throws {
        let fixture = try DownstreamFixture()
        let client = try waitingPoll(at: fixture, version: version)
        try delete("1", at: fixture)
        let (bytes, isEnded) = try client.read()
        #expect(isEnded && !bytes.isEmpty && bytes.count < Self.text.utf8.count)
        let again = try fixture.http().get("/poll?channel=c&after=earliest")
        let received = String(decoding: again.body, as: UTF8.self)
        #expect(received.contains("gone") && !received.contains("secret"))
    }

    @Test func `an answer to a poll of another channel is not cut`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=d")
        let client = try waitingPoll(at: fixture)
        try delete("1", on: "d", at: fixture)
        #expect(try client.response().body.count > Self.text.utf8.count)
        // An answer that was read is not cut.
        try delete("1", at: fixture)
        #expect(try client.get("/poll?channel=c&last=1").status == 200)
    }

    @Test(arguments: ["SUBSCRIBE c after=earliest", "HISTORY c"])
    func `waiting lines are cut if a message in them is deleted`(command: String) throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c")
        _ = try fixture.stream("channel=d")
        publish(fixture, Self.text, key: "1")
        let client = try fixture.line()
        client.narrow()
        client.send(command + "\n")
        try fixture.settle()
        try delete("1", on: "d", at: fixture)
        #expect(fixture.downstream.lines.connectionCount == 1)
        try delete("1", at: fixture)
        let (bytes, isEnded) = try client.read()
        #expect(isEnded && bytes.count < Self.text.utf8.count)
        #expect(fixture.downstream.lines.connectionCount == 0)
    }

    @Test func `lines that were read are not cut`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        client.narrow()
        client.send("SUBSCRIBE c\n")
        try fixture.settle()
        publish(fixture, Self.text, key: "1")
        #expect(try client.lines().last?.contains("secret") == true)
        try delete("1", at: fixture)
        #expect(try client.lines().last?.contains("gone") == true)
    }

    @Test func `a HISTORY answered after a deletion does not contain the message`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c")
        publish(fixture, "secret", key: "1")
        fixture.subscribes = false
        let client = try fixture.line()
        client.send("MEMBERS d\nHISTORY c\n")
        #expect(try client.lines().isEmpty)
        try delete("1", at: fixture)
        fixture.subscribe("d")
        let lines = try client.lines()
        #expect(lines.count == 2 && lines[1].hasPrefix("OK HISTORY c") && lines[1].contains("gone"))
        #expect(!lines[1].contains("secret"))
    }

    @Test func `a stream that is ending is cut if a message in its rest is deleted`() throws {
        let fixture = try DownstreamFixture()
        let blocked = try fixture.stream("channel=c")
        blocked.client.narrow()
        publish(fixture, Self.text, key: "1")
        try fixture.loop.runOnce(timeout: .zero)
        fixture.downstream.drain()
        try delete("1", at: fixture)
        let (bytes, isEnded) = try blocked.client.read()
        #expect(isEnded && bytes.count < Self.text.utf8.count)
    }

    /// The stream itself is not blocked, since OpenSSL has taken all of its output.
    @Test func `a stream is cut if a waiting TLS record contains a deleted message`() throws {
        let fixture = try DownstreamFixture()
        let client = try TLSReader(fixture, "/events?channel=c")
        try run(fixture.loop, until: { client.recorder.text.contains("subscription_succeeded") })
        let link = try #require(client.accepted)
        client.block()
        var number = 0
        while link.queuedBytes == 0 {
            number += 1
            try #require(number < 10_000)
            publish(
                fixture, "\(String(repeating: "x", count: 5_000))-end\(number)-", key: "\(number)")
            try fixture.loop.runOnce(timeout: .zero)
        }
        try delete("none", on: "d", at: fixture)
        #expect(fixture.downstream.streamCount == 1)
        try delete("\(number)", at: fixture)
        #expect(fixture.downstream.streamCount == 0)
        client.link?.resume()
        try run(fixture.loop, until: { client.recorder.isEnded })
        let received = client.recorder.text
        #expect(!received.contains("-end\(number)-"))
        #expect(number == 1 || received.contains("-end1-"))
    }
}

/// An HTTP client over TLS.
private final class TLSReader {
    let recorder = LinkRecorder()
    private(set) var link: Link?
    /// The gateway's end.
    private(set) var accepted: Link?
    private var listener: Listener?

    init(_ fixture: DownstreamFixture, _ target: String) throws {
        let certificates = try TestCertificates()
        let files = try certificates.server(names: ["localhost"], addresses: [])
        let listener = try Listener(
            loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0),
            tls: TLSServer(certificateFile: files.certificateFile, keyFile: files.keyFile)
        ) { [unowned self] link in
            accepted = link
            fixture.downstream.http.accepted(link)
        }
        self.listener = listener
        link = Dial.connect(
            loop: fixture.loop, to: .tcp(host: "localhost", port: listener.boundPort ?? 0),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: recorder)
        link?.send(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
    }

    /// Stops reading and shrinks the socket buffers.
    func block() {
        link?.pause()
        for (end, option) in [(accepted, SO_SNDBUF), (link, SO_RCVBUF)] {
            var size: Int32 = 1
            setsockopt(end?.fileDescriptor ?? -1, SOL_SOCKET, option, &size, 4)
        }
    }
}
