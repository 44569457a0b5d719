// SPDX-License-Identifier: MIT

package import PasserelleNet

/// Who reads here while nobody is made a member for it: what `Delegation` knows where there is one.
///
/// Nothing is to be done when somebody goes, so that it needs no timer: it looks at the time when
/// it is told or asked something.
package final class LocalReaders {
    private let loop: EventLoop
    private var attendance = Attendance()

    /// Builds one that knows of nobody yet.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// A reader of a user came.
    package func joined(_ channels: [String], as userID: String) {
        forgetGone()
        for channel in channels { _ = attendance.joined(Attendee(channel, userID), now: loop.now) }
    }

    /// A reader of a user left.
    package func left(_ channels: [String], as userID: String) {
        for channel in channels { attendance.left(Attendee(channel, userID), now: loop.now) }
        forgetGone()
    }

    /// A user polled, or was answered.
    package func polled(_ channels: [String], as userID: String) {
        forgetGone()
        for channel in channels { _ = attendance.polled(Attendee(channel, userID), now: loop.now) }
    }

    /// Says whether a user reads the channel here, or did within the grace period.
    package func contains(_ attendee: Attendee) -> Bool {
        forgetGone()
        return attendance.contains(attendee)
    }

    private func forgetGone() {
        _ = attendance.timePassed(now: loop.now)
    }
}
