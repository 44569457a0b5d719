// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// A bounded run of events as the items of a JSON array: the events of a poll or a `HISTORY`.
struct HistoryPage {
    /// The event objects, with commas between them.
    private(set) var items = AnswerBody()
    private(set) var count = 0
    /// The entries in the page, for the delivery counters.
    private(set) var delivered = Deliveries()
    /// True if the page contains a gap.
    private(set) var hasGap = false
    /// True if more entries can be read at once.
    private(set) var hasMore = false

    /// Reads from a cursor until it is up to date or an event would exceed `limit` or `bytes`.
    ///
    /// A first event is included even if it exceeds `bytes`. Gaps come first and are not counted:
    /// otherwise a client that requests one event at a time would receive them again and again.
    init(from cursor: inout Cursor, limit: Int, bytes: Int, context: DownstreamContext) {
        var events = 0
        let reader = Recipient(userID: cursor.userID, upstream: context.upstream.state)
        while true {
            let before = cursor
            guard let entry = context.hub.next(&cursor, at: context.loop.now) else { return }
            // The answer has the members beside the events.
            if case .snapshot = entry { continue }
            let form = context.encoder.form(
                of: entry, at: cursor.sequence, for: reader, now: context.now.wall)
            if case .gap = entry {
            } else {
                guard events < limit, events == 0 || items.count + 1 + form.json.count <= bytes
                else {
                    cursor = before
                    hasMore = true
                    return
                }
                events += 1
            }
            if case .event(let event) = entry {
                items.append(event, bytes: form.json.count, isFirst: count == 0)
            } else {
                if count > 0 { items.append([UInt8(ascii: ",")]) }
                items.append(Array(form.bytes[form.json]))
            }
            count += 1
            delivered.delivered(entry)
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
