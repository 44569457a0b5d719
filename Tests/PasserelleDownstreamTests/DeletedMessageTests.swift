// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleTesting
import Testing

/// Streams when a message is deleted, in the log or after it has left the log.
struct DeletedMessageTests {
    private func publish(
        _ fixture: DownstreamFixture, _ text: String, key: String? = nil, retracts: String? = nil
    ) {
        fixture.hub.received(
            "c", event: retracts == nil ? "new-message" : "message-deleted",
            data: Array("\"\(text)\"".utf8), userID: nil, key: key, retracts: retracts,
            at: fixture.now)
    }

    /// With two events, the message leaves the log before its deletion; with 512, it does not.
    @Test(arguments: [2, 512])
    func `a stream that stopped in the middle of a message is cut if that is deleted`(
        events: Int
    ) throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = events }
        let stream = try fixture.stream("channel=c")
        let blocked = try fixture.stream("channel=c")
        blocked.client.narrow()
        let text = String(repeating: "secret", count: 50_000)
        publish(fixture, text, key: "1")
        #expect(try stream.names().last == "new-message")
        for other in ["a", "b", "c"] {
            publish(fixture, other)
            #expect(try stream.names().last == "new-message")
        }
        #expect(fixture.hub.channel("c")?.log.count == min(events, 4))
        publish(fixture, "gone", retracts: "1")
        try fixture.settle()
        let (rest, isEnded) = try blocked.client.read()
        let received = String(decoding: rest, as: UTF8.self)
        #expect(isEnded && !received.contains("message-deleted"))
        #expect(rest.count < text.utf8.count)
        #expect(fixture.downstream.streamCount == 1)
        #expect(try stream.names().last == "message-deleted")
    }

    @Test func `a stream is not cut if another message is deleted`() throws {
        let fixture = try DownstreamFixture()
        let blocked = try fixture.stream("channel=c")
        blocked.client.narrow()
        publish(fixture, String(repeating: "x", count: 300_000), key: "1")
        publish(fixture, "other", key: "2")
        try fixture.settle()
        publish(fixture, "gone", retracts: "2")
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 1)
        let names = try blocked.names()
        #expect(names == ["pusher:subscription_succeeded", "new-message", "message-deleted"])
    }

    /// With two events, the message leaves the log in the same turn; with 512, it does not.
    @Test(arguments: [2, 512])
    func `a message that is deleted in its turn of arrival is not sent`(
        events: Int
    ) throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = events }
        let streams = [
            try fixture.stream("channel=c"), try fixture.stream("channel=c&format=data"),
        ]
        for stream in streams { _ = try stream.messages() }
        publish(fixture, "secret", key: "1")
        for other in ["a", "b", "c"] { publish(fixture, other) }
        publish(fixture, "gone", retracts: "1")
        for stream in streams {
            let received = try stream.client.text()
            #expect(received.contains("gone") && !received.contains("secret"))
        }
    }
}
