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

/// The last failed searches: one of all channels, one of public ones, and one per client.
struct ChannelSearches {
    /// The maximum number of remembered searches.
    static let limit = 1_024

    private var searches: [ChannelShortage.Scope: ChannelSearch] = [:]

    /// The number of remembered searches.
    var count: Int { searches.count }

    subscript(scope: ChannelShortage.Scope) -> ChannelSearch? {
        get { searches[scope] }
        set { searches[scope] = newValue }
    }

    /// Remembers a search; removes expired ones if the limit is reached.
    mutating func note(_ search: ChannelSearch, in scope: ChannelShortage.Scope) {
        if searches.count >= Self.limit {
            searches = searches.filter { search.time - $0.value.time < ChannelSearch.interval }
            if searches.count >= Self.limit { searches = [:] }
        }
        searches[scope] = search
    }
}
