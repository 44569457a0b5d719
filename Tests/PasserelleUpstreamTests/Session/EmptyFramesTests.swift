// SPDX-License-Identifier: MIT
@testable import PasserelleUpstream
import Testing

struct EmptyFramesTests {
    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func `frames up to the limit are admitted within a window`(excess: Int, passes: Bool) {
        var frames = EmptyFrames()
        var last = true
        for _ in 0..<(EmptyFrames.limit + excess) { last = frames.admits(now: .seconds(7)) }
        #expect(last == passes)
    }

    @Test func `one frame a second is always admitted`() {
        var frames = EmptyFrames()
        for second in 0..<3_600 {
            let passes = frames.admits(now: .seconds(second))
            #expect(passes)
        }
    }

    @Test func `a new window begins after the old one ends`() {
        var frames = EmptyFrames()
        for _ in 0...EmptyFrames.limit { _ = frames.admits(now: .zero) }
        let early = frames.admits(now: EmptyFrames.window - .nanoseconds(1))
        let late = frames.admits(now: EmptyFrames.window)
        #expect(!early && late)
    }

    @Test func `the count starts again on the next connection`() {
        var fixture = SessionFixture(live: "a")
        for _ in 0..<EmptyFrames.limit {
            #expect(fixture.session.receivedEmptyFrame(now: fixture.now) == [])
        }
        _ = fixture.closed(4200)
        #expect(fixture.session.receivedEmptyFrame(now: fixture.now) == [])
        _ = fixture.at(0)
        _ = fixture.establish("2.2")
        for _ in 0..<EmptyFrames.limit {
            #expect(fixture.session.receivedEmptyFrame(now: fixture.now) == [])
        }
        #expect(fixture.session.receivedEmptyFrame(now: fixture.now).first == .endLink(code: 1002))
    }
}
