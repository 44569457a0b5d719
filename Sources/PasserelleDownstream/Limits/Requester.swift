// SPDX-License-Identifier: MIT

import PasserelleNet

/// The client that requests channels.
struct Requester {
    /// The client to which the held channels are charged; `nil` if they are not counted.
    var holder: HeldChannels.Client?
    /// The client and connection peer to which the request's cost is charged; `nil` if there is no
    /// cost.
    var chargedClient: (client: PeerAddress, peer: PeerAddress)?
}
