// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

struct ConsoleCursorTests {
    /// The one message of a frame.
    private func message(_ frame: [UInt8]?) throws -> EventStreamMessage {
        var parser = EventStreamParser()
        let bytes = try #require(frame)
        parser.append(bytes.span)
        return try #require(try parser.next())
    }

    @Test func `a new console is told what is held, then what comes, then nothing`() throws {
        let heard = HeardHub("c")
        heard.say("c", "before")
        var cursor = ConsoleCursor()
        let first = try message(cursor.next(in: heard.hub, showsContent: false))
        #expect(first.event == "events" && first.id == "")
        #expect(member(first.data, "fresh") == "true" && member(first.data, "more") == "0")
        #expect(column(first.data, "event") == ["before"])
        #expect(cursor.next(in: heard.hub, showsContent: false) == nil)
        heard.say("c", "later")
        let second = try message(cursor.next(in: heard.hub, showsContent: false))
        #expect(member(second.data, "fresh") == "false")
        #expect(column(second.data, "event") == ["later"])
    }

    @Test func `a gateway with nothing to tell says so once`() throws {
        let heard = HeardHub()
        var cursor = ConsoleCursor()
        let first = try message(cursor.next(in: heard.hub, showsContent: true))
        #expect(
            String(decoding: first.data, as: UTF8.self)
                == #"{"fresh":true,"more":0,"retracted":[],"events":[]}"#)
        #expect(cursor.next(in: heard.hub, showsContent: true) == nil)
    }

    @Test(arguments: [(99, 99, 0), (100, 100, 0), (101, 100, 1)])
    func `a new console is told as many as its page keeps, a tick tells fewer`(
        count: Int, told: Int, more: Int
    ) throws {
        let heard = HeardHub("c")
        var open = ConsoleCursor()
        _ = open.next(in: heard.hub, showsContent: false)
        for number in 0..<count { heard.say("c", "\(number)") }
        var new = ConsoleCursor()
        let first = try message(new.next(in: heard.hub, showsContent: false)).data
        #expect(column(first, "event") == (more..<count).map(String.init))
        #expect(member(first, "more") == "\(more)" && column(first, "id").count == told)
        let tick = try message(open.next(in: heard.hub, showsContent: false)).data
        #expect(column(tick, "event") == (count - 50..<count).map(String.init))
        #expect(member(tick, "more") == "\(count - 50)")
    }

    @Test func `what was told and taken back is told by its position`() throws {
        let heard = HeardHub("c")
        heard.say("c", "new-message", key: "m")
        var cursor = ConsoleCursor()
        _ = cursor.next(in: heard.hub, showsContent: true)
        heard.say("c", "message-deleted", retracts: "m")
        let tookSome = cursor.took(back: heard.hub.takeRetracted())
        #expect(tookSome)
        let told = try message(cursor.next(in: heard.hub, showsContent: true)).data
        #expect(member(told, "retracted") == #"["7-2"]"#)
        #expect(cursor.next(in: heard.hub, showsContent: true) == nil)
        let tookMore = cursor.took(back: [heard.hub.sequence + 1])
        #expect(!tookMore && cursor.retracted.isEmpty)
    }

    @Test(arguments: [(99, false), (100, false), (101, true)])
    func `after more retractions than are kept, everything is told anew`(
        count: Int, isFresh: Bool
    ) throws {
        let heard = HeardHub("c")
        for number in 0..<count { heard.say("c", "new-message", key: "\(number)") }
        var cursor = ConsoleCursor()
        _ = cursor.next(in: heard.hub, showsContent: true)
        for number in 0..<count {
            heard.say("c", "message-deleted", retracts: "\(number)")
            let isKnown = cursor.took(back: heard.hub.takeRetracted())
            #expect(isKnown)
        }
        #expect(cursor.retracted.count == (isFresh ? 0 : count))
        let told = try message(cursor.next(in: heard.hub, showsContent: true)).data
        #expect(member(told, "fresh") == "\(isFresh)")
        #expect((member(told, "retracted") == "[]") == isFresh)
        #expect(cursor.next(in: heard.hub, showsContent: true) == nil)
    }
}
