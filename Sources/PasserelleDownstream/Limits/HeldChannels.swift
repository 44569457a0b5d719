// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// The client that first requested each held channel, so that each client has a share.
struct HeldChannels {
    /// A client: its user if the gateway has verified it, else its address.
    enum Client: Hashable {
        case user(ByteKey)
        case address(PeerAddress)
        /// A local user at the Unix socket, by its uid.
        case localUser(UInt32)
    }

    private var clients: [String: Client] = [:]
    private var names: [Client: Set<String>] = [:]

    /// Returns the number of channels that a client holds.
    func count(of client: Client) -> Int { names[client]?.count ?? 0 }

    /// Returns the channels that a client holds, in no particular order.
    func names(of client: Client) -> [String] { names[client].map(Array.init) ?? [] }

    /// Charges a held channel to the client that requested it.
    mutating func add(_ name: String, for client: Client) {
        guard clients[name] == nil else { return }
        clients[name] = client
        names[client, default: []].insert(name)
    }

    /// Removes a channel that is no longer held.
    mutating func remove(_ name: String) {
        guard let client = clients.removeValue(forKey: name) else { return }
        names[client]?.remove(name)
        if names[client]?.isEmpty == true { names[client] = nil }
    }

    /// The number of remembered clients and channels.
    var remembered: (clients: Int, channels: Int) { (names.count, clients.count) }
}

/// The client that requests channels.
struct Requester {
    /// The client to which the held channels are charged; `nil` if they are not counted.
    var holder: HeldChannels.Client?
    /// The client and connection peer to which the request's cost is charged; `nil` if there is no
    /// cost.
    var chargedClient: (client: PeerAddress, peer: PeerAddress)?
}

extension HTTPConnection {
    /// The client of the current request; it is the user if the gateway has verified it, else the
    /// address.
    func requester(_ context: DownstreamContext, user: String?) -> Requester {
        let checked = context.authenticator == nil ? nil : user
        return Requester(
            holder: context.quotas.holder(from, through: link.peer, user: checked),
            chargedClient: (from, link.peer))
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

/// A limit on held channels that new channels would exceed.
struct ChannelShortage {
    /// The channels to which the limit applies.
    enum Scope: Hashable {
        case client(HeldChannels.Client)
        case publicChannels
        case allChannels
    }

    let scope: Scope
    /// How many channels must be evicted.
    let excess: Int
    let limit: Int
}
