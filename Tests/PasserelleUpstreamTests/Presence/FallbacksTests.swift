// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleUpstream

struct FallbacksTests {
    private let a1 = ChannelUser("presence-a", "1")
    private let a2 = ChannelUser("presence-a", "2")
    private let b1 = ChannelUser("presence-b", "1")
    private let full = DelegatePool.Refusal.subscription(status: 4100, message: "full")
    private let quota = DelegatePool.Refusal.connection(code: 4004, message: "quota")

    @Test func `the first refusal of a kind is new, others are counted until no user is refused`() {
        var fallbacks = Fallbacks()
        #expect(fallbacks.fellBack(a1, full) == (true, nil))
        #expect(fallbacks.fellBack(a2, full) == (false, nil))
        // Retried, and refused again.
        #expect(fallbacks.fellBack(a1, full) == (false, nil))
        // Another channel is another kind.
        #expect(fallbacks.fellBack(b1, full) == (true, nil))
        let onA = Fallbacks.Kind.subscription(channel: "presence-a", status: 4100)
        #expect(fallbacks.states[onA]?.users == 2)
        #expect(fallbacks.states[onA]?.refusals == 3)
        #expect(fallbacks.states[onA]?.message == "full")
        #expect(fallbacks.count == 3)
        #expect(fallbacks.clearRefusal(a1) == nil)
        #expect(fallbacks.clearRefusal(a1) == nil)
        #expect(fallbacks.clearRefusal(a2) == Fallbacks.Ended(kind: onA, refusals: 3))
        #expect(fallbacks.count == 1)
        #expect(fallbacks.fellBack(a2, full) == (true, nil))
    }

    @Test func `a user that is refused for another reason counts for that reason only`() {
        var fallbacks = Fallbacks()
        #expect(fallbacks.fellBack(a1, quota) == (true, nil))
        let kind = Fallbacks.Kind.connection(code: 4004)
        #expect(
            fallbacks.fellBack(a1, full) == (true, Fallbacks.Ended(kind: kind, refusals: 1)))
        #expect(fallbacks.states.count == 1)
        #expect(fallbacks.count == 1)
    }

    @Test func `a user that was never refused ends no kind`() {
        var fallbacks = Fallbacks()
        #expect(fallbacks.clearRefusal(a1) == nil)
    }
}

private func == (
    left: (isFirstFallback: Bool, ended: Fallbacks.Ended?), right: (Bool, Fallbacks.Ended?)
) -> Bool {
    left.isFirstFallback == right.0 && left.ended == right.1
}
