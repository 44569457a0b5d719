// SPDX-License-Identifier: MIT

/// The revoked users and the times of revocation; earlier authorizations are invalid.
///
/// A user is revoked everywhere or on single channels. Ids are compared byte by byte.
package struct Revocations: Sendable {
    /// How long a revocation is remembered if tokens are accepted: the longest validity that
    /// `passerelle token` allows.
    package static let tokenLifetime: Duration = .seconds(366 * 86_400)

    /// The time of a revocation.
    package struct Mark: Sendable {
        /// The number in the order in which calls and requests begin.
        let order: UInt64
        /// The time on the steady clock.
        let steady: Duration
        /// The wall-clock time, in milliseconds since 1970.
        let wall: Int64
    }

    /// The tolerated lead of the token issuer's clock, in milliseconds.
    package static let leeway: Int64 = 5_000

    private struct User {
        var everywhere: Mark?
        var channels: [String: Mark] = [:]

        var count: Int { channels.count + (everywhere == nil ? 0 : 1) }
        var marks: [Mark] { channels.values + (everywhere.map { [$0] } ?? []) }
    }

    private let limit: Int
    private let lifetime: Int64
    private var users: [[UInt8]: User] = [:]
    /// The number of remembered revocations.
    package private(set) var count = 0
    /// The earliest time at which a revocation may be dropped, in milliseconds since 1970.
    private var nextExpiry = Int64.min

    /// Creates a store for at most `limit` revocations, each kept for `lifetime`.
    package init(limit: Int, lifetime: Duration = Revocations.tokenLifetime) {
        self.limit = limit
        self.lifetime = lifetime.components.seconds * 1000
    }

    /// Revokes a user on a channel or everywhere; returns `false` without a change if the limit is
    /// reached.
    package mutating func revoke(_ userID: String, channel: String?, at mark: Mark) -> Bool {
        let key = Array(userID.utf8)
        var user = users[key] ?? User()
        let before = user.count
        if let channel {
            user.channels[channel] = mark
        } else {
            // A state file is read from its newest revocation to its oldest.
            user.channels = user.channels.filter { $0.value.wall > mark.wall }
            user.everywhere = mark
        }
        if count - before + user.count > limit { forget(at: mark.wall) }
        guard count - before + user.count <= limit else { return false }
        count += user.count - before
        users[key] = user
        return true
    }

    /// Returns true if the user was revoked on one of these channels after the number `order`.
    package func isRevoked(
        _ userID: String, on channels: [String], after order: UInt64
    ) -> Bool {
        marks(of: userID, on: channels).contains { $0.order > order }
    }

    /// Returns true if the user was revoked on one of these channels at the time `steady` or later.
    package func isRevoked(
        _ userID: String, on channels: [String], since steady: Duration
    ) -> Bool {
        marks(of: userID, on: channels).contains { $0.steady >= steady }
    }

    /// Returns true if a user's token for these channels was issued before the user was revoked.
    ///
    /// `issued` and `now` are in milliseconds since 1970. A token without `issued` counts as issued
    /// before. So does one issued later than `now` plus the leeway, since its issuer's clock is
    /// wrong.
    package func covers(
        tokenOf userID: String, on channels: [String], issued: Int64?, at now: Int64
    ) -> Bool {
        let marks = marks(of: userID, on: channels)
        guard let issued, issued - Self.leeway <= now else { return !marks.isEmpty }
        return marks.contains { $0.wall >= issued }
    }

    /// Calls `body` with each remembered revocation, to write it to a file.
    package func forEach(_ body: (_ userID: String, _ channel: String?, _ wall: Int64) -> Void) {
        for (key, user) in users {
            let userID = String(decoding: key, as: UTF8.self)
            if let mark = user.everywhere { body(userID, nil, mark.wall) }
            for (channel, mark) in user.channels { body(userID, channel, mark.wall) }
        }
    }

    private func marks(of userID: String, on channels: [String]) -> [Mark] {
        guard !users.isEmpty, let user = users[Array(userID.utf8)] else { return [] }
        return channels.compactMap { user.channels[$0] } + (user.everywhere.map { [$0] } ?? [])
    }

    /// Drops revocations older than `lifetime`; examines all of them, therefore only if one has
    /// expired.
    private mutating func forget(at wall: Int64) {
        guard wall >= nextExpiry else { return }
        users = users.compactMapValues { user in
            var user = user
            user.channels = user.channels.filter { wall - $0.value.wall < lifetime }
            if let mark = user.everywhere, wall - mark.wall >= lifetime { user.everywhere = nil }
            return user.count > 0 ? user : nil
        }
        count = users.values.reduce(0) { $0 + $1.count }
        let oldest = users.values.lazy.flatMap(\.marks).map(\.wall).min()
        nextExpiry = oldest.map { $0 + lifetime } ?? .min
    }
}

extension Revocations.Mark {
    /// Creates a mark for a revocation of an earlier process; only tokens can be older than it.
    package init(restoredFrom wall: Int64) {
        self.init(order: 0, steady: .seconds(Int64.min / 2), wall: wall)
    }
}
