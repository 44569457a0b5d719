// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The position of one console in the log, and the next frame for it.
struct ConsoleCursor: Equatable {
    /// Retractions that may wait for the next frame; if there are more, the next frame is fresh.
    static let retractionLimit = 100

    /// The sequence number up to which the console has received events.
    private(set) var sequence: UInt64 = 0
    /// True if the next frame replaces everything that the page shows, since the page may show a
    /// message that was retracted unknown to this cursor.
    private(set) var isFresh = true
    /// Events that the console has received and that were retracted since.
    private(set) var retracted: [UInt64] = []

    /// Records retracted events; returns true if the console may have received some of them.
    @discardableResult
    mutating func retract(events sequences: Set<UInt64>) -> Bool {
        let known = sequences.filter { $0 <= sequence }
        guard !known.isEmpty else { return false }
        if !isFresh { retracted += known.sorted() }
        if retracted.count > Self.retractionLimit {
            reset()
        }
        return true
    }

    /// Makes the next frame contain everything that is held and replace all earlier ones.
    mutating func reset() {
        isFresh = true
        retracted = []
    }

    /// Returns the frame with everything that the console lacks and advances past it; `nil` if the
    /// console is up to date.
    mutating func next(in hub: Hub, showsContent: Bool) -> [UInt8]? {
        guard isFresh || sequence < hub.sequence || !retracted.isEmpty else { return nil }
        let news =
            isFresh
            ? ConsoleEvents(hub, after: 0, limit: ConsoleEvents.freshLimit)
            : ConsoleEvents(hub, after: sequence)
        let object: JSONObjectWriter = [
            "fresh": isFresh, "more": news.more,
            "retracted": retracted.map { hub.position(at: $0).text },
            "events": news.json(in: hub, showsContent: showsContent),
        ]
        sequence = hub.sequence
        isFresh = false
        retracted = []
        var frame: [UInt8] = []
        EventStreamWriter.event(
            id: nil, name: "events", data: object.finished(), into: &frame)
        return frame
    }
}
