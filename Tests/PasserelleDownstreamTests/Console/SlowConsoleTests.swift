// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// Consoles that do not take what they are sent.
struct SlowConsoleTests {
    private func scene(stall: Duration) throws -> Scene {
        try Scene { configuration, hub in
            configuration.consoleShowsContent = true
            configuration.consoleInterval = .milliseconds(2)
            configuration.stall = stall
            hub.log.bytes = 64 << 20
        }
    }

    /// A console whose socket holds next to nothing.
    private func open(_ scene: Scene) throws -> Stream {
        let client = try scene.admin()
        client.narrow()
        client.send("GET /console/events HTTP/1.1\r\nHost: h\r\n\r\n")
        return Stream(client)
    }

    private let words = "\"" + String(repeating: "y", count: 900) + "\""

    @Test func `one that does not read holds one tick, and hears the newest in the end`() throws {
        let scene = try scene(stall: .seconds(60))
        _ = try scene.stream("channel=c")
        for number in 0..<50 { scene.say("c", "\(number)", words) }
        let console = try open(scene)
        let link = console.client.pair.link
        try run(scene.loop, until: { link.queuedBytes > 0 })
        let held = link.queuedBytes
        for number in 50..<200 {
            scene.say("c", "\(number)", words)
            try scene.loop.turn(upTo: .milliseconds(3))
            #expect(link.queuedBytes <= held)
        }
        #expect(scene.downstream.desk.consoles.count == 1)
        var told: [EventStreamMessage] = []
        try run(
            scene.loop,
            until: {
                told += try console.feed(console.client.pair.receive() ?? [])
                return told.last { $0.event == "events" }
                    .map { column($0.data, "event").last == "199" } ?? false
            })
        let events = told.filter { $0.event == "events" }
        #expect(events.count == 2)
        #expect(column(events[1].data, "event") == (150..<200).map(String.init))
        #expect(member(events[1].data, "more") == "100")
    }

    @Test func `one that takes nothing is cut`() throws {
        let scene = try scene(stall: .milliseconds(30))
        _ = try scene.stream("channel=c")
        for number in 0..<50 { scene.say("c", "\(number)", words) }
        let console = try open(scene)
        try run(scene.loop, until: { scene.downstream.stallCount == 1 })
        #expect(scene.downstream.desk.consoles.count == 0)
        #expect(!scene.downstream.desk.consoles.isTicking)
        #expect(!console.client.pair.link.isOpen)
    }

    @Test func `a message that is deleted when its log has let go of it leaves open consoles`()
        throws
    {
        let scene = try scene(stall: .seconds(60))
        _ = try scene.stream("channel=c")
        let console = try open(scene)
        _ = try console.messages()
        scene.hub.heard(
            "c", event: "new-message", data: Array("1".utf8), userID: nil, key: "m", at: scene.now)
        for number in 0..<600 { scene.say("c", "\(number)") }
        try scene.settle()
        _ = try console.messages()
        scene.hub.heard(
            "c", event: "message-deleted", data: [UInt8(ascii: "1")], userID: nil, retracts: "m",
            at: scene.now)
        try scene.settle()
        var told: [[UInt8]] = []
        try run(
            scene.loop,
            until: {
                told += try console.messages().map(\.data)
                return told.contains { member($0, "fresh") == "true" }
            })
        let anew = told.first { member($0, "fresh") == "true" } ?? []
        #expect(column(anew, "event").last == "message-deleted")
        #expect(!column(anew, "event").contains("new-message"))
    }

    @Test func `what was taken back is not sent on to one that had not got it`() throws {
        let scene = try scene(stall: .seconds(60))
        _ = try scene.stream("channel=c")
        scene.hub.heard(
            "c", event: "new-message", data: Array(#""taken-back""#.utf8), userID: nil, key: "m",
            at: scene.now)
        // It is the last of what the console is sent first.
        for number in 0..<40 { scene.say("c", "\(number)", words) }
        scene.hub.heard(
            "c", event: "other", data: Array(#""the-last""#.utf8), userID: nil, key: "n",
            at: scene.now)
        let slow = try open(scene)
        try run(scene.loop, until: { slow.client.pair.link.queuedBytes > 0 })
        let quick = try open(scene)
        try run(
            scene.loop,
            until: {
                _ = try quick.feed(quick.client.pair.receive() ?? [])
                return scene.downstream.desk.consoles.count == 2
                    && quick.client.pair.link.queuedBytes == 0
            })
        scene.hub.heard(
            "c", event: "message-deleted", data: [UInt8(ascii: "1")], userID: nil, retracts: "n",
            at: scene.now)
        try scene.settle()
        #expect(scene.downstream.desk.consoles.count == 1 && !slow.client.pair.link.isOpen)
        let rest = String(decoding: try slow.client.read().bytes, as: UTF8.self)
        #expect(!rest.contains("the-last"))
    }
}
