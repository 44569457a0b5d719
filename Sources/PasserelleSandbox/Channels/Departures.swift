// SPDX-License-Identifier: MIT

/// Departures with a delayed webhook, which is canceled if the client returns in time.
struct Departures: Equatable {
    private var waiting: [(event: WebhookEvent, due: Duration)] = []

    /// True if no departure is pending.
    var isEmpty: Bool { waiting.isEmpty }

    /// Adds a departure; they must be added in the order of their due times.
    mutating func add(_ event: WebhookEvent, due: Duration) {
        waiting.append((event, due))
    }

    /// Cancels a departure; returns false if it was not pending.
    mutating func cancel(_ event: WebhookEvent) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.event == event }) else { return false }
        waiting.remove(at: place)
        return true
    }

    /// Removes and returns the departures that are due.
    mutating func due(now: Duration) -> [WebhookEvent] {
        let count = waiting.prefix { $0.due <= now }.count
        defer { waiting.removeFirst(count) }
        return waiting.prefix(count).map(\.event)
    }

    /// True if the same departures are due at the same times.
    static func == (a: Departures, b: Departures) -> Bool {
        a.waiting.elementsEqual(b.waiting) { $0.event == $1.event && $0.due == $1.due }
    }
}
