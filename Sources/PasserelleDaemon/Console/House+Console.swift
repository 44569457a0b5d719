// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleUpstream

extension House {
    /// What the console tells of Channels and of this program.
    var facts: GatewayFacts {
        let status = upstream.status
        var facts = GatewayFacts()
        facts.version = Version.text
        facts.upstream = status.state.rawValue
        facts.since = status.since
        facts.lost = status.lost
        facts.attempts = status.attempts
        facts.connections = status.connections
        facts.messages = status.messages
        facts.lastEvent = status.lastEvent
        return facts
    }
}
