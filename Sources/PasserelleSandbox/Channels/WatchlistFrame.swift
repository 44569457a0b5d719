// SPDX-License-Identifier: MIT

import PasserelleWire

/// The frame that reports which users of a watchlist are online.
enum WatchlistFrame {
    /// Returns the frame without empty lists; `nil` if both are empty.
    static func encoded(online: [String], offline: [String]) -> [UInt8]? {
        var events: [[UInt8]] = []
        for (name, ids) in [("online", online), ("offline", offline)] where !ids.isEmpty {
            var event = JSONObjectWriter()
            event.member("name", name)
            event.member("user_ids", json: JSONWriter.array(of: ids))
            events.append(event.finished())
        }
        guard !events.isEmpty else { return nil }
        var data = JSONObjectWriter()
        data.member("events", json: JSONWriter.array(events))
        var frame = JSONObjectWriter()
        frame.member("event", "pusher_internal:watchlist_events")
        frame.member("data", json: data.finished())
        return frame.finished()
    }
}
