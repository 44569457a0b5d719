// SPDX-License-Identifier: MIT

/// What an earlier life of the gateway has left: what a hub begins with.
package struct RestoredPast {
    /// One channel as it was.
    package struct Channel {
        package let name: String
        /// True once Channels had answered a subscription.
        package let wasHeard: Bool
        package let horizon: PasserelleHub.Channel.Horizon
        /// The held entries, in rising order, with a gap wherever some are missing.
        package let events: [Event]
        /// Since when it is not heard, as far as that is known: never too late.
        package let since: WallTime?
    }

    /// The lives before; `nil` where there were none.
    package let epochs: EpochLine?
    /// The last sequence number that is known to have been given out.
    package let sequence: UInt64
    /// When the gateway was alive last, as far as that is known.
    package let time: WallTime?
    package let channels: [Channel]
    package let seenMembers: SeenMembers
}

extension Hub {
    /// Builds a hub that goes on where an earlier life ended.
    ///
    /// A new epoch begins; every position that the past knows stays good. No channel is heard, and
    /// each that was has one gap to come, once it is heard again.
    package convenience init(
        restoring past: RestoredPast, epoch: UInt64, configuration: HubConfiguration,
        at now: Moment
    ) {
        let line = past.epochs?.continued(by: epoch, after: past.sequence) ?? EpochLine(epoch)
        self.init(epochs: line, configuration: configuration, restoring: past, at: now)
    }

    /// Takes over a channel of an earlier life.
    func restore(_ restored: RestoredPast.Channel, at now: Moment) {
        let channel = channel(named: restored.name, now: now.steady)
        channel.horizon = restored.horizon
        channel.wasHeard = restored.wasHeard
        channel.hasFormerMembers = restored.wasHeard
        channel.subscription = .idle(since: restored.since, reason: .restart)
        for event in restored.events {
            channel.log.append(event)
            if let key = event.key { channel.keys.add(key, at: event.sequence) }
        }
        logBytes += channel.log.bytes
        for seen in seenMembers.members(of: restored.name) where seen.isPresent {
            channel.members.insert(seen.member)
        }
        evict(channel, now: now.steady)
    }
}
