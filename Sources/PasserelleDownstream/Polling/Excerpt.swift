// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// A bounded run of events as the items of a JSON array: what a poll and a `HISTORY` tell.
struct Excerpt {
    /// The event objects, with commas between them.
    private(set) var json: [UInt8] = []
    private(set) var count = 0
    /// What is told by it.
    private(set) var told = Deliveries()
    /// True when a gap is among them.
    private(set) var hasGap = false
    /// True when more can be read at once.
    private(set) var hasMore = false

    /// Reads on from a cursor until nothing is left or one more event would pass `limit` or
    /// `bytes`; only a first event that is larger by itself is told all the same.
    ///
    /// Holes come first and do not count: whoever asks for one event at a time would hear of them
    /// again and again.
    init(from cursor: inout Cursor, limit: Int, bytes: Int, desk: Desk) {
        var events = 0
        while true {
            let before = cursor
            guard let entry = desk.hub.next(&cursor, at: desk.loop.now) else { return }
            // Whoever reads excerpts is told the members beside them.
            if case .snapshot = entry { continue }
            let form = desk.encoder.form(of: entry, at: cursor.sequence, now: desk.now.wall)
            if case .gap = entry {
            } else {
                guard events < limit, events == 0 || json.count + 1 + form.json.count <= bytes
                else {
                    cursor = before
                    hasMore = true
                    return
                }
                events += 1
            }
            if count > 0 { json.append(UInt8(ascii: ",")) }
            json += form.bytes[form.json]
            count += 1
            told.told(entry)
            hasGap = hasGap || entry.isGap
        }
    }
}

extension Entry {
    /// True for a gap, whether it stands in the log or in front of it.
    fileprivate var isGap: Bool {
        switch self {
        case .gap: true
        case .event(let event): if case .gap = event.content { true } else { false }
        case .snapshot, .refusal: false
        }
    }
}
