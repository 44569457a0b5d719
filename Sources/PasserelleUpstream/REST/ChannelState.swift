// SPDX-License-Identifier: MIT

/// What Channels says of one channel.
package struct ChannelState: Equatable {
    /// Whether anybody is subscribed.
    package let isOccupied: Bool
    /// How many users are present; `nil` where that was not asked or does not apply.
    package let userCount: Int?
    /// How many connections are subscribed; `nil` where that was not asked or does not apply.
    package let subscriptionCount: Int?

    /// A channel in this state.
    package init(isOccupied: Bool, userCount: Int? = nil, subscriptionCount: Int? = nil) {
        self.isOccupied = isOccupied
        self.userCount = userCount
        self.subscriptionCount = subscriptionCount
    }
}
