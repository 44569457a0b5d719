// SPDX-License-Identifier: MIT
import PasserelleWire

/// The messages and requests that the demo's application has stored, as its database would.
///
/// A message is stored before it is published, so a page that missed its event finds it here.
struct DemoRecords {
    /// Records that are kept; the oldest is dropped first.
    static let limit = 200
    /// Ids of deleted messages that are kept.
    static let deletedLimit = 200

    /// One message or request: the event and the data that were published last for it.
    struct Record: Equatable {
        let id: String
        /// The time at which it was first stored (RFC 3339).
        let time: String
        let event: String
        let data: [UInt8]
    }

    /// In the order in which they were first stored.
    private(set) var records: [Record] = []
    /// The ids of the messages deleted last.
    private(set) var deleted: [String] = []

    /// Stores what an event says; an event without an id changes nothing.
    mutating func take(_ event: String, data: [UInt8], at time: String) {
        guard let fields = JSONObject(data) else { return }
        switch event {
        case "new-message":
            guard let id = fields.object("message")?.text("id") else { return }
            put(Record(id: id, time: time, event: event, data: data))
        case "new-request", "request-updated":
            guard let id = fields.object("request")?.text("id") else { return }
            put(Record(id: id, time: time, event: event, data: data))
        case "message-deleted":
            guard let id = fields.text("messageId") else { return }
            records.removeAll { $0.id == id && $0.event == "new-message" }
            deleted.removeAll { $0 == id }
            deleted.append(id)
            if deleted.count > Self.deletedLimit { deleted.removeFirst() }
        default: break
        }
    }

    /// Replaces the record with the same id in its place, or appends a new one.
    private mutating func put(_ record: Record) {
        if let place = records.firstIndex(where: { $0.id == record.id }) {
            records[place] = Record(
                id: record.id, time: records[place].time, event: record.event, data: record.data)
            return
        }
        records.append(record)
        if records.count > Self.limit { records.removeFirst() }
    }

    /// All records, oldest first, and the deleted ids, as one JSON object.
    var json: JSONObjectWriter {
        let list = records.map { record -> JSONObjectWriter in
            ["time": record.time, "event": record.event, "data": RawJSON(record.data)]
        }
        return ["records": list, "deleted": deleted]
    }
}
