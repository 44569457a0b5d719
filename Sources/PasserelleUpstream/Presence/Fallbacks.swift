// SPDX-License-Identifier: MIT

/// Knows whom Channels refuses and why, and decides which of it is worth a log line.
///
/// That is the first refusal of a kind and the end of the last one; everything between is counted.
package struct Fallbacks {
    /// What Channels has no room for, or does not allow.
    package enum Kind: Hashable, Sendable {
        /// A further connection.
        case connection(code: Int)
        /// A further member of a channel.
        case subscription(channel: String, status: Int)
    }

    /// What stands about one kind of refusal.
    package struct State: Equatable, Sendable {
        /// Channels' words at the first refusal.
        package let message: String
        /// Users who are not members because of it, each channel counted.
        package internal(set) var users = 0
        /// Refusals since it began.
        package internal(set) var refusals: UInt64 = 0
    }

    /// A kind of refusal that is over, and how often it came.
    package struct Ended: Equatable, Sendable {
        package let kind: Kind
        package let refusals: UInt64
    }

    /// What there is now.
    package private(set) var states: [Kind: State] = [:]
    private var kinds: [Attendee: Kind] = [:]

    package init() {}

    /// Users who are not members because Channels refuses them, each channel counted.
    package var count: Int { kinds.count }

    /// A user was refused; answers whether that is news, and what is over by it.
    package mutating func fellBack(
        _ attendee: Attendee, _ refusal: DelegatePool.Refusal
    ) -> (isNews: Bool, ended: Ended?) {
        let (kind, message) = Self.kind(of: refusal, on: attendee.channel)
        let isNews = states[kind] == nil
        var state = states[kind] ?? State(message: message)
        state.refusals += 1
        if kinds[attendee] != kind { state.users += 1 }
        states[kind] = state
        let ended = kinds[attendee] == kind ? nil : settled(attendee)
        kinds[attendee] = kind
        return (isNews, ended)
    }

    /// A user is a member, or is not to be one any more; answers what is over by it.
    package mutating func settled(_ attendee: Attendee) -> Ended? {
        guard let kind = kinds.removeValue(forKey: attendee), var state = states[kind] else {
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
