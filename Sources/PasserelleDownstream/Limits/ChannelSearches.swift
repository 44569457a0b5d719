// SPDX-License-Identifier: MIT

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
