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
            #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(100 * index)) == nil)
        }
        #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(900)) == nil)
        #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(950)) == .milliseconds(150))
        #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(1099)) == .milliseconds(1))
        #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(1100)) == nil)
        #expect(pace.excess(on: 1, by: "anne", now: .milliseconds(1100)) == .milliseconds(100))
    }

    @Test func `each connection has a share of its own`() {
        var pace = ClientEventPace()
        for _ in 0..<10 { #expect(pace.excess(on: 1, by: "anne", now: .zero) == nil) }
        #expect(pace.excess(on: 1, by: "anne", now: .zero) != nil)
        #expect(pace.excess(on: 2, by: "anne", now: .zero) == nil)
        for id in 3..<1000 { #expect(pace.excess(on: id, by: "anne", now: .zero) == nil) }
        #expect(pace.excess(on: 1, by: "anne", now: .zero) != nil)
    }

    @Test func `a state is repeated for a second behind the last time that it went out`() {
        var pace = ClientEventPace()
        #expect(!pace.isRepeated(on, by: anne, now: .zero))
        pace.told(on, by: anne, on: 1, now: .zero)
        #expect(pace.isRepeated(on, by: anne, now: .milliseconds(999)))
        #expect(!pace.isRepeated(on, by: anne, now: .milliseconds(1000)))
        #expect(!pace.isRepeated(off, by: anne, now: .milliseconds(500)))
        pace.told(off, by: anne, on: 1, now: .milliseconds(500))
        #expect(!pace.isRepeated(on, by: anne, now: .milliseconds(600)))
        #expect(!pace.isRepeated(off, by: Attendee("presence-b", "anne"), now: .milliseconds(600)))
    }

    @Test func `many states are remembered only while they matter`() {
        var pace = ClientEventPace()
        for user in 0..<3000 {
            pace.told(
                on, by: Attendee("presence-a", "\(user)"), on: 1, now: .seconds(user / 1000 * 2))
        }
        #expect(pace.isRepeated(on, by: Attendee("presence-a", "2999"), now: .seconds(4)))
        #expect(!pace.isRepeated(on, by: Attendee("presence-a", "1"), now: .seconds(4)))
    }

    @Test func `one who asks without end does not keep another of the connection waiting`() {
        var pace = ClientEventPace()
        var went = ["anne": 0, "bob": 0]
        var bobAsksAt = 500
        var refusals = 0
        for time in stride(from: 0, to: 20_000, by: 10) {
            let now = Duration.milliseconds(time)
            if pace.excess(on: 1, by: "anne", now: now) == nil { went["anne", default: 0] += 1 }
            guard time >= bobAsksAt else { continue }
            if let delay = pace.excess(on: 1, by: "bob", now: now) {
                refusals += 1
                // As HTTP tells it, in whole seconds.
                bobAsksAt = time + Int((delay / .seconds(1)).rounded(.up)) * 1000
            } else {
                went["bob", default: 0] += 1
                bobAsksAt = time + 250
            }
        }
        // Five a window are his if he wants them, and five hers; before he came she had all ten.
        #expect(refusals == 1)
        #expect(went["bob", default: 0] >= 70)
        #expect(went["anne", default: 0] >= 85)
    }

    @Test(arguments: [(1, 10), (2, 5), (3, 3), (9, 1), (10, 1), (11, 1), (200, 1)])
    func `users who ask at once have equal parts, and nobody has more`(users: Int, part: Int) {
        var pace = ClientEventPace()
        // So that each is counted when the window begins.
        for user in 0..<users { _ = pace.excess(on: 1, by: "\(user)", now: .zero) }
        var went: [Int: Int] = [:]
        for _ in 0..<20 {
            for user in 0..<users
            where pace.excess(on: 1, by: "\(user)", now: ClientEventPace.window) == nil {
                went[user, default: 0] += 1
            }
        }
        #expect(went.values.allSatisfy { $0 == part })
        #expect(went.values.reduce(0, +) == min(10, users * part))
    }

    @Test func `who asked no longer than three seconds ago has a part, and not a moment longer`() {
        for (rest, part) in [(2999, 5), (3000, 10)] {
            var pace = ClientEventPace()
            _ = pace.excess(on: 1, by: "bob", now: .zero)
            let now = Duration.milliseconds(rest)
            let went = (0..<20).count { _ in pace.excess(on: 1, by: "anne", now: now) == nil }
            #expect(went == part)
        }
    }

    @Test func `what went out on a connection that is lost is no repetition afterwards`() {
        var pace = ClientEventPace()
        let bob = Attendee("presence-a", "bob")
        pace.told(on, by: anne, on: 1, now: .zero)
        pace.told(on, by: bob, on: 2, now: .zero)
        pace.lost(1)
        #expect(!pace.isRepeated(on, by: anne, now: .zero))
        #expect(pace.isRepeated(on, by: bob, now: .zero))
        pace.notTold(by: bob)
        #expect(!pace.isRepeated(on, by: bob, now: .zero))
    }
}
