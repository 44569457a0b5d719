// SPDX-License-Identifier: MIT

/// Decides which web hook is sent next, and which again.
///
/// One at a time, in order, but one that failed lets the others go first: it is tried again after
/// 1, 2, 4, 8… seconds (60 at most), and given up five minutes after it was noted.
struct WebhookOutbox {
    /// One body on its way.
    struct Delivery: Equatable {
        /// What is sent.
        let body: [UInt8]
        /// When it was taken in.
        let noted: Duration
        fileprivate(set) var attempts = 0
        fileprivate(set) var due: Duration
    }

    /// How long a web hook is worth trying.
    static let lifetime = Duration.seconds(300)
    /// How many wait; one more is dropped.
    static let limit = 1000

    private var waiting: [Delivery] = []
    private var underWay: Delivery?

    /// Takes in a body; false when too many wait already.
    mutating func add(_ body: [UInt8], now: Duration) -> Bool {
        guard waiting.count < Self.limit else { return false }
        waiting.append(Delivery(body: body, noted: now, due: now))
        return true
    }

    /// Gives the body to be sent now, unless another is under way or none is due.
    mutating func next(now: Duration) -> [UInt8]? {
        guard underWay == nil, let place = waiting.firstIndex(where: { $0.due <= now }) else {
            return nil
        }
        underWay = waiting.remove(at: place)
        return underWay?.body
    }

    /// When `next` has something to give, unless something else happens first.
    var nextDue: Duration? { underWay == nil ? waiting.lazy.map(\.due).min() : nil }

    /// Notes the answer to the body under way, `nil` for none; false when it was given up.
    mutating func answered(status: Int?, now: Duration) -> Bool {
        guard var delivery = underWay else { return true }
        underWay = nil
        if let status, (200...299).contains(status) { return true }
        delivery.due = now + .seconds(min(60, 1 << min(delivery.attempts, 6)))
        delivery.attempts += 1
        guard delivery.due - delivery.noted <= Self.lifetime else { return false }
        waiting.append(delivery)
        return true
    }
}
