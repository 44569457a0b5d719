// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct EventStreamTests {
    @Test func `a stream says its head, its retry, the members, then what is said`() throws {
        let scene = try Scene()
        scene.members = [Member(userID: "ana", userInfo: Array(#"{"n":1}"#.utf8))]
        let stream = try scene.stream("channel=presence-a")
        let snapshot = try stream.messages()
        #expect(stream.head?.status == 200)
        #expect(stream.head?.fields.first("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(stream.head?.fields.first("Cache-Control") == "no-cache, no-transform")
        #expect(stream.head?.fields.first("X-Accel-Buffering") == "no")
        #expect((1000..<3000).contains(stream.events.retry ?? 0))
        #expect(snapshot.map(\.event) == ["pusher:subscription_succeeded"])
        #expect(snapshot.first?.id == scene.hub.position.text)
        #expect(
            member(snapshot[0].data, "data")
                == #"{"presence":{"count":1,"ids":["ana"],"hash":{"ana":{"n":1}}}}"#)
        scene.say("presence-a", "new-message", #"{"a":1.50}"#)
        scene.join("presence-a", "ben")
        let told = try stream.messages()
        #expect(told.map(\.event) == ["new-message", "pusher:member_added"])
        #expect(member(told[0].data, "data") == #"{"a":1.50}"#)
        #expect(member(told[0].data, "id") == told[0].id && told[0].id == "7-2")
        #expect(member(told[0].data, "channel") == "presence-a")
    }

    @Test func `several channels come on one stream, in order`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c&channel=d&channel=c")
        #expect(try stream.names().count == 2)
        for (channel, name) in [("c", "1"), ("d", "2"), ("c", "3"), ("e", "x"), ("d", "4")] {
            scene.say(channel, name)
        }
        #expect(try stream.names() == ["1", "2", "3", "4"])
    }

    @Test func `format=data is the payload alone, under its name and position`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c&format=data")
        _ = try stream.messages()
        scene.say("c", "hello", #"{"x":[1,2]}"#)
        let told = try stream.messages()
        #expect(
            told == [
                EventStreamMessage(
                    id: scene.hub.position.text, event: "hello",
                    data: Array(#"{"x":[1,2]}"#.utf8), retry: stream.events.retry)
            ])
    }

    @Test(arguments: ["", "&format=data"])
    func `an HTTP 1.0 stream has no chunks and ends with the connection`(format: String) throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c\(format)", version: "1.0")
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(stream.head?.fields.contains("Transfer-Encoding") == false)
        #expect(stream.head?.fields.first("Connection") == "close")
        scene.say("c", "hello")
        #expect(try stream.names() == ["hello"])
        scene.downstream.drain()
        #expect(try stream.client.read().isEnded)
    }

    @Test func `a stream whose subscription is pending opens at once`() throws {
        let scene = try Scene()
        scene.subscribes = false
        let stream = try scene.stream("channel=c")
        #expect(try stream.names() == [] && stream.head?.status == 200)
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        #expect(try stream.names() == ["pusher:subscription_error"])
        scene.subscribe("c")
        scene.say("c", "hello")
        #expect(try stream.names() == ["pusher:subscription_succeeded", "hello"])
    }

    @Test func `Last-Event-ID wins over after, and both are positions of any surface`() throws {
        let scene = try Scene()
        _ = try scene.stream("channel=c").messages()
        scene.say("c", "one")
        let one = scene.hub.position.text
        scene.say("c", "two")
        let two = scene.hub.position.text
        scene.say("c", "three")
        let after = try scene.stream("channel=c&after=\(one)")
        #expect(try after.names().dropFirst() == ["two", "three"])
        let wins = try scene.stream("channel=c&after=\(one)", fields: "Last-Event-ID: \(two)\r\n")
        #expect(try wins.names().dropFirst() == ["three"])
        let empty = try scene.stream("channel=c&after=\(two)", fields: "Last-Event-ID:\r\n")
        #expect(try empty.names().dropFirst() == ["three"])
        let last = try scene.stream("channel=c&last=2")
        #expect(try last.names().dropFirst() == ["two", "three"])
        let poll = try scene.http().get("/poll?channel=c&after=\(two)")
        #expect(column(poll.body, "event") == ["three"])
    }

    @Test(arguments: [
        ("garbage", nil), ("8-1", "8-1"), ("7-999", "7-999"), ("0-0-0", nil),
    ])
    func `a Last-Event-ID that is unknown is a gap, not a refusal`(
        id: String, from: String?
    ) throws {
        let scene = try Scene()
        _ = try scene.stream("channel=c").messages()
        scene.say("c", "one")
        let stream = try scene.stream("channel=c", fields: "Last-Event-ID: \(id)\r\n")
        let told = try stream.messages()
        #expect(
            told.map(\.event) == ["pusher:subscription_succeeded", "passerelle:gap", "one"])
        #expect(member(told[1].data, "data", "reason") == "unknown-position")
        #expect(member(told[1].data, "data", "from") == from)
    }

    @Test func `the id of a snapshot leads on to all that is said behind it`() throws {
        let scene = try Scene()
        let id = try scene.stream("channel=presence-a&channel=c").messages().last?.id ?? ""
        scene.say("c", "one")
        scene.join("presence-a", "ana")
        let poll = try scene.http().get("/poll?channel=presence-a&channel=c&after=\(id)")
        #expect(column(poll.body, "event") == ["one", "pusher:member_added"])
    }

    @Test func `a client that leaves is let go with its connection`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c")
        #expect(scene.downstream.streamCount == 1 && scene.hub.readerCount == 1)
        #expect(scene.downstream.http.connectionCount == 0)
        stream.close()
        try run(scene.loop, until: { scene.downstream.streamCount == 0 })
        #expect(scene.hub.readerCount == 0)
    }

    @Test func `what a client says on a stream is read and dropped`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c")
        _ = try stream.messages()
        stream.client.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        scene.say("c", "hello")
        #expect(try stream.names() == ["hello"])
    }

    @Test func `a silent stream says a comment at every heartbeat`() throws {
        let scene = try Scene { configuration, _ in configuration.heartbeat = .seconds(1) }
        let stream = try scene.stream("channel=c")
        _ = try stream.messages()
        try run(
            scene.loop,
            until: {
                _ = try stream.messages()
                return stream.events.commentCount > 0
            })
        #expect(stream.events.commentCount == 1)
    }

    @Test func `a stream that is drained ends in order, in the middle of an event too`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c")
        let blocked = try scene.stream("channel=c")
        blocked.client.narrow()
        let large = "\"" + String(repeating: "x", count: 200_000) + "\""
        scene.say("c", "large", large)
        try scene.settle()
        scene.say("c", "never", large)
        try scene.settle()
        scene.downstream.drain()
        try scene.settle()
        #expect(try blocked.names() == ["pusher:subscription_succeeded", "large"])
        #expect(blocked.isEnded)
        _ = try stream.messages()
        #expect(stream.isEnded)
        #expect(scene.downstream.streamCount == 0 && scene.hub.readerCount == 0)
        #expect(try scene.http().get("/events?channel=c").status == 503)
    }

    @Test(arguments: [(15, 15), (5, 25), (1, 29), (60, 10)])
    func `a dead peer is noticed by the heartbeat it leaves unanswered`(
        heartbeat: Int, timeout: Int32
    ) throws {
        let scene = try Scene { configuration, _ in configuration.heartbeat = .seconds(heartbeat) }
        let peers = try TCPPeers(scene)
        try run(scene.loop, until: { peers.client.text.contains("subscription_succeeded") })
        #expect(peers.userTimeout == timeout * 1000)
    }

    @Test func `a peer that lives and reads nothing is not taken for dead`() throws {
        let scene = try Scene { configuration, hub in
            configuration.heartbeat = .seconds(1)
            hub.log.bytes = 64 << 20
        }
        let peers = try TCPPeers(scene)
        try run(scene.loop, until: { peers.client.text.contains("subscription_succeeded") })
        peers.dialled?.pause()
        let large = "\"" + String(repeating: "x", count: 1 << 20) + "\""
        for _ in 0..<30 { scene.say("c", "large", large) }
        try run(scene.loop, until: { peers.userTimeout == 0 })
        #expect(peers.accepted?.isUnanswered == false)
        #expect(scene.downstream.streamCount == 1)
        peers.dialled?.resume()
        try run(scene.loop, until: { peers.userTimeout == 29_000 })
    }
}

/// A stream over TCP, and its client.
private final class TCPPeers {
    let client = LinkRecorder()
    private(set) var dialled: Link?
    private(set) var accepted: Link?
    private var listener: Listener?

    init(_ scene: Scene) throws {
        listener = try Listener(loop: scene.loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            [unowned self] in
            accepted = $0
            scene.downstream.http.accepted($0)
        }
        dialled = Dial.connect(
            loop: scene.loop, to: .tcp(host: "127.0.0.1", port: listener?.boundPort ?? 0),
            tls: nil, timeout: .seconds(5), owner: client)
        dialled?.send(Array("GET /events?channel=c HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
    }

    deinit {
        listener?.close()
        dialled?.close()
    }

    /// `TCP_USER_TIMEOUT` of the gateway's end, in milliseconds.
    var userTimeout: Int32 {
        var value: Int32 = -1
        var size = socklen_t(4)
        getsockopt(
            accepted?.fileDescriptor ?? -1, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, &size)
        return value
    }
}
