// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Sends what readers say to each other, on the right connection and at Channels' pace.
///
/// Where the user is a member by our doing, their event goes out on their own subscription:
/// Channels stamps it with their id, and the observer hears it like anyone else's. Elsewhere it
/// goes out on the observer's, which Channels does not say it to again: then the hub is told here.
/// Either way the hub hears it once.
package final class ClientEvents {
    /// What became of an event.
    package enum Outcome: Equatable, Sendable {
        /// It went out, or says what was said a moment ago.
        case sent
        /// Too many on the connection; after so long there is room for one.
        case excess(Duration)
        /// Channels is away, or does not tell us this channel now.
        case unavailable
    }

    /// What happened since the start, for `STATUS`.
    package struct Counters: Equatable, Sendable {
        /// Events that went out on a subscription of the user's own.
        package var delegated: UInt64 = 0
        /// Events that went out on the observer's.
        package var observed: UInt64 = 0
        /// Events that only repeated what had just been said.
        package var merged: UInt64 = 0
        /// Events that were too many.
        package var excess: UInt64 = 0
    }

    /// The observer's number among the connections.
    static let observer: DelegatePool.ID = 0
    /// The event whose repetitions are merged.
    package static let typing = "client-typing"

    package private(set) var counters = Counters()
    private let loop: EventLoop
    private let hub: Hub
    private let upstream: Upstream
    private let delegation: Delegation?
    private var pace = ClientEventPace()

    /// `delegation` is `nil` where readers are no members.
    package init(loop: EventLoop, hub: Hub, upstream: Upstream, delegation: Delegation?) {
        self.loop = loop
        self.hub = hub
        self.upstream = upstream
        self.delegation = delegation
    }

    /// Sends an event as a user; `data` is one JSON value on one line, already the user's own.
    package func send(
        _ name: String, data: [UInt8], on channel: String, as userID: String
    ) -> Outcome {
        guard hub.channel(channel)?.isLive ?? false else { return .unavailable }
        let attendee = Attendee(channel, userID)
        let isState = name == Self.typing
        if isState, pace.isRepeated(data, by: attendee, now: loop.now) {
            counters.merged += 1
            return .sent
        }
        let id = delegation?.liveConnection(of: attendee) ?? Self.observer
        if let delay = pace.excess(on: id, now: loop.now) {
            counters.excess += 1
            return .excess(delay)
        }
        guard deliver(name, data, attendee, on: id) else { return .unavailable }
        if isState { pace.told(data, by: attendee, now: loop.now) }
        return .sent
    }

    private func deliver(
        _ name: String, _ data: [UInt8], _ attendee: Attendee, on id: DelegatePool.ID
    ) -> Bool {
        let channel = attendee.channel
        if id != Self.observer {
            let message = ClientMessage.clientEvent(channel: channel, name: name, data: data)
            guard delegation?.send(message, on: id) ?? false else { return false }
            counters.delegated += 1
            return true
        }
        guard upstream.send(clientEvent: name, data: data, on: channel) else { return false }
        counters.observed += 1
        let now = Moment(
            steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
        hub.heard(channel, event: name, data: data, userID: attendee.userID, at: now)
        return true
    }
}
