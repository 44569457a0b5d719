// SPDX-License-Identifier: MIT

import PasserelleNet

/// The queue of webhooks, with retries.
///
/// Bodies are sent one at a time and in order, but a failed one does not delay the others: it is
/// retried after 1, 2, 4, 8… seconds (at most 60), and given up five minutes after it was queued.
struct WebhookOutbox {
    /// A body to be delivered.
    struct Delivery: Equatable {
        /// The bytes sent.
        let body: [UInt8]
        /// The time at which it was queued.
        let queuedAt: Duration
        fileprivate(set) var attempts = 0
        fileprivate(set) var due: Duration
    }

    /// The delay before a failed webhook is retried.
    static let backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    /// How long a webhook is retried.
    static let lifetime = Duration.seconds(300)
    /// The maximum number of queued webhooks; further ones are dropped.
    static let limit = 1000

    private var waiting: [Delivery] = []
    private var underWay: Delivery?

    /// Queues a body; returns false if the queue is full.
    mutating func add(_ body: [UInt8], now: Duration) -> Bool {
        guard waiting.count < Self.limit else { return false }
        waiting.append(Delivery(body: body, queuedAt: now, due: now))
        return true
    }

    /// Returns the body to send now; `nil` if another one is in flight or none is due.
    mutating func next(now: Duration) -> [UInt8]? {
        guard underWay == nil, let place = waiting.firstIndex(where: { $0.due <= now }) else {
            return nil
        }
        underWay = waiting.remove(at: place)
        return underWay?.body
    }

    /// The time at which `next` should be called again.
    var nextDue: Duration? { underWay == nil ? waiting.lazy.map(\.due).min() : nil }

    /// Handles the answer's status, `nil` if there was none; returns false if the body is given up.
    mutating func answered(status: Int?, now: Duration) -> Bool {
        guard var delivery = underWay else { return true }
        underWay = nil
        if let status, (200...299).contains(status) { return true }
        delivery.attempts += 1
        delivery.due = now + Self.backoff.delay(failures: delivery.attempts)
        guard delivery.due - delivery.queuedAt <= Self.lifetime else { return false }
        waiting.append(delivery)
        return true
    }
}
