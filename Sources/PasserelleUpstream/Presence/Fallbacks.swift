// SPDX-License-Identifier: MIT

/// Tracks the users that Channels refuses as members, and decides which refusals to log.
///
/// The first refusal of a kind is logged, and the end of the last one. Those between are counted.
package struct Fallbacks {
    /// The resource that Channels refuses.
    package enum Kind: Hashable, Sendable {
        /// A further connection.
        case connection(code: Int)
        /// A further member of a channel.
        case subscription(channel: String, status: Int)
    }

    /// The state of one kind of refusal.
    package struct State: Equatable, Sendable {
        /// Channels' message at the first refusal.
        package let message: String
        /// Users who are not members for this reason, counted once per channel.
        package internal(set) var users = 0
        /// Refusals since this kind began.
        package internal(set) var refusals: UInt64 = 0
    }

    /// A kind of refusal that has ended, and its number of refusals.
    package struct Ended: Equatable, Sendable {
        package let kind: Kind
        package let refusals: UInt64
    }

    /// The current kinds of refusal.
    package private(set) var states: [Kind: State] = [:]
    private var kinds: [ChannelUser: Kind] = [:]

    /// Users who are not members because of a refusal, counted once per channel.
    package var count: Int { kinds.count }

    /// Records the refusal of a user; returns whether its kind is new, and the kind that it ends.
    package mutating func fellBack(
        _ user: ChannelUser, _ refusal: DelegatePool.Refusal
    ) -> (isFirstFallback: Bool, ended: Ended?) {
        let (kind, message) = Self.kind(of: refusal, on: user.channel)
        let isFirstFallback = states[kind] == nil
        var state = states[kind] ?? State(message: message)
        state.refusals += 1
        if kinds[user] != kind { state.users += 1 }
        states[kind] = state
        let ended = kinds[user] == kind ? nil : clearRefusal(user)
        kinds[user] = kind
        return (isFirstFallback, ended)
    }

    /// Records that a user is a member, or is no longer wanted; returns the kind that it ends.
    package mutating func clearRefusal(_ user: ChannelUser) -> Ended? {
        guard let kind = kinds.removeValue(forKey: user), var state = states[kind] else {
            return nil
        }
        state.users -= 1
        states[kind] = state.users > 0 ? state : nil
        return state.users > 0 ? nil : Ended(kind: kind, refusals: state.refusals)
    }

    private static func kind(
        of refusal: DelegatePool.Refusal, on channel: String
    ) -> (Kind, String) {
        switch refusal {
        case .subscription(let status, let message):
            (.subscription(channel: channel, status: status), message)
        case .connection(let code, let message): (.connection(code: code), message)
        }
    }
}
