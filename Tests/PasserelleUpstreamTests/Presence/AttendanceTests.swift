// SPDX-License-Identifier: MIT

import PasserelleUpstream
import Testing

struct AttendanceTests {
    private let anne = Attendee("presence-a", "anne")
    private let bob = Attendee("presence-a", "bob")

    @Test func `several readers of one user are one presence, until ten seconds after the last`() {
        var attendance = Attendance()
        #expect(attendance.joined(anne, now: .seconds(0)) == true)
        #expect(attendance.joined(anne, now: .seconds(1)) == false)
        attendance.left(anne, now: .seconds(2))
        #expect(attendance.deadline == nil)
        #expect(attendance.timePassed(now: .seconds(100)) == [])
        attendance.left(anne, now: .seconds(100))
        #expect(attendance.deadline == .seconds(110))
        #expect(attendance.timePassed(now: .milliseconds(109_999)) == [])
        #expect(attendance.timePassed(now: .seconds(110)) == [anne])
        #expect(!attendance.contains(anne))
        #expect(attendance.deadline == nil)
    }

    @Test func `a user who comes back within the grace period was never away`() {
        var attendance = Attendance()
        #expect(attendance.joined(anne, now: .seconds(0)) == true)
        attendance.left(anne, now: .seconds(5))
        #expect(attendance.joined(anne, now: .seconds(14)) == false)
        #expect(attendance.timePassed(now: .seconds(15)) == [])
        attendance.left(anne, now: .seconds(20))
        #expect(attendance.timePassed(now: .seconds(29)) == [])
        #expect(attendance.timePassed(now: .seconds(30)) == [anne])
    }

    @Test func `a poll keeps its user present for a minute, and the next one for another`() {
        var attendance = Attendance()
        #expect(attendance.polled(anne, now: .seconds(0)) == true)
        #expect(attendance.polled(anne, now: .seconds(30)) == false)
        #expect(attendance.timePassed(now: .seconds(60)) == [])
        #expect(attendance.deadline == .seconds(90))
        #expect(attendance.timePassed(now: .seconds(89)) == [])
        #expect(attendance.timePassed(now: .seconds(90)) == [anne])
    }

    @Test func `the longer of two grace periods counts`() {
        var attendance = Attendance()
        _ = attendance.polled(anne, now: .seconds(0))
        _ = attendance.joined(anne, now: .seconds(1))
        attendance.left(anne, now: .seconds(2))
        #expect(attendance.timePassed(now: .seconds(59)) == [])
        #expect(attendance.timePassed(now: .seconds(60)) == [anne])
    }

    @Test func `users go in the order of their deadlines`() {
        var attendance = Attendance()
        _ = attendance.polled(bob, now: .seconds(0))
        _ = attendance.joined(anne, now: .seconds(0))
        attendance.left(anne, now: .seconds(1))
        #expect(attendance.deadline == .seconds(11))
        #expect(attendance.timePassed(now: .seconds(61)) == [anne, bob])
        #expect(attendance.count == 0)
    }

    @Test func `a departure of nobody is nothing`() {
        var attendance = Attendance()
        attendance.left(anne, now: .seconds(1))
        #expect(attendance.count == 0)
        #expect(attendance.deadline == nil)
    }

    @Test
    func `what the latest reader says of its user counts, and who says nothing changes nothing`() {
        var attendance = Attendance()
        let older = Array(#"{"name":"Anne"}"#.utf8)
        let newer = Array(#"{"name":"Anne B."}"#.utf8)
        #expect(attendance.userInfo(of: anne) == nil)
        _ = attendance.joined(anne, userInfo: older, now: .seconds(0))
        _ = attendance.polled(anne, userInfo: nil, now: .seconds(0))
        #expect(attendance.userInfo(of: anne) == older)
        #expect(attendance.joined(anne, userInfo: newer, now: .seconds(1)) == false)
        attendance.left(anne, now: .seconds(2))
        #expect(attendance.userInfo(of: anne) == newer)
        _ = attendance.polled(anne, userInfo: older, now: .seconds(3))
        #expect(attendance.userInfo(of: anne) == older)
        #expect(attendance.userInfo(of: bob) == nil)
        // Who was away for longer than the grace period begins anew.
        attendance.left(anne, now: .seconds(3))
        #expect(attendance.timePassed(now: .seconds(100)) == [anne])
        _ = attendance.joined(anne, now: .seconds(101))
        #expect(attendance.userInfo(of: anne) == nil)
    }
}
