// SPDX-License-Identifier: MIT

/// The last event of each cache channel, for as long as it is remembered.
struct EventCache: Equatable {
    /// One remembered event.
    struct Entry: Equatable {
        /// The event's name.
        let name: String
        /// The JSON string token that the application published.
        let data: [UInt8]
        /// When it is forgotten.
        let until: Duration
    }

    /// How many channels are remembered; the one that would be forgotten first makes room.
    static let limit = 1000

    /// How long an event is remembered.
    var lifetime = Duration.seconds(1800)
    private var entries: [String: Entry] = [:]

    /// Remembers an event in place of the channel's former one.
    mutating func remember(_ channel: String, name: String, data: [UInt8], now: Duration) {
        entries[channel] = Entry(name: name, data: data, until: now + lifetime)
        guard entries.count > Self.limit else { return }
        if let oldest = entries.min(by: { $0.value.until < $1.value.until }) {
            entries[oldest.key] = nil
        }
    }

    /// Gives what a new subscriber of the channel is to hear, or `nil` when nothing is remembered.
    func entry(_ channel: String, now: Duration) -> Entry? {
        guard let entry = entries[channel], entry.until > now else { return nil }
        return entry
    }
}
