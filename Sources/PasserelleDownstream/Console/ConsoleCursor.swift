// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// Where one console stands in the log, and what it is told next.
struct ConsoleCursor: Equatable {
    /// Retractions that wait to be told; with more, the console is told everything anew.
    static let retractionLimit = 100

    /// Up to where it was told.
    private(set) var sequence: UInt64 = 0
    /// True where what comes next stands in the place of all that its page shows, since that may
    /// have been taken back without its knowing.
    private(set) var isFresh = true
    /// What it was told and has been taken back since.
    private(set) var retracted: [UInt64] = []

    /// Notes what was taken back; answers whether the console may have been told some of it.
    @discardableResult
    mutating func took(back sequences: Set<UInt64>) -> Bool {
        let known = sequences.filter { $0 <= sequence }
        guard !known.isEmpty else { return false }
        if !isFresh { retracted += known.sorted() }
        if retracted.count > Self.retractionLimit {
            beginAnew()
        }
        return true
    }

    /// Has everything that is held told next, in the place of all that was told before.
    mutating func beginAnew() {
        isFresh = true
        retracted = []
    }

    /// The frame with everything that the console lacks, which it then has; `nil` where it lacks
    /// nothing.
    mutating func next(in hub: Hub, showsContent: Bool) -> [UInt8]? {
        guard isFresh || sequence < hub.sequence || !retracted.isEmpty else { return nil }
        let news =
            isFresh
            ? ConsoleEvents(hub, after: 0, limit: ConsoleEvents.freshLimit)
            : ConsoleEvents(hub, after: sequence)
        var object = JSONObjectWriter()
        object.member("fresh", isFresh)
        object.member("more", news.more)
        object.member("retracted", json: Self.positions(of: retracted, in: hub))
        object.member("events", json: news.json(in: hub, showsContent: showsContent))
        sequence = hub.sequence
        isFresh = false
        retracted = []
        var frame: [UInt8] = []
        EventStreamWriter.event(
            id: nil, name: "events", data: object.finished(), into: &frame)
        return frame
    }

    private static func positions(of sequences: [UInt64], in hub: Hub) -> [UInt8] {
        let texts = sequences.map { "\"\(hub.position(at: $0).text)\"" }
        return Array("[\(texts.joined(separator: ","))]".utf8)
    }
}
