// SPDX-License-Identifier: MIT

import PasserelleUpstream
import Testing

struct ClientEventPaceTests {
    private let anne = Attendee("presence-a", "anne")
    private let on = Array(#"{"isTyping":true}"#.utf8)
    private let off = Array(#"{"isTyping":false}"#.utf8)

    @Test func `ten events a window go out on a connection, the eleventh is told when to come`() {
        var pace = ClientEventPace()
        for index in 0..<9 {
            #expect(pace.excess(on: 1, now: .milliseconds(100 * index)) == nil)
        }
        #expect(pace.excess(on: 1, now: .milliseconds(900)) == nil)
        #expect(pace.excess(on: 1, now: .milliseconds(950)) == .milliseconds(150))
        #expect(pace.excess(on: 1, now: .milliseconds(1099)) == .milliseconds(1))
        #expect(pace.excess(on: 1, now: .milliseconds(1100)) == nil)
        #expect(pace.excess(on: 1, now: .milliseconds(1100)) == .milliseconds(100))
    }

    @Test func `each connection has a share of its own`() {
        var pace = ClientEventPace()
        for _ in 0..<10 { #expect(pace.excess(on: 1, now: .zero) == nil) }
        #expect(pace.excess(on: 1, now: .zero) != nil)
        #expect(pace.excess(on: 2, now: .zero) == nil)
        for id in 3..<1000 { #expect(pace.excess(on: id, now: .zero) == nil) }
        #expect(pace.excess(on: 1, now: .zero) != nil)
    }

    @Test func `a state is repeated for a second behind the last time that it went out`() {
        var pace = ClientEventPace()
        #expect(!pace.isRepeated(on, by: anne, now: .zero))
        pace.told(on, by: anne, now: .zero)
        #expect(pace.isRepeated(on, by: anne, now: .milliseconds(999)))
        #expect(!pace.isRepeated(on, by: anne, now: .milliseconds(1000)))
        #expect(!pace.isRepeated(off, by: anne, now: .milliseconds(500)))
        pace.told(off, by: anne, now: .milliseconds(500))
        #expect(!pace.isRepeated(on, by: anne, now: .milliseconds(600)))
        #expect(!pace.isRepeated(off, by: Attendee("presence-b", "anne"), now: .milliseconds(600)))
    }

    @Test func `many states are remembered only while they matter`() {
        var pace = ClientEventPace()
        for user in 0..<3000 {
            pace.told(on, by: Attendee("presence-a", "\(user)"), now: .seconds(user / 1000 * 2))
        }
        #expect(pace.isRepeated(on, by: Attendee("presence-a", "2999"), now: .seconds(4)))
        #expect(!pace.isRepeated(on, by: Attendee("presence-a", "1"), now: .seconds(4)))
    }
}
