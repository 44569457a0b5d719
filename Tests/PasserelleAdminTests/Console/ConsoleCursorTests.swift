// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin

struct ConsoleCursorTests {
    /// Returns the message of a frame.
    private func message(_ frame: [UInt8]?) throws -> EventStreamMessage {
        var parser = EventStreamParser()
        let bytes = try #require(frame)
        parser.append(bytes.span)
        return try #require(try parser.next())
    }

    @Test func `a new console receives held events, then new ones`() throws {
        let fixture = HubFixture("c")
        fixture.publish("c", "before")
        var cursor = ConsoleCursor()
        let first = try message(cursor.next(in: fixture.hub, showsContent: false))
        #expect(first.event == "events" && first.id == "")
        #expect(member(first.data, "fresh") == "true" && member(first.data, "more") == "0")
        #expect(column(first.data, "event") == ["before"])
        #expect(cursor.next(in: fixture.hub, showsContent: false) == nil)
        fixture.publish("c", "later")
        let second = try message(cursor.next(in: fixture.hub, showsContent: false))
        #expect(member(second.data, "fresh") == "false")
        #expect(column(second.data, "event") == ["later"])
    }

    @Test func `an empty hub sends one empty fresh frame`() throws {
        let fixture = HubFixture()
        var cursor = ConsoleCursor()
        let first = try message(cursor.next(in: fixture.hub, showsContent: true))
        #expect(
            String(decoding: first.data, as: UTF8.self)
                == #"{"fresh":true,"more":0,"retracted":[],"events":[]}"#)
        #expect(cursor.next(in: fixture.hub, showsContent: true) == nil)
    }

    @Test(arguments: [(99, 99, 0), (100, 100, 0), (101, 100, 1)])
    func `a fresh frame has as many events as the page keeps, a tick has fewer`(
        count: Int, received: Int, more: Int
    ) throws {
        let fixture = HubFixture("c")
        var open = ConsoleCursor()
        _ = open.next(in: fixture.hub, showsContent: false)
        for number in 0..<count { fixture.publish("c", "\(number)") }
        var new = ConsoleCursor()
        let first = try message(new.next(in: fixture.hub, showsContent: false)).data
        #expect(column(first, "event") == (more..<count).map(String.init))
        #expect(member(first, "more") == "\(more)" && column(first, "id").count == received)
        let tick = try message(open.next(in: fixture.hub, showsContent: false)).data
        #expect(column(tick, "event") == (count - 50..<count).map(String.init))
        #expect(member(tick, "more") == "\(count - 50)")
    }

    @Test func `a retraction of a received event is sent with its position`() throws {
        let fixture = HubFixture("c")
        fixture.publish("c", "new-message", key: "m")
        var cursor = ConsoleCursor()
        _ = cursor.next(in: fixture.hub, showsContent: true)
        fixture.publish("c", "message-deleted", retracts: "m")
        let tookSome = cursor.retract(events: fixture.hub.takeRetracted())
        #expect(tookSome)
        let received = try message(cursor.next(in: fixture.hub, showsContent: true)).data
        #expect(member(received, "retracted") == #"["7-2"]"#)
        #expect(cursor.next(in: fixture.hub, showsContent: true) == nil)
        let tookMore = cursor.retract(events: [fixture.hub.sequence + 1])
        #expect(!tookMore && cursor.retracted.isEmpty)
    }

    @Test(arguments: [(99, false), (100, false), (101, true)])
    func `if there are more retractions than the limit, the next frame is fresh`(
        count: Int, isFresh: Bool
    ) throws {
        let fixture = HubFixture("c")
        for number in 0..<count { fixture.publish("c", "new-message", key: "\(number)") }
        var cursor = ConsoleCursor()
        _ = cursor.next(in: fixture.hub, showsContent: true)
        for number in 0..<count {
            fixture.publish("c", "message-deleted", retracts: "\(number)")
            let isKnown = cursor.retract(events: fixture.hub.takeRetracted())
            #expect(isKnown)
        }
        #expect(cursor.retracted.count == (isFresh ? 0 : count))
        let received = try message(cursor.next(in: fixture.hub, showsContent: true)).data
        #expect(member(received, "fresh") == "\(isFresh)")
        #expect((member(received, "retracted") == "[]") == isFresh)
        #expect(cursor.next(in: fixture.hub, showsContent: true) == nil)
    }
}
