// SPDX-License-Identifier: MIT

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
