// SPDX-License-Identifier: MIT

@testable import PasserelleUpstream
import Testing

struct PresenceTrackerTests {
    private let anne = ChannelUser("presence-a", "anne")
    private let bob = ChannelUser("presence-a", "bob")

    @Test func `readers of one user are one presence, until ten seconds after the last one`() {
        var tracker = PresenceTracker()
        #expect(tracker.joined(anne, now: .seconds(0)) == true)
        #expect(tracker.joined(anne, now: .seconds(1)) == false)
        tracker.left(anne, now: .seconds(2))
        #expect(tracker.deadline == nil)
        #expect(tracker.timePassed(now: .seconds(100)) == [])
        tracker.left(anne, now: .seconds(100))
        #expect(tracker.deadline == .seconds(110))
        #expect(tracker.timePassed(now: .milliseconds(109_999)) == [])
        #expect(tracker.timePassed(now: .seconds(110)) == [anne])
        #expect(!tracker.contains(anne))
        #expect(tracker.deadline == nil)
    }

    @Test func `a user that returns within the grace period was never absent`() {
        var tracker = PresenceTracker()
        #expect(tracker.joined(anne, now: .seconds(0)) == true)
        tracker.left(anne, now: .seconds(5))
        #expect(tracker.joined(anne, now: .seconds(14)) == false)
        #expect(tracker.timePassed(now: .seconds(15)) == [])
        tracker.left(anne, now: .seconds(20))
        #expect(tracker.timePassed(now: .seconds(29)) == [])
        #expect(tracker.timePassed(now: .seconds(30)) == [anne])
    }

    @Test func `a poll keeps its user present for a minute, and the next one extends it`() {
        var tracker = PresenceTracker()
        #expect(tracker.polled(anne, now: .seconds(0)) == true)
        #expect(tracker.polled(anne, now: .seconds(30)) == false)
        #expect(tracker.timePassed(now: .seconds(60)) == [])
        #expect(tracker.deadline == .seconds(90))
        #expect(tracker.timePassed(now: .seconds(89)) == [])
        #expect(tracker.timePassed(now: .seconds(90)) == [anne])
    }

    @Test func `the longer of two grace periods counts`() {
        var tracker = PresenceTracker()
        _ = tracker.polled(anne, now: .seconds(0))
        _ = tracker.joined(anne, now: .seconds(1))
        tracker.left(anne, now: .seconds(2))
        #expect(tracker.timePassed(now: .seconds(59)) == [])
        #expect(tracker.timePassed(now: .seconds(60)) == [anne])
    }

    @Test func `a revoked user is absent at once, on one channel or on all`() {
        var tracker = PresenceTracker()
        let elsewhere = ChannelUser("presence-b", "anne")
        _ = tracker.joined(anne, now: .zero)
        tracker.left(anne, now: .zero)
        _ = tracker.polled(elsewhere, now: .zero)
        _ = tracker.polled(bob, now: .zero)
        #expect(tracker.revoked("anne", on: "presence-c") == [])
        #expect(tracker.revoked("anne", on: "presence-b") == [elsewhere])
        #expect(tracker.contains(anne) && !tracker.contains(elsewhere))
        #expect(tracker.polled(elsewhere, now: .seconds(1)) == true)
        #expect(tracker.revoked("anne", on: nil) == [anne, elsewhere])
        #expect(tracker.revoked("anne", on: nil) == [])
        #expect(tracker.count == 1)
        #expect(tracker.timePassed(now: .seconds(60)) == [bob])
        #expect(tracker.revoked("bob", on: nil) == [] && tracker.count == 0)
    }

    @Test func `users become absent in the order of their deadlines`() {
        var tracker = PresenceTracker()
        _ = tracker.polled(bob, now: .seconds(0))
        _ = tracker.joined(anne, now: .seconds(0))
        tracker.left(anne, now: .seconds(1))
        #expect(tracker.deadline == .seconds(11))
        #expect(tracker.timePassed(now: .seconds(61)) == [anne, bob])
        #expect(tracker.count == 0)
    }

    @Test func `a departure of an unknown user is ignored`() {
        var tracker = PresenceTracker()
        tracker.left(anne, now: .seconds(1))
        #expect(tracker.count == 0)
        #expect(tracker.deadline == nil)
    }

    @Test
    func `the latest user_info counts, and a reader without one changes nothing`() {
        var tracker = PresenceTracker()
        let older = Array(#"{"name":"Anne"}"#.utf8)
        let newer = Array(#"{"name":"Anne B."}"#.utf8)
        #expect(tracker.userInfo(of: anne) == nil)
        _ = tracker.joined(anne, userInfo: older, now: .seconds(0))
        _ = tracker.polled(anne, userInfo: nil, now: .seconds(0))
        #expect(tracker.userInfo(of: anne) == older)
        #expect(tracker.joined(anne, userInfo: newer, now: .seconds(1)) == false)
        tracker.left(anne, now: .seconds(2))
        #expect(tracker.userInfo(of: anne) == newer)
        _ = tracker.polled(anne, userInfo: older, now: .seconds(3))
        #expect(tracker.userInfo(of: anne) == older)
        #expect(tracker.userInfo(of: bob) == nil)
        // After the grace period the user starts without user_info.
        tracker.left(anne, now: .seconds(3))
        #expect(tracker.timePassed(now: .seconds(100)) == [anne])
        _ = tracker.joined(anne, now: .seconds(101))
        #expect(tracker.userInfo(of: anne) == nil)
    }
}
