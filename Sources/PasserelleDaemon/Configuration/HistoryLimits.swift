// SPDX-License-Identifier: MIT

/// How much one channel's log holds; the bound that is reached first counts.
package struct HistoryLimits: Sendable, Equatable {
    /// The most events.
    package var events: Int
    /// The most bytes of their encoded form.
    package var bytes: Int
    /// How old an event may be.
    package var age: Duration

    /// Bounds by number, size and age.
    package init(events: Int = 512, bytes: Int = 1 << 20, age: Duration = .seconds(3_600)) {
        self.events = events
        self.bytes = bytes
        self.age = age
    }
}
