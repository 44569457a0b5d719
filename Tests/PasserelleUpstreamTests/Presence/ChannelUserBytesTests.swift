// SPDX-License-Identifier: MIT

@testable import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests users with ids that look the same but differ in their bytes.
struct ChannelUserBytesTests {
    private static let pairs = [("zo\u{E9}", "zoe\u{301}"), ("K", "\u{212A}")]

    @Test(arguments: pairs)
    func `they are present separately`(one: String, other: String) {
        let (first, second) = (ChannelUser("presence-a", one), ChannelUser("presence-a", other))
        #expect(first != second && Set([first, second, first]).count == 2)
        #expect((first < second) != (second < first))
        var tracker = PresenceTracker()
        #expect(tracker.joined(first, now: .zero) == true)
        #expect(tracker.joined(second, now: .zero) == true)
        #expect(tracker.count == 2)
    }

    @Test(arguments: pairs)
    func `neither may sign an event as the other`(one: String, other: String) throws {
        var data = Array(#"{"userId":"#.utf8)
        JSONWriter.string(other, into: &data)
        data.append(UInt8(ascii: "}"))
        #expect(throws: ClientEventData.Refusal.anotherUser) {
            try ClientEventData.signed(data, as: one)
        }
        #expect(try ClientEventData.signed(data, as: other) == data)
    }
}
