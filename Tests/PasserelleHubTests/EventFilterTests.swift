// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct EventFilterTests {
    private func read(_ hub: Hub, _ cursor: inout Cursor, at now: Duration = .zero) -> [Entry] {
        var entries: [Entry] = []
        while let entry = hub.next(&cursor, at: now) { entries.append(entry) }
        return entries
    }

    private func names(_ entries: [Entry]) -> [String] {
        entries.map { entry in
            switch entry {
            case .event(let event): event.content.name
            case .snapshot: "snapshot"
            case .refusal: "refusal"
            case .gap: "gap"
            }
        }
    }

    @Test func `named events pass, and gaps and refusals always do`() {
        let filter = EventFilter(["a", "é", "pusher:member_added"])
        let member = Member(userID: "u", userInfo: nil)
        func message(_ name: String) -> Event.Content {
            .message(name: name, data: [], userID: nil)
        }
        for content in [
            message("a"), message("é"), .memberAdded(member), .gap(Gap(.restart)),
            .refused(status: 403, message: "no"),
        ] {
            #expect(filter.passes(content), "\(content.name)")
        }
        // Names are compared byte by byte.
        for content in [
            message("A"), message("e\u{301}"), message(""), .memberRemoved(userID: "u"), .tombstone,
        ] {
            #expect(!filter.passes(content), "\(content.name)")
        }
        #expect(filter.isFilter(for: ["a", "é", "pusher:member_added"]))
        #expect(!filter.isFilter(for: ["a", "e\u{301}", "pusher:member_added"]))
        #expect(!filter.isFilter(for: ["a"]))
    }

    @Test func `a cursor skips other events and moves past them`() throws {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        for name in ["x", "a", "x", "x"] { fixture.publish("c", name) }
        let channel = try #require(fixture.hub.channel("c"))
        var cursor = fixture.hub.cursor(
            on: [channel], from: .earliest, wantsSnapshot: true, filter: EventFilter(["a"]))
        #expect(!cursor.isSettled)
        #expect(names(read(fixture.hub, &cursor)) == ["snapshot", "a"])
        #expect(cursor.sequence == fixture.hub.sequence && cursor.isSettled)
        #expect(channel.log.newest.map { cursor.asksFor($0) } == false)
        fixture.hub.lost(at: fixture.now)
        fixture.subscribe("c")
        #expect(names(read(fixture.hub, &cursor)) == ["passerelle:gap"])
    }

    @Test func `the last events are those that the reader asked for`() throws {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        for name in ["a", "a", "x", "a", "x", "x"] { fixture.publish("c", name) }
        let channel = try #require(fixture.hub.channel("c"))
        func last(_ count: Int, _ names: [String]) -> [String] {
            var cursor = fixture.hub.cursor(
                on: [channel], from: .last(count), wantsSnapshot: false,
                filter: EventFilter(names))
            return self.names(read(fixture.hub, &cursor))
        }
        #expect(last(2, ["a"]) == ["a", "a"] && last(4, ["a"]) == ["a", "a", "a"])
        #expect(last(1, ["x"]) == ["x"] && last(1, ["none"]) == [])
    }

    @Test func `a reader behind the log's end gets its gap with a filter, too`() throws {
        let fixture = HubFixture { $0.log.events = 2 }
        _ = fixture.attach("c")
        fixture.subscribe("c")
        let position = fixture.hub.position
        for _ in 0..<5 { fixture.publish("c", "x") }
        let channel = try #require(fixture.hub.channel("c"))
        var cursor = fixture.hub.cursor(
            on: [channel], from: .after(position), wantsSnapshot: false,
            filter: EventFilter(["a"]))
        #expect(names(read(fixture.hub, &cursor)) == ["gap"])
    }

    @Test(arguments: ["pusher:subscription_count", "pusher:cache_miss"])
    func `an event of Channels' own is live for three seconds and in no log`(name: String) throws {
        let fixture = HubFixture()
        let live = fixture.attach("c")
        fixture.subscribe("c")
        let position = fixture.hub.position
        fixture.publish("c", name)
        #expect(live.take() == ["snapshot(c: )", "c: \(name)"])
        let channel = try #require(fixture.hub.channel("c"))
        #expect(channel.log.count == 0 && channel.ephemeralEvents.count == 1)
        func replay(at seconds: Int) -> [String] {
            var cursor = fixture.hub.cursor(
                on: [channel], from: .after(position), wantsSnapshot: false)
            return names(read(fixture.hub, &cursor, at: .seconds(seconds)))
        }
        #expect(replay(at: 3) == [name] && replay(at: 4) == [])
    }
}
