// SPDX-License-Identifier: MIT

import PasserelleNet

/// Limits the request rate of each address by a bucket of `burst` requests that is refilled at
/// `rate` per second.
///
/// Stores only the time at which a bucket will be full again (the generic cell rate algorithm).
/// Holds at most `addressLimit` buckets. Beyond that, the least recently used half is dropped; a
/// dropped bucket starts full again.
struct RateLimiter: Sendable {
    /// The maximum number of remembered addresses.
    static let addressLimit = 65_536

    private let interval: Duration
    private let burst: Duration
    private let limit: Int
    /// The times at which the buckets are full again: of recently active addresses, and of older
    /// ones.
    private var recentDeadlines: [PeerAddress: Duration] = [:]
    private var olderDeadlines: [PeerAddress: Duration] = [:]

    /// Allows `rate` requests per second and `burst` at once; values below 1 count as 1.
    init(rate: Int, burst: Int, addressLimit: Int = RateLimiter.addressLimit) {
        interval = .nanoseconds(max(1, 1_000_000_000 / Int64(max(1, rate))))
        self.burst = interval * Double(max(1, min(burst, 1_000_000_000)))
        limit = max(2, addressLimit)
    }

    /// Counts a request of an address; returns `nil` if it is allowed, else the time until the next
    /// one is.
    mutating func acquire(for address: PeerAddress, at now: Duration) -> Duration? {
        let known = recentDeadlines[address] ?? olderDeadlines[address] ?? now
        let full = max(known, now) + interval
        guard full - now <= burst else { return full - now - burst }
        note(full, of: address)
        return nil
    }

    /// Charges a request's additional cost.
    ///
    /// The address must wait for it before its next request. The debt is at most `maximumDelay`.
    mutating func charge(_ cost: Int, to address: PeerAddress, at now: Duration) {
        guard cost > 0 else { return }
        let known = max(recentDeadlines[address] ?? olderDeadlines[address] ?? now, now)
        let most = max(known, now + burst + Self.maximumDelay)
        let charge = interval * Double(min(cost, 1_000_000_000))
        note(min(known + charge, most), of: address)
    }

    /// The maximum time that an address waits if it owes more than its burst.
    static let maximumDelay: Duration = .seconds(60)

    /// The number of addresses held.
    var count: Int { recentDeadlines.count + olderDeadlines.count }

    private mutating func note(_ full: Duration, of address: PeerAddress) {
        if recentDeadlines[address] == nil {
            olderDeadlines[address] = nil
            if recentDeadlines.count >= limit / 2 {
                olderDeadlines = recentDeadlines
                recentDeadlines = [:]
            }
        }
        recentDeadlines[address] = full
    }
}

/// The additional cost of a request, charged to its client's rate besides the one for the request
/// itself.
enum RequestCost {
    /// The number of channels in a request that cost one more.
    static let channels = 10
    /// The number of bytes of an answer that cost one more.
    static let bytes = 16_384

    /// One for every ten channels, and one for each that was not held before, since it must be
    /// subscribed.
    static func of(channels count: Int, new: Int) -> Int { count / channels + new }

    /// One for every 16 KiB of the answer.
    static func of(bytes count: Int) -> Int { count / bytes }
}
