// SPDX-License-Identifier: MIT

/// Eviction of channels, if others need their places.
extension Hub {
    /// Returns the number of channels that `evictChannels` could drop, up to `enough`.
    ///
    /// If there are not enough, this examines each candidate; O(channels).
    package func evictableChannels(
        upTo enough: Int, among names: [String]? = nil, onlyPublic: Bool = false,
        sparing spared: [String] = []
    ) -> Int {
        guard enough > 0 else { return 0 }
        var count = 0
        let spared = Set(spared)
        forEachEvictable(among: names, onlyPublic: onlyPublic, sparing: spared) { _ in
            count += 1
            return count < enough
        }
        return count
    }

    /// Drops up to `count` channels before their time, and returns the number dropped.
    ///
    /// Drops only channels without readers: public ones first, and of each kind the ones that were
    /// read longest ago. If `names` is given, only those channels are candidates; `onlyPublic`
    /// limits them to public ones; `spared` are kept. Examines each candidate; O(channels).
    @discardableResult
    package func evictChannels(
        _ count: Int, among names: [String]? = nil, onlyPublic: Bool = false,
        sparing spared: [String] = [], at now: Moment
    ) -> Int {
        guard count > 0 else { return 0 }
        var candidates: [(isPublic: Bool, lastRead: Duration, channel: Channel)] = []
        forEachEvictable(among: names, onlyPublic: onlyPublic, sparing: Set(spared)) { channel in
            candidates.append((channel.isPublic, channel.lastRead, channel))
            return true
        }
        candidates.sort {
            $0.isPublic == $1.isPublic ? $0.lastRead < $1.lastRead : $0.isPublic
        }
        for candidate in candidates.prefix(count) { drop(candidate.channel, at: now) }
        return min(count, candidates.count)
    }

    /// Calls `body` with each channel that can be dropped, until `body` returns `false`.
    private func forEachEvictable(
        among names: [String]?, onlyPublic: Bool, sparing spared: Set<String>,
        _ body: (Channel) -> Bool
    ) {
        func isEvictable(_ channel: Channel) -> Bool {
            channel.isUnread && (!onlyPublic || channel.isPublic) && !spared.contains(channel.name)
        }
        if let names {
            for name in names {
                guard let channel = channels[name], isEvictable(channel) else { continue }
                guard body(channel) else { return }
            }
        } else {
            for channel in channels.values where isEvictable(channel) {
                guard body(channel) else { return }
            }
        }
    }

    /// Unsubscribes a channel and drops its entries.
    ///
    /// If a reader later resumes at a position on it, the reader receives a gap.
    private func drop(_ channel: Channel, at now: Moment) {
        giveUp(channel, at: now)
        if channel.wasSubscribed {
            logBytes -= channel.bytes
            counters.evictedWithChannel += UInt64(channel.log.count)
            channel.log = EventLog()
            channel.ephemeralEvents = EventLog()
            channel.keys = MessageIndex()
            if channel.horizon.sequence < sequence {
                channel.horizon = Channel.Horizon(sequence: sequence, reason: .evicted)
            }
            noteHorizon(of: channel, at: now)
        }
        channel.update = nil
        counters.channelsEvicted += 1
        forget(channel, at: now)
    }
}

extension Channel {
    /// True if the channel can be dropped without loss for a current reader.
    fileprivate var isUnread: Bool { readers.isEmpty && !isPinned && delegated.isEmpty }
}
