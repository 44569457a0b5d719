// SPDX-License-Identifier: MIT

/// Departures that the web hook will be told of, unless the one who left comes back in time.
struct Departures: Equatable {
    private var waiting: [(event: WebhookEvent, due: Duration)] = []

    /// Whether nothing waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// Notes a departure; they must come in the order in which they are due.
    mutating func add(_ event: WebhookEvent, due: Duration) {
        waiting.append((event, due))
    }

    /// Takes a departure back, and knows whether there was one to take back.
    mutating func cancel(_ event: WebhookEvent) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.event == event }) else { return false }
        waiting.remove(at: place)
        return true
    }

    /// Hands out every departure whose time has come.
    mutating func due(now: Duration) -> [WebhookEvent] {
        let count = waiting.prefix { $0.due <= now }.count
        defer { waiting.removeFirst(count) }
        return waiting.prefix(count).map(\.event)
    }

    /// Whether the same departures are due at the same times.
    static func == (a: Departures, b: Departures) -> Bool {
        a.waiting.elementsEqual(b.waiting) { $0.event == $1.event && $0.due == $1.due }
    }
}
