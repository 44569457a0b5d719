// SPDX-License-Identifier: MIT

import PasserelleNet

/// Who was admitted and stays for a while: a stream, or a poll that waits.
protocol Staying: AnyObject {
    /// They must go at once, and are told why.
    func end(for reason: Denial)
}

/// One reader's right to stay, which the door watches over.
final class Stay {
    let id: AuthChecks.StayID
    /// What the route is asked again.
    let keys: [AuthChecks.Key]
    /// Until the token ends, or the route's word on one who waits is no longer fresh.
    var timer: TimerToken?
    private weak var reader: (any Staying)?
    private unowned let door: Door

    init(id: AuthChecks.StayID, keys: [AuthChecks.Key], reader: any Staying, door: Door) {
        self.id = id
        self.keys = keys
        self.reader = reader
        self.door = door
    }

    /// Tells the reader to go, and why.
    func deny(_ reason: Denial) {
        reader?.end(for: reason)
    }

    /// The reader has ended.
    func end() {
        door.ended(self)
    }
}
