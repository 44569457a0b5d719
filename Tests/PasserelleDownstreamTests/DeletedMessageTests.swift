// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleTesting
import Testing

/// What streams tell of a message that is deleted when the log has let go of it already.
struct DeletedMessageTests {
    private func say(_ scene: Scene, _ text: String, key: String? = nil, retracts: String? = nil) {
        scene.hub.heard(
            "c", event: retracts == nil ? "new-message" : "message-deleted",
            data: Array("\"\(text)\"".utf8), userID: nil, key: key, retracts: retracts,
            at: scene.now)
    }

    /// The first lets the message leave the log before its deletion, the second does not.
    @Test(arguments: [2, 512])
    func `a stream that stopped in the middle of a message is cut when that is deleted`(
        events: Int
    ) throws {
        let scene = try Scene { _, hub in hub.log.events = events }
        let stream = try scene.stream("channel=c")
        let blocked = try scene.stream("channel=c")
        blocked.client.narrow()
        let text = String(repeating: "secret", count: 50_000)
        say(scene, text, key: "1")
        #expect(try stream.names().last == "new-message")
        for other in ["a", "b", "c"] {
            say(scene, other)
            #expect(try stream.names().last == "new-message")
        }
        #expect(scene.hub.channel("c")?.log.count == min(events, 4))
        say(scene, "gone", retracts: "1")
        try scene.settle()
        let (rest, isEnded) = try blocked.client.read()
        let told = String(decoding: rest, as: UTF8.self)
        #expect(isEnded && !told.contains("message-deleted"))
        #expect(rest.count < text.utf8.count)
        #expect(scene.downstream.streamCount == 1)
        #expect(try stream.names().last == "message-deleted")
    }

    @Test func `one that another message is named by is not cut`() throws {
        let scene = try Scene()
        let blocked = try scene.stream("channel=c")
        blocked.client.narrow()
        say(scene, String(repeating: "x", count: 300_000), key: "1")
        say(scene, "other", key: "2")
        try scene.settle()
        say(scene, "gone", retracts: "2")
        try scene.settle()
        #expect(scene.downstream.streamCount == 1)
        let names = try blocked.names()
        #expect(names == ["pusher:subscription_succeeded", "new-message", "message-deleted"])
    }

    /// The first lets the message leave the log in the same turn, the second does not.
    @Test(arguments: [2, 512])
    func `a message that is deleted in the turn in which it came is told to nobody`(
        events: Int
    ) throws {
        let scene = try Scene { _, hub in hub.log.events = events }
        let streams = [
            try scene.stream("channel=c"), try scene.stream("channel=c&format=data"),
        ]
        for stream in streams { _ = try stream.messages() }
        say(scene, "secret", key: "1")
        for other in ["a", "b", "c"] { say(scene, other) }
        say(scene, "gone", retracts: "1")
        for stream in streams {
            let told = try stream.client.text()
            #expect(told.contains("gone") && !told.contains("secret"))
        }
    }
}
