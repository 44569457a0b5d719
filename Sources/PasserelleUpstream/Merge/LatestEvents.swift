// SPDX-License-Identifier: MIT

import PasserelleWire

/// The events that Channels sends to each connection by itself: the number of subscriptions, the
/// cached event of a cache channel, and the note that there is none.
///
/// They are no copies of one message, so that occurrences cannot be counted: an equal one is
/// dropped.
struct LatestEvents {
    /// Hashes, since the events themselves can be large.
    private var cached: [String: Int] = [:]
    /// The subscriptions that may still bring the cached event, for each connection.
    private var awaiting: [Set<String>] = [[], []]

    /// Records that a channel is subscribed while the other connection is; a cache channel may now
    /// send its cached event.
    mutating func subscribed(_ channel: String, on side: UpstreamMerge.Side) {
        guard Self.isCache(channel) else { return }
        awaiting[side.rawValue].insert(channel)
    }

    /// Returns whether an event is news, or `nil` if it is an ordinary one.
    ///
    /// Set `isAlone` if no other connection is subscribed to its channel, and `isLeading` if the
    /// numbers of subscriptions are taken from this one.
    mutating func isNews(
        _ report: UpstreamSession.Report, from side: UpstreamMerge.Side, isAlone: Bool,
        isLeading: Bool
    ) -> Bool? {
        guard case .event(let channel, let name, let data, _) = report else { return nil }
        switch name {
        case "pusher:subscription_count": return isLeading
        case "pusher:cache_miss":
            awaiting[side.rawValue].remove(channel)
            return isAlone
        default: return isCached(channel, name, data, from: side, isAlone: isAlone)
        }
    }

    private mutating func isCached(
        _ channel: String, _ name: String, _ data: [UInt8], from side: UpstreamMerge.Side,
        isAlone: Bool
    ) -> Bool? {
        guard Self.isCache(channel) else { return nil }
        var hasher = Hasher()
        hasher.combine(name)
        hasher.combine(data)
        let hash = hasher.finalize()
        defer { cached[channel] = hash }
        guard awaiting[side.rawValue].remove(channel) != nil, !isAlone else { return nil }
        return cached[channel] == hash ? false : nil
    }

    /// Records that a connection has joined a channel: what it brings now was published now.
    mutating func joined(_ channel: String, on side: UpstreamMerge.Side) {
        awaiting[side.rawValue].remove(channel)
    }

    /// Forgets a channel.
    mutating func remove(_ channel: String) {
        cached[channel] = nil
        for index in awaiting.indices { awaiting[index].remove(channel) }
    }

    /// True for `cache-…`, `private-cache-…`, `presence-cache-…` and encrypted ones.
    private static func isCache(_ channel: String) -> Bool {
        ["cache-", "private-cache-", "presence-cache-", "private-encrypted-cache-"]
            .contains { channel.hasPrefix($0) }
    }
}
