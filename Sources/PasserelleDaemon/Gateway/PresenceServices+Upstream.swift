// SPDX-License-Identifier: MIT

import PasserelleWire
import PasserelleDownstream
package import PasserelleUpstream

extension PresenceServices {
    /// Passes the users of Downstream to Upstream, which makes them members.
    ///
    /// Exactly one of `delegation` and `localReaders` is set.
    package init(
        delegation: PresenceDelegate?, localReaders: LocalPresence?, clientEvents: ClientEvents
    ) {
        self.init()
        if let localReaders {
            joined = { localReaders.joined($0, as: $1.userID) }
            left = { localReaders.left($0, as: $1) }
            polled = { localReaders.polled($0, as: $1.userID) }
        }
        revoked = { channel, userID in
            // Events that wait for a membership must not be sent without it.
            clientEvents.revoked(userID, on: channel)
            localReaders?.revoked(userID, on: channel)
            delegation?.revoked(userID, on: channel)
        }
        if let delegation {
            joined = { delegation.joined($0, as: $1.userID, userInfo: $1.userInfo) }
            left = { delegation.left($0, as: $1) }
            polled = { delegation.polled($0, as: $1.userID, userInfo: $1.userInfo) }
        }
        send = clientEvents.send
    }
}
