// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

struct ResumptionTests {
    private func resume(_ scene: Scene, _ position: Position) -> (Resumption, [String]) {
        let listener = Listener(scene.hub)
        let outcome = scene.hub.attach(
            listener, to: ["c"], from: .after(position), wantsSnapshot: false, at: scene.now)
        listener.read()
        return (outcome, listener.take())
    }

    private func scene(events: Int = 3) -> Scene {
        let scene = Scene { $0.log.events = events }
        _ = scene.attach("c")
        scene.subscribe("c")
        return scene
    }

    @Test func `nothing was said since`() {
        let scene = scene()
        scene.say("c", "one")
        let (outcome, heard) = resume(scene, scene.hub.position)
        #expect(outcome == .upToDate && heard == [])
    }

    @Test func `what fell off the log is a gap where it was`() {
        let scene = scene()
        scene.say("c", "one")
        let position = scene.hub.position
        for name in ["two", "three", "four"] { scene.say("c", name) }
        #expect(resume(scene, position) == (.entries, ["c: two", "c: three", "c: four"]))
        scene.say("c", "five")
        #expect(
            resume(scene, position)
                == (.evicted, ["gap(c: evicted)", "c: three", "c: four", "c: five"]))
    }

    @Test func `a position of another epoch or ahead gets a gap and what is held`() {
        let scene = scene()
        scene.say("c", "one")
        let told = ["gap(c: unknown-position)", "c: one"]
        #expect(resume(scene, Position(epoch: 8, sequence: 1)) == (.unknownEpoch, told))
        let ahead = Position(epoch: 7, sequence: scene.hub.sequence + 1)
        #expect(resume(scene, ahead) == (.ahead, told))
        #expect(resume(scene, scene.hub.position) == (.upToDate, []))
    }

    @Test func `a hole is told before what lies in front of its end on other channels`() {
        let scene = Scene { $0.log.events = 2 }
        _ = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        let position = scene.hub.position
        for name in ["1", "2"] { scene.say("a", name) }
        scene.say("b", "3")
        for name in ["4", "5"] { scene.say("a", name) }
        let told = scene.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(told.heard == ["gap(a: evicted)", "b: 3", "a: 4", "a: 5"])
        // Told behind an entry of `b`, the gap would not speak for 1 to whoever leaves before it.
        #expect(told.positions[0] < told.positions[1])
    }

    @Test func `whoever leaves between the gaps of an unknown position is told them again`() {
        let scene = Scene { $0.log.events = 2 }
        _ = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        for name in ["1", "2", "3"] { scene.say("a", name) }
        for name in ["4", "5", "6"] { scene.say("b", name) }
        let told = scene.attach("a", "b", from: .after(Position(epoch: 8, sequence: 5)))
        #expect(
            told.heard == [
                "snapshot(a: )", "gap(a: unknown-position)", "snapshot(b: )",
                "gap(b: unknown-position)", "a: 2", "a: 3", "b: 5", "b: 6",
            ])
        for cut in 0..<4 {
            let position = Position(epoch: 7, sequence: told.positions[cut])
            let again = scene.attach("a", "b", from: .after(position), wantsSnapshot: false)
            let gaps = again.take().filter { $0.hasPrefix("gap") }
            #expect(gaps.contains("gap(b: evicted)"), "left behind \(told.heard[cut])")
            if cut < 3 { #expect(gaps.contains("gap(a: evicted)")) }
        }
        #expect(told.positions == told.positions.sorted())
    }

    @Test(arguments: [Start.earliest, .last(5), .now])
    func `where nothing is held, a reader of the past stands where all others do`(start: Start) {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c")
        let reader = scene.attach("c", from: start)
        #expect(reader.take() == ["snapshot(c: )"] && reader.positions == [scene.hub.sequence])
    }

    @Test func `the position of the last of several first snapshots leads on without a gap`() {
        let scene = Scene()
        let reader = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        #expect(reader.heard == ["snapshot(a: )", "snapshot(b: )"])
        let position = Position(epoch: 7, sequence: reader.positions[1])
        let resumed = scene.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take() == [])
    }

    @Test func `a first snapshot does not stand for what another channel said before it`() {
        let scene = Scene()
        let reader = scene.attach("a", "b")
        scene.subscribe("a")
        reader.isStalled = true
        scene.say("a", "one")
        scene.subscribe("b")
        let position = Position(epoch: 7, sequence: reader.positions[0])
        reader.isStalled = false
        reader.read()
        #expect(reader.heard == ["snapshot(a: )", "snapshot(b: )", "a: one"])
        let resumed = scene.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take().contains("a: one"))
    }

    @Test func `the position of a gap leads on from it`() {
        let scene = scene()
        for name in ["one", "two", "three", "four", "five"] { scene.say("c", name) }
        let listener = scene.attach("c", from: .after(Position(epoch: 7, sequence: 0)))
        let gap = listener.positions[1]
        #expect(listener.heard[1] == "gap(c: evicted)")
        let (outcome, heard) = resume(scene, Position(epoch: 7, sequence: gap))
        #expect(outcome == .entries && heard == ["c: three", "c: four", "c: five"])
    }

    @Test func `a slow reader that falls off the tail is told a gap and then the rest`() {
        let scene = scene()
        let slow = scene.attach("c")
        _ = slow.take()
        slow.isStalled = true
        for name in ["one", "two", "three", "four"] { scene.say("c", name) }
        slow.read()
        let told = ["gap(c: evicted)", "snapshot(c: )", "c: two", "c: three", "c: four"]
        #expect(slow.take() == told)
    }

    @Test func `one position serves several channels, in the order in which things were said`() {
        let scene = Scene()
        let reader = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        let position = scene.hub.position
        for (channel, name) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")] {
            scene.say(channel, name)
        }
        #expect(reader.take().suffix(4) == ["a: 1", "b: 2", "a: 3", "b: 4"])
        let resumed = scene.attach("b", "a", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take() == ["a: 1", "b: 2", "a: 3", "b: 4"])
        #expect(resumed.positions == resumed.positions.sorted())
    }

    @Test(arguments: [
        (0, []), (1, ["b: 4"]), (3, ["b: 2", "a: 3", "b: 4"]),
        (9, ["a: 1", "b: 2", "a: 3", "b: 4"]),
    ])
    func `the last so many messages of all channels together`(count: Int, expected: [String]) {
        let scene = Scene()
        _ = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        for (channel, name) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")] {
            scene.say(channel, name)
        }
        scene.join("a", "ana")
        let reader = scene.attach("a", "b", from: .last(count))
        #expect(reader.take() == ["snapshot(a: ana)", "snapshot(b: )"] + expected)
    }

    @Test(arguments: [(1, ["c: 3"]), (2, ["c: 2", "c: 3"]), (3, ["c: 1", "c: 2", "c: 3"])])
    func `the last so many messages of one channel are no more than asked for`(
        count: Int, expected: [String]
    ) {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c")
        for name in ["1", "2", "3"] { scene.say("c", name) }
        #expect(scene.attach("c", from: .last(count)).take() == ["snapshot(c: )"] + expected)
    }

    @Test func `a first reader who asks for the past of a new channel is told no gap`() {
        let scene = Scene()
        _ = scene.attach("other")
        scene.subscribe("other")
        let last = scene.attach("c", from: .last(50))
        let earliest = scene.attach("c", from: .earliest)
        let resumed = scene.attach("c", from: .after(Position(epoch: 7, sequence: 0)))
        scene.subscribe("c", "ana")
        #expect(last.take() == ["snapshot(c: ana)"] && earliest.take() == ["snapshot(c: ana)"])
        #expect(resumed.take() == ["snapshot(c: ana)", "gap(c: idle)"])
    }

    @Test func `an unknown position on a new channel is told one gap, once it is heard`() {
        let scene = Scene()
        let early = scene.attach("c", from: .after(Position(epoch: 99, sequence: 5)))
        #expect(early.take() == [])
        scene.subscribe("c", "ana")
        scene.say("c", "one")
        #expect(early.take() == ["snapshot(c: ana)", "gap(c: unknown-position)", "c: one"])
        let late = scene.attach(
            "c", from: .after(Position(epoch: 99, sequence: 5)), wantsSnapshot: false)
        #expect(late.take() == ["gap(c: unknown-position)", "c: one"])
    }

    @Test(arguments: [Start.earliest, .last(50), .now])
    func `the position of a fresh reader's snapshot leads on without a gap`(start: Start) {
        let scene = scene()
        scene.say("c", "one")
        let fresh = scene.attach("c", from: start)
        let position = scene.hub.position(at: fresh.positions[0])
        #expect(fresh.heard[0] == "snapshot(c: )")
        let (_, heard) = resume(scene, position)
        #expect(heard == (start == .now ? [] : ["c: one"]))
    }

    @Test func `readers that detach in any order leave the others in place`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let scene = Scene()
        var readers: [Listener] = []
        _ = scene.attach("a", "b")
        scene.subscribe("a")
        scene.subscribe("b")
        for step in 0..<500 {
            if Bool.random(using: &random) || readers.isEmpty {
                readers.append(
                    Bool.random(using: &random) ? scene.attach("a", "b") : scene.attach("b"))
            } else {
                let gone = readers.remove(at: Int.random(in: readers.indices, using: &random))
                scene.hub.detach(gone, at: scene.now)
                _ = gone.take()
                scene.say("b", "late")
                #expect(gone.take() == [], "seed \(seed)")
            }
            for reader in readers { _ = reader.take() }
            scene.say("b", "\(step)")
            for reader in readers { #expect(reader.take() == ["b: \(step)"], "seed \(seed)") }
            #expect(scene.hub.readerCount == readers.count + 1, "seed \(seed)")
        }
    }

    @Test func `the log that was unread for longest goes first when memory is short`() {
        var scene = Scene { $0.totalBytes = 220_000 }
        for channel in ["old", "young"] {
            let reader = scene.attach(channel)
            scene.subscribe(channel)
            for _ in 0..<10 { scene.say(channel, "x", bytes: 4000) }
            scene.hub.detach(reader, at: scene.now)
            scene.now = moment(10)
        }
        let reader = scene.attach("c")
        scene.subscribe("c")
        for _ in 0..<6 { scene.say("c", "x", bytes: 4000) }
        #expect(scene.hub.logBytes <= 220_000 && scene.hub.counters.evictedByMemory > 0)
        #expect((scene.hub.channel("old")?.log.count ?? 0) < 10)
        #expect(scene.hub.channel("young")?.log.count == 10)
        #expect(reader.take().filter { $0 == "c: x" }.count == 6)
    }

    @Test func `a channel that nobody reads makes room for itself, however much it says`() {
        var scene = Scene { $0.totalBytes = 220_000 }
        let gone = scene.attach("unread")
        scene.subscribe("unread")
        scene.hub.detach(gone, at: scene.now)
        scene.now = moment(10)
        let reader = scene.attach("read")
        scene.subscribe("read")
        for _ in 0..<10 { scene.say("read", "x", bytes: 4000) }
        for _ in 0..<100 { scene.say("unread", "x", bytes: 4000) }
        #expect(scene.hub.logBytes <= 220_000 && scene.hub.counters.evictedByMemory > 0)
        #expect(scene.hub.channel("read")?.log.count == 10)
        #expect(reader.take().filter { $0 == "read: x" }.count == 10)
    }

    @Test func `of channels that are all read, the one that was silent for longest goes first`() {
        let scene = Scene { $0.totalBytes = 220_000 }
        let names = (0..<4).map { "c\($0)" }
        for name in names {
            _ = scene.attach(name)
            scene.subscribe(name)
        }
        for name in names { for _ in 0..<6 { scene.say(name, "x", bytes: 4000) } }
        for _ in 0..<4 { scene.say("c0", "x", bytes: 4000) }
        let held = names.map { scene.hub.channel($0)?.log.count ?? 0 }
        #expect(held[0] == 10 && held[1] < 6 && held[2...] == [6, 6], "\(held)")
    }
}
