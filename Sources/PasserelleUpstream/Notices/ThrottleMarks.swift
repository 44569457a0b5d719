// SPDX-License-Identifier: MIT

/// One recipient of one channel: whom the throttle is about.
package struct NoticePair: Hashable, Sendable {
    package let channel: String
    package let userID: String

    package init(channel: String, userID: String) {
        self.channel = channel
        self.userID = userID
    }
}

/// When each recipient last heard of each channel, for as long as that keeps them from more.
package struct ThrottleMarks: Sendable {
    /// Marks held at once; with more the oldest is forgotten, the one nearest to its end.
    package static let limit = 100_000

    private var times: [NoticePair: Duration] = [:]
    /// Marks in the order of their times; one that was set anew stands in it twice.
    private var order: [(pair: NoticePair, at: Duration)] = []
    private var first = 0
    private let throttle: Duration

    package init(throttle: Duration) {
        self.throttle = throttle
    }

    package var count: Int { times.count }

    /// Every mark with its time.
    package var all: [(pair: NoticePair, at: Duration)] { times.map { ($0.key, $0.value) } }

    /// When the last notice was, as far as it is remembered.
    package func time(of pair: NoticePair) -> Duration? { times[pair] }

    /// Whether the last notice is so near that no other may follow.
    package func holds(_ pair: NoticePair, at now: Duration) -> Bool {
        guard let time = times[pair] else { return false }
        return now - time < throttle
    }

    /// A notice goes out, or may have gone out.
    package mutating func set(_ pair: NoticePair, at time: Duration, now: Duration) {
        forgetOld(at: now)
        times[pair] = time
        order.append((pair, time))
        while times.count > Self.limit || order.count - first > 2 * Self.limit { forgetFirst() }
    }

    /// The notice did not go out after all.
    package mutating func remove(_ pair: NoticePair) {
        times[pair] = nil
    }

    private mutating func forgetOld(at now: Duration) {
        while first < order.count, now - order[first].at >= throttle { forgetFirst() }
    }

    private mutating func forgetFirst() {
        guard first < order.count else { return }
        let entry = order[first]
        if times[entry.pair] == entry.at { times[entry.pair] = nil }
        first += 1
        if first > 1_024, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
