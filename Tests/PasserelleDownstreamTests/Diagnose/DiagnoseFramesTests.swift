// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleDownstream

/// The times of a test stream's frames.
struct DiagnoseFramesTests {
    /// Returns the milliseconds of each frame and of the end, since the beginning.
    private func times(seconds: Int) -> (frames: [Int64], end: Int64) {
        let began: Duration = .seconds(1_000)
        var frames = DiagnoseFrames(seconds: seconds, at: began)
        var sent: [Int64] = []
        while true {
            let now = frames.next
            let (seconds, attoseconds) = (now - began).components
            let time = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
            switch frames.action(at: now) {
            case .end: return (sent, time)
            case .send(let number):
                #expect(number == sent.count)
                sent.append(time)
            }
        }
    }

    @Test func `ten frames follow each other quickly, then one every 15 s until the end`() {
        let (frames, end) = times(seconds: 70)
        let burst: [Int64] = [0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800]
        #expect(frames == burst + [15_000, 30_000, 45_000, 60_000])
        #expect(end == 70_000)
    }

    @Test func `a short stream ends between two frames`() {
        #expect(times(seconds: 1).frames == [0, 200, 400, 600, 800])
        #expect(times(seconds: 1).end == 1_000)
        #expect(times(seconds: 15).frames.count == DiagnoseFrames.burst)
    }

    @Test(
        arguments: [
            (DiagnoseFrames.longest - 1, 74_000), (DiagnoseFrames.longest, 75_000),
            (DiagnoseFrames.longest + 1, 75_000), (Int.max, 75_000), (1, 1_000), (0, 1_000),
            (-1, 1_000),
        ] as [(Int, Int64)])
    func `the length of a stream is bounded`(seconds: Int, end: Int64) {
        #expect(times(seconds: seconds).end == end)
    }

    @Test func `an action that is late ends the stream if its time is over`() {
        var frames = DiagnoseFrames(seconds: 3, at: .zero)
        #expect(frames.action(at: .milliseconds(2_999)) == .send(0))
        #expect(frames.action(at: .seconds(3)) == .end)
        #expect(frames.action(at: .seconds(9)) == .end)
    }
}
