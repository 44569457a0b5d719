// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct RetractionTests {
    private func say(_ scene: Scene, _ name: String, key: String? = nil, retracts: String? = nil) {
        scene.hub.heard(
            "c", event: name, data: Array("\"secret\"".utf8), userID: nil, key: key,
            retracts: retracts, at: scene.now)
        scene.hub.tellNews()
    }

    private func scene() -> Scene {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c")
        return scene
    }

    @Test func `a retracted message is replayed to nobody, and what retracts it is`() {
        let scene = scene()
        let position = scene.hub.position
        say(scene, "new-message", key: "1")
        say(scene, "new-message", key: "2")
        let between = scene.hub.position
        say(scene, "message-deleted", retracts: "1")
        let told = ["c: new-message", "c: message-deleted"]
        #expect(scene.attach("c", from: .after(position), wantsSnapshot: false).take() == told)
        let later = scene.attach("c", from: .after(between), wantsSnapshot: false)
        #expect(later.take() == ["c: message-deleted"])
        #expect(scene.hub.counters.retractions == 1 && scene.hub.takeRetracted().count == 1)
        #expect(scene.hub.takeRetracted().isEmpty)
    }

    @Test func `a reader who is in the middle of a replay never gets what was retracted meanwhile`()
    {
        let scene = scene()
        let slow = scene.attach("c")
        _ = slow.take()
        slow.isStalled = true
        say(scene, "new-message", key: "1")
        say(scene, "message-deleted", retracts: "1")
        slow.read()
        #expect(slow.take() == ["c: message-deleted"])
    }

    @Test func `the tombstone keeps nothing but its place`() {
        let scene = scene()
        say(scene, "new-message", key: "1")
        let event = scene.hub.channel("c")?.log.newest
        event?.form = EncodedForm(bytes: Array("secret".utf8), frame: 0..<6, json: 0..<6)
        let before = scene.hub.logBytes
        say(scene, "message-deleted", retracts: "1")
        #expect(event?.content == .tombstone && event?.form == nil)
        #expect(scene.hub.channel("c")?.log[0] === event)
        let log = scene.hub.channel("c")?.log
        // In the message's place stand what is told of any entry and nothing that it said; the
        // deletion costs what its own words do.
        let held =
            EventLog.fixedCost + 2 * Event.fixedCost + 2 * "c".utf8.count + 2 * "1".utf8.count
        let deletion = 2 * ("message-deleted".utf8.count + "\"secret\"".utf8.count)
        #expect(before == EventLog.fixedCost + Event.fixedCost + 1 + 2 * (1 + 11 + 8))
        #expect(scene.hub.logBytes == held + deletion && scene.hub.logBytes == log?.bytes)
    }

    @Test func `an unknown key, or one that was evicted, retracts nothing`() {
        let scene = Scene { $0.log.events = 2 }
        let reader = scene.attach("c")
        scene.subscribe("c")
        _ = reader.take()
        say(scene, "new-message", key: "1")
        for _ in 0..<2 { say(scene, "other") }
        say(scene, "message-deleted", retracts: "1")
        say(scene, "message-deleted", retracts: "never")
        #expect(scene.hub.counters.retractions == 0 && reader.take().count == 5)
        #expect(scene.hub.takeDeletions().map(\.key) == ["1", "never"])
        #expect(scene.hub.takeDeletions().isEmpty)
        #expect(scene.hub.takeLateDeletion() && !scene.hub.takeLateDeletion())
        say(scene, "new-message", key: "2")
        say(scene, "message-deleted", retracts: "2")
        #expect(!scene.hub.takeLateDeletion())
    }
}

struct EphemeralTests {
    @Test(arguments: [(2999, true), (3000, true), (3001, false)])
    func `a client event is replayed while it is live`(milliseconds: Int, isTold: Bool) {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c")
        let position = scene.hub.position
        scene.say("c", "client-typing")
        scene.say("c", "new-message")
        let reader = Listener(scene.hub)
        reader.now = .milliseconds(milliseconds)
        scene.hub.attach(
            reader, to: ["c"], from: .after(position), wantsSnapshot: false, at: scene.now)
        reader.read()
        #expect(reader.take() == (isTold ? ["c: client-typing"] : []) + ["c: new-message"])
    }

    @Test func `client events push no message out of the log, and make no gap`() {
        let scene = Scene { $0.log.events = 2 }
        let reader = scene.attach("c")
        scene.subscribe("c")
        _ = reader.take()
        let position = scene.hub.position
        scene.say("c", "one")
        for _ in 0..<1000 { scene.say("c", "client-typing") }
        scene.say("c", "two")
        #expect(reader.take().count == 1002)
        var later = scene
        later.now = moment(10)
        later.say("c", "client-typing")
        let resumed = Listener(scene.hub)
        resumed.now = .seconds(10)
        scene.hub.attach(
            resumed, to: ["c"], from: .after(position), wantsSnapshot: false, at: later.now)
        resumed.read()
        #expect(resumed.take() == ["c: one", "c: two", "c: client-typing"])
        #expect(scene.hub.channel("c")?.ephemera.count == 1)
    }
}

struct EpochLineTests {
    private let line = EpochLine(1).continued(by: 2, after: 10).continued(by: 3, after: 20)

    @Test(arguments: [(0, 1), (10, 1), (11, 2), (20, 2), (21, 3), (99, 3)])
    func `a sequence number belongs to the epoch that gave it out`(sequence: Int, epoch: Int) {
        let position = line.position(at: UInt64(sequence))
        #expect(position == Position(epoch: UInt64(epoch), sequence: UInt64(sequence)))
        #expect(line.place(of: position, newest: 99) == .known)
    }

    @Test func `what never reached the disk lies ahead, and strangers are unknown`() {
        #expect(line.place(of: Position(epoch: 1, sequence: 11), newest: 99) == .ahead)
        #expect(line.place(of: Position(epoch: 2, sequence: 21), newest: 99) == .ahead)
        #expect(line.place(of: Position(epoch: 3, sequence: 100), newest: 99) == .ahead)
        #expect(line.place(of: Position(epoch: 4, sequence: 1), newest: 99) == .unknown)
    }

    @Test func `only so many epochs are remembered`() {
        var line = EpochLine(0)
        for epoch in 1...100 { line = line.continued(by: UInt64(epoch), after: UInt64(epoch)) }
        #expect(line.past.count == EpochLine.remembered && line.beginning == 100)
    }
}
