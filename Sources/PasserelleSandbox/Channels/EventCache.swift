// SPDX-License-Identifier: MIT

/// The last event of each cache channel, until it expires.
struct EventCache: Equatable {
    /// A cached event.
    struct Entry: Equatable {
        /// The event's name.
        let name: String
        /// The JSON string token published by the application.
        let data: [UInt8]
        /// The time at which it expires.
        let until: Duration
    }

    /// The maximum number of cached channels; the one that would expire first is evicted.
    static let limit = 1000

    /// The lifetime of an event.
    var lifetime = Duration.seconds(1800)
    private var entries: [String: Entry] = [:]

    /// Stores an event, replacing the channel's previous one.
    mutating func remember(_ channel: String, name: String, data: [UInt8], now: Duration) {
        entries[channel] = Entry(name: name, data: data, until: now + lifetime)
        guard entries.count > Self.limit else { return }
        if let oldest = entries.min(by: { $0.value.until < $1.value.until }) {
            entries[oldest.key] = nil
        }
    }

    /// The event for a new subscriber of the channel; `nil` if there is none or it has expired.
    func entry(_ channel: String, now: Duration) -> Entry? {
        guard let entry = entries[channel], entry.until > now else { return nil }
        return entry
    }
}
