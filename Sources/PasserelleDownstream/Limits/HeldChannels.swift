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

/// The client that requests channels.
struct Requester {
    /// The client to which the held channels are charged; `nil` if they are not counted.
    var holder: HeldChannels.Client?
    /// The client and connection peer to which the request's cost is charged; `nil` if there is no
    /// cost.
    var chargedClient: (client: PeerAddress, peer: PeerAddress)?
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
