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
        var cursor = ConsoleCursor(after: nil, in: heard.hub)
        let first = try message(cursor.next(in: heard.hub, showsContent: false))
        #expect(first.event == "events" && first.id == "7-2")
        #expect(member(first.data, "fresh") == "true" && member(first.data, "more") == "0")
        #expect(column(first.data, "event") == ["before"])
        #expect(cursor.next(in: heard.hub, showsContent: false) == nil)
        heard.say("c", "later")
        let second = try message(cursor.next(in: heard.hub, showsContent: false))
        #expect(second.id == "7-3" && member(second.data, "fresh") == "false")
        #expect(column(second.data, "event") == ["later"])
    }

    @Test func `a gateway with nothing to tell says so once`() throws {
        let heard = HeardHub()
        var cursor = ConsoleCursor(after: nil, in: heard.hub)
        let first = try message(cursor.next(in: heard.hub, showsContent: true))
        #expect(first.id == "7-0")
        #expect(
            String(decoding: first.data, as: UTF8.self)
                == #"{"fresh":true,"more":0,"retracted":[],"events":[]}"#)
        #expect(cursor.next(in: heard.hub, showsContent: true) == nil)
    }

    @Test func `a console that comes back goes on, where the log is the same`() throws {
        let heard = HeardHub("c")
        heard.say("c", "old")
        let position = heard.hub.position
        heard.say("c", "new")
        var cursor = ConsoleCursor(after: position, in: heard.hub)
        let told = try message(cursor.next(in: heard.hub, showsContent: false)).data
        #expect(column(told, "event") == ["new"] && member(told, "fresh") == "false")
        for other in [
            Position(epoch: 8, sequence: 1), Position(epoch: 7, sequence: 99),
        ] {
            var anew = ConsoleCursor(after: other, in: heard.hub)
            let all = try message(anew.next(in: heard.hub, showsContent: false)).data
            #expect(column(all, "event") == ["old", "new"] && member(all, "fresh") == "true")
        }
    }

    @Test func `what was told and taken back is told by its position`() throws {
        let heard = HeardHub("c")
        heard.say("c", "new-message", key: "m")
        var cursor = ConsoleCursor(after: nil, in: heard.hub)
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

    @Test(arguments: [99, 100, 101])
    func `of retractions that wait the newest are told`(count: UInt64) {
        let heard = HeardHub("c")
        for _ in 0..<count { heard.say("c", "e") }
        var cursor = ConsoleCursor(after: heard.hub.position, in: heard.hub)
        for sequence in 1...count { cursor.took(back: [sequence]) }
        let first = count > 100 ? count - 99 : 1
        #expect(cursor.retracted == Array(first...count))
    }
}
