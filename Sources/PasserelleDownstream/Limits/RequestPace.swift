// SPDX-License-Identifier: MIT

import PasserelleNet

/// Decides who asks too often: each address has a bucket that holds `burst` requests and is filled
/// by `rate` a second.
///
/// Of a bucket only the time is kept at which it will be full again (the generic cell rate
/// algorithm). At most `addressLimit` are held: of more, those that were longest not asked by are
/// forgotten, half of them at once, and begin full.
struct RequestPace: Sendable {
    /// Addresses that are remembered.
    static let addressLimit = 65_536

    private let interval: Duration
    private let burst: Duration
    private let limit: Int
    /// When the buckets are full again: those that were asked by of late, and those before.
    private var young: [PeerAddress: Duration] = [:]
    private var old: [PeerAddress: Duration] = [:]

    /// `rate` requests a second, `burst` at once; neither is less than 1.
    init(rate: Int, burst: Int, addressLimit: Int = RequestPace.addressLimit) {
        interval = .nanoseconds(max(1, 1_000_000_000 / Int64(max(1, rate))))
        self.burst = interval * Double(max(1, min(burst, 1_000_000_000)))
        limit = max(2, addressLimit)
    }

    /// An address asked: gives `nil` where it may, else how long it must wait until it may again.
    mutating func asked(by address: PeerAddress, at now: Duration) -> Duration? {
        let known = young[address] ?? old[address] ?? now
        let full = max(known, now) + interval
        guard full - now <= burst else { return full - now - burst }
        note(full, of: address)
        return nil
    }

    /// Addresses that are held.
    var count: Int { young.count + old.count }

    private mutating func note(_ full: Duration, of address: PeerAddress) {
        if young[address] == nil {
            old[address] = nil
            if young.count >= limit / 2 {
                old = young
                young = [:]
            }
        }
        young[address] = full
    }
}
