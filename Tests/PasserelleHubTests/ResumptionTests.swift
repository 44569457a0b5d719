// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import PasserelleTesting
import Testing

struct ResumptionTests {
    private func resume(_ fixture: HubFixture, _ position: Position) -> (Resumption, [String]) {
        let listener = Listener(fixture.hub)
        let outcome = fixture.hub.attach(
            listener, to: ["c"], from: .after(position), wantsSnapshot: false, at: fixture.now)
        listener.read()
        return (outcome, listener.take())
    }

    private func fixture(events: Int = 3) -> HubFixture {
        let fixture = HubFixture { $0.log.events = events }
        _ = fixture.attach("c")
        fixture.subscribe("c")
        return fixture
    }

    @Test func `a reader at the newest position is up to date`() {
        let fixture = fixture()
        fixture.publish("c", "one")
        let (outcome, received) = resume(fixture, fixture.hub.position)
        #expect(outcome == .upToDate && received == [])
    }

    @Test func `evicted entries become a gap in the same place`() {
        let fixture = fixture()
        fixture.publish("c", "one")
        let position = fixture.hub.position
        for name in ["two", "three", "four"] { fixture.publish("c", name) }
        #expect(resume(fixture, position) == (.entries, ["c: two", "c: three", "c: four"]))
        fixture.publish("c", "five")
        #expect(
            resume(fixture, position)
                == (.evicted, ["gap(c: evicted)", "c: three", "c: four", "c: five"]))
    }

    @Test func `a position that this log has not issued gets a gap and all held entries`() {
        let fixture = fixture()
        fixture.publish("c", "one")
        let delivered = ["gap(c: unknown-position)", "c: one"]
        #expect(resume(fixture, Position(epoch: 8, sequence: 1)) == (.unknown, delivered))
        let ahead = Position(epoch: 7, sequence: fixture.hub.sequence + 1)
        #expect(resume(fixture, ahead) == (.unknown, delivered))
        #expect(resume(fixture, fixture.hub.position) == (.upToDate, []))
    }

    @Test func `without a replay, only the gap and new entries follow an unknown position`() {
        let fixture = HubFixture()
        _ = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        for name in ["1", "2"] { fixture.publish("a", name) }
        fixture.publish("b", "3")
        let reader = Listener(fixture.hub)
        let outcome = fixture.hub.attach(
            reader, to: ["a", "b"], from: .after(Position(epoch: 8, sequence: 5)),
            skipsReplay: true, wantsSnapshot: false, at: fixture.now)
        reader.read()
        #expect(outcome == .unknown)
        #expect(reader.take() == ["gap(a: unknown-position)", "gap(b: unknown-position)"])
        #expect(reader.positions.last == fixture.hub.sequence)
        fixture.publish("b", "4")
        #expect(reader.take() == ["b: 4"])
        // A known position is replayed.
        let known = Listener(fixture.hub)
        fixture.hub.attach(
            known, to: ["a", "b"], from: .after(fixture.hub.position(at: 3)), skipsReplay: true,
            wantsSnapshot: false, at: fixture.now)
        known.read()
        #expect(known.take() == ["a: 2", "b: 3", "b: 4"])
    }

    @Test func `without a replay, a channel that is subscribed later has its gap too`() {
        let fixture = HubFixture()
        _ = fixture.attach("a")
        fixture.subscribe("a")
        fixture.publish("a", "1")
        let reader = Listener(fixture.hub)
        fixture.hub.attach(
            reader, to: ["a", "b"], from: .unknown, skipsReplay: true, wantsSnapshot: false,
            at: fixture.now)
        reader.read()
        fixture.publish("a", "2")
        #expect(reader.take() == ["gap(a: unknown-position)", "a: 2"])
        fixture.subscribe("b")
        fixture.publish("b", "3")
        #expect(reader.take() == ["gap(b: unknown-position)", "b: 3"])
    }

    @Test func `a gap comes before entries of other channels that precede its end`() {
        let fixture = HubFixture { $0.log.events = 2 }
        _ = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        let position = fixture.hub.position
        for name in ["1", "2"] { fixture.publish("a", name) }
        fixture.publish("b", "3")
        for name in ["4", "5"] { fixture.publish("a", name) }
        let delivered = fixture.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(delivered.received == ["gap(a: evicted)", "b: 3", "a: 4", "a: 5"])
        // If the gap followed an entry of `b`, it would not cover 1 for a reader that leaves before
        // it.
        #expect(delivered.positions[0] < delivered.positions[1])
    }

    @Test func `a reader that leaves between the gaps of an unknown position gets them again`() {
        let fixture = HubFixture { $0.log.events = 2 }
        _ = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        for name in ["1", "2", "3"] { fixture.publish("a", name) }
        for name in ["4", "5", "6"] { fixture.publish("b", name) }
        let delivered = fixture.attach("a", "b", from: .after(Position(epoch: 8, sequence: 5)))
        #expect(
            delivered.received == [
                "snapshot(a: )", "gap(a: unknown-position)", "snapshot(b: )",
                "gap(b: unknown-position)", "a: 2", "a: 3", "b: 5", "b: 6",
            ])
        for cut in 0..<4 {
            let position = Position(epoch: 7, sequence: delivered.positions[cut])
            let again = fixture.attach("a", "b", from: .after(position), wantsSnapshot: false)
            let gaps = again.take().filter { $0.hasPrefix("gap") }
            #expect(gaps.contains("gap(b: evicted)"), "left behind \(delivered.received[cut])")
            if cut < 3 { #expect(gaps.contains("gap(a: evicted)")) }
        }
        #expect(delivered.positions == delivered.positions.sorted())
    }

    @Test(arguments: [Start.earliest, .last(5), .now])
    func `if the log is empty, all starts give the newest position`(start: Start) {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        let reader = fixture.attach("c", from: start)
        #expect(reader.take() == ["snapshot(c: )"] && reader.positions == [fixture.hub.sequence])
    }

    @Test func `the position of the last of several first snapshots resumes without a gap`() {
        let fixture = HubFixture()
        let reader = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        #expect(reader.received == ["snapshot(a: )", "snapshot(b: )"])
        let position = Position(epoch: 7, sequence: reader.positions[1])
        let resumed = fixture.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take() == [])
    }

    @Test func `a first snapshot does not cover earlier entries of another channel`() {
        let fixture = HubFixture()
        let reader = fixture.attach("a", "b")
        fixture.subscribe("a")
        reader.isStalled = true
        fixture.publish("a", "one")
        fixture.subscribe("b")
        let position = Position(epoch: 7, sequence: reader.positions[0])
        reader.isStalled = false
        reader.read()
        #expect(reader.received == ["snapshot(a: )", "snapshot(b: )", "a: one"])
        let resumed = fixture.attach("a", "b", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take().contains("a: one"))
    }

    @Test func `the position of a gap resumes after it`() {
        let fixture = fixture()
        for name in ["one", "two", "three", "four", "five"] { fixture.publish("c", name) }
        let listener = fixture.attach("c", from: .after(Position(epoch: 7, sequence: 0)))
        let gap = listener.positions[1]
        #expect(listener.received[1] == "gap(c: evicted)")
        let (outcome, received) = resume(fixture, Position(epoch: 7, sequence: gap))
        #expect(outcome == .entries && received == ["c: three", "c: four", "c: five"])
    }

    @Test func `a slow reader that falls behind the log gets a gap and then the rest`() {
        let fixture = fixture()
        let slow = fixture.attach("c")
        _ = slow.take()
        slow.isStalled = true
        for name in ["one", "two", "three", "four"] { fixture.publish("c", name) }
        slow.read()
        let delivered = ["gap(c: evicted)", "snapshot(c: )", "c: two", "c: three", "c: four"]
        #expect(slow.take() == delivered)
    }

    @Test func `one position serves several channels, in the order of their entries`() {
        let fixture = HubFixture()
        let reader = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        let position = fixture.hub.position
        for (channel, name) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")] {
            fixture.publish(channel, name)
        }
        #expect(reader.take().suffix(4) == ["a: 1", "b: 2", "a: 3", "b: 4"])
        let resumed = fixture.attach("b", "a", from: .after(position), wantsSnapshot: false)
        #expect(resumed.take() == ["a: 1", "b: 2", "a: 3", "b: 4"])
        #expect(resumed.positions == resumed.positions.sorted())
    }

    @Test(arguments: [
        (0, []), (1, ["b: 4"]), (3, ["b: 2", "a: 3", "b: 4"]),
        (9, ["a: 1", "b: 2", "a: 3", "b: 4"]),
    ])
    func `the last messages are counted over all channels`(count: Int, expected: [String]) {
        let fixture = HubFixture()
        _ = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        for (channel, name) in [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")] {
            fixture.publish(channel, name)
        }
        fixture.join("a", "ana")
        let reader = fixture.attach("a", "b", from: .last(count))
        #expect(reader.take() == ["snapshot(a: ana)", "snapshot(b: )"] + expected)
    }

    @Test(arguments: [(1, ["c: 3"]), (2, ["c: 2", "c: 3"]), (3, ["c: 1", "c: 2", "c: 3"])])
    func `the last messages of one channel are no more than requested`(
        count: Int, expected: [String]
    ) {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        for name in ["1", "2", "3"] { fixture.publish("c", name) }
        #expect(fixture.attach("c", from: .last(count)).take() == ["snapshot(c: )"] + expected)
    }

    @Test func `a first reader that requests the past of a new channel gets no gap`() {
        let fixture = HubFixture()
        _ = fixture.attach("other")
        fixture.subscribe("other")
        let last = fixture.attach("c", from: .last(50))
        let earliest = fixture.attach("c", from: .earliest)
        let resumed = fixture.attach("c", from: .after(Position(epoch: 7, sequence: 0)))
        fixture.subscribe("c", "ana")
        #expect(last.take() == ["snapshot(c: ana)"] && earliest.take() == ["snapshot(c: ana)"])
        #expect(resumed.take() == ["snapshot(c: ana)", "gap(c: idle)"])
    }

    @Test func `an unknown position on a new channel gets one gap, once it is subscribed`() {
        let fixture = HubFixture()
        let early = fixture.attach("c", from: .after(Position(epoch: 99, sequence: 5)))
        #expect(early.take() == [])
        fixture.subscribe("c", "ana")
        fixture.publish("c", "one")
        #expect(early.take() == ["snapshot(c: ana)", "gap(c: unknown-position)", "c: one"])
        let late = fixture.attach(
            "c", from: .after(Position(epoch: 99, sequence: 5)), wantsSnapshot: false)
        #expect(late.take() == ["gap(c: unknown-position)", "c: one"])
    }

    @Test(arguments: [Start.earliest, .last(50), .now])
    func `the position of a fresh reader's snapshot resumes without a gap`(start: Start) {
        let fixture = fixture()
        fixture.publish("c", "one")
        let fresh = fixture.attach("c", from: start)
        let position = fixture.hub.position(at: fresh.positions[0])
        #expect(fresh.received[0] == "snapshot(c: )")
        let (_, received) = resume(fixture, position)
        #expect(received == (start == .now ? [] : ["c: one"]))
    }

    @Test func `readers that detach in any order do not affect the others`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let fixture = HubFixture()
        var readers: [Listener] = []
        _ = fixture.attach("a", "b")
        fixture.subscribe("a")
        fixture.subscribe("b")
        for step in 0..<500 {
            if Bool.random(using: &random) || readers.isEmpty {
                readers.append(
                    Bool.random(using: &random) ? fixture.attach("a", "b") : fixture.attach("b"))
            } else {
                let gone = readers.remove(at: Int.random(in: readers.indices, using: &random))
                fixture.hub.detach(gone, at: fixture.now)
                _ = gone.take()
                fixture.publish("b", "late")
                #expect(gone.take() == [], "seed \(seed)")
            }
            for reader in readers { _ = reader.take() }
            fixture.publish("b", "\(step)")
            for reader in readers { #expect(reader.take() == ["b: \(step)"], "seed \(seed)") }
            #expect(fixture.hub.readerCount == readers.count + 1, "seed \(seed)")
        }
    }

    @Test func `if memory is short, the log that was unread for longest is evicted first`() {
        var fixture = HubFixture { $0.totalBytes = 220_000 }
        for channel in ["old", "young"] {
            let reader = fixture.attach(channel)
            fixture.subscribe(channel)
            for _ in 0..<10 { fixture.publish(channel, "x", bytes: 4000) }
            fixture.hub.detach(reader, at: fixture.now)
            fixture.now = moment(10)
        }
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        for _ in 0..<6 { fixture.publish("c", "x", bytes: 4000) }
        #expect(fixture.hub.logBytes <= 220_000 && fixture.hub.counters.evictedByMemory > 0)
        #expect((fixture.hub.channel("old")?.log.count ?? 0) < 10)
        #expect(fixture.hub.channel("young")?.log.count == 10)
        #expect(reader.take().filter { $0 == "c: x" }.count == 6)
    }

    @Test func `a channel without readers evicts its own entries, however many it gets`() {
        var fixture = HubFixture { $0.totalBytes = 220_000 }
        let gone = fixture.attach("unread")
        fixture.subscribe("unread")
        fixture.hub.detach(gone, at: fixture.now)
        fixture.now = moment(10)
        let reader = fixture.attach("read")
        fixture.subscribe("read")
        for _ in 0..<10 { fixture.publish("read", "x", bytes: 4000) }
        for _ in 0..<100 { fixture.publish("unread", "x", bytes: 4000) }
        #expect(fixture.hub.logBytes <= 220_000 && fixture.hub.counters.evictedByMemory > 0)
        #expect(fixture.hub.channel("read")?.log.count == 10)
        #expect(reader.take().filter { $0 == "read: x" }.count == 10)
    }

    @Test func `if all channels have readers, the one silent for longest is evicted first`() {
        let fixture = HubFixture { $0.totalBytes = 220_000 }
        let names = (0..<4).map { "c\($0)" }
        for name in names {
            _ = fixture.attach(name)
            fixture.subscribe(name)
        }
        for name in names { for _ in 0..<6 { fixture.publish(name, "x", bytes: 4000) } }
        for _ in 0..<4 { fixture.publish("c0", "x", bytes: 4000) }
        let held = names.map { fixture.hub.channel($0)?.log.count ?? 0 }
        #expect(held[0] == 10 && held[1] < 6 && held[2...] == [6, 6], "\(held)")
    }
}
