// SPDX-License-Identifier: MIT

/// The frame that tells a signed-in user who of a watch list is online.
enum WatchlistFrame {
    /// Gives the frame; an empty list is left out of it, and two empty ones give no frame.
    static func encoded(online: [String], offline: [String]) -> [UInt8]? {
        var events: [[UInt8]] = []
        for (name, ids) in [("online", online), ("offline", offline)] where !ids.isEmpty {
            var event = JSONObject()
            event.add("name", name)
            event.add("user_ids", raw: JSONObject.array(of: ids))
            events.append(event.bytes)
        }
        guard !events.isEmpty else { return nil }
        var data = JSONObject()
        data.add("events", raw: JSONObject.array(events))
        var frame = JSONObject()
        frame.add("event", "pusher_internal:watchlist_events")
        frame.add("data", raw: data.bytes)
        return frame.bytes
    }
}
