// SPDX-License-Identifier: MIT

/// A search for channels without readers that found too few.
struct ChannelSearch {
    /// The interval in which a search is not repeated.
    static let interval: Duration = .seconds(1)
    /// The interval if a channel has lost its last reader since.
    static let shortInterval: Duration = .milliseconds(50)

    let time: Duration
    /// `Hub.channelsLeftWithoutReaders` at that time.
    let channelsLeftWithoutReaders: UInt64
    /// The number of evictable channels.
    let found: Int

    /// Returns true if another search cannot be expected to find `excess` channels.
    func isKnownToFail(for excess: Int, at now: Duration, _ channelsLeftWithoutReaders: UInt64)
        -> Bool
    {
        let interval =
            channelsLeftWithoutReaders == self.channelsLeftWithoutReaders
            ? Self.interval : Self.shortInterval
        return excess > found && now - time < interval
    }
}
