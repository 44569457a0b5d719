// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleUpstream

/// The time of each recipient's last notice per channel, kept while it throttles further ones.
package struct ThrottleMarks: Sendable {
    /// The maximum number of marks; beyond it the oldest is dropped, which would expire first.
    package static let limit = 100_000

    private var times: [ChannelUser: Duration] = [:]
    /// Marks in the order of their times; a mark that was set again is listed twice.
    private var order = FIFOQueue<(pair: ChannelUser, at: Duration)>()
    private let throttle: Duration

    package init(throttle: Duration) {
        self.throttle = throttle
    }

    package var count: Int { times.count }

    /// Every mark with its time.
    package var all: [(pair: ChannelUser, at: Duration)] { times.map { ($0.key, $0.value) } }

    /// The time of the last notice, if it is still remembered.
    package func time(of pair: ChannelUser) -> Duration? { times[pair] }

    /// True if the last notice is so recent that another one must not follow.
    package func holds(_ pair: ChannelUser, at now: Duration) -> Bool {
        guard let time = times[pair] else { return false }
        return now - time < throttle
    }

    /// Marks a notice that is sent or may have been sent.
    package mutating func set(_ pair: ChannelUser, at time: Duration, now: Duration) {
        forgetOld(at: now)
        times[pair] = time
        order.append((pair, time))
        while times.count > Self.limit || order.count > 2 * Self.limit { forgetFirst() }
    }

    /// Removes the mark of a notice that was not sent after all.
    package mutating func remove(_ pair: ChannelUser) {
        times[pair] = nil
    }

    private mutating func forgetOld(at now: Duration) {
        while let first = order.first, now - first.at >= throttle { forgetFirst() }
    }

    private mutating func forgetFirst() {
        guard let entry = order.popFirst() else { return }
        if times[entry.pair] == entry.at { times[entry.pair] = nil }
    }
}
