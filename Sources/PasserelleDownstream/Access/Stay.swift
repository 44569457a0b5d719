// SPDX-License-Identifier: MIT

import PasserelleNet

/// One open stream's right to stay, which the door watches over.
final class Stay {
    let id: AuthChecks.StayID
    /// What the route is asked again.
    let keys: [AuthChecks.Key]
    /// Until the token ends.
    var timer: TimerToken?
    private weak var reader: StreamReader?
    private unowned let door: Door

    init(id: AuthChecks.StayID, keys: [AuthChecks.Key], reader: StreamReader, door: Door) {
        self.id = id
        self.keys = keys
        self.reader = reader
        self.door = door
    }

    /// Tells the stream that it must go, and why.
    func deny(_ reason: Denial) {
        reader?.end(for: reason)
    }

    /// The stream has ended.
    func end() {
        door.ended(self)
    }
}
