// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// What came on all channels behind a place in the log: the newest of it.
///
/// It is looked for in the logs when somebody asks, so that an event that comes costs nothing more.
struct ConsoleEvents {
    /// Events that a tick tells, and those that a new console is told: as many as its page keeps.
    static let limit = 50
    static let freshLimit = 100
    /// Bytes of an event's data that are shown, where content is.
    static let dataBytes = 1024
    /// Bytes of an event's name, and of a user's id.
    static let nameBytes = 200

    /// In the order in which they came.
    let events: [Event]
    /// How many more of them are held.
    let more: Int

    /// Looks at every channel; those without news cost a comparison each.
    init(_ hub: Hub, after sequence: UInt64, limit: Int = Self.limit) {
        var newest = Largest<Event>(limit) { $0.sequence > $1.sequence }
        var found = 0
        for channel in hub.channels.values {
            Self.offer(channel.log, after: sequence, to: &newest, &found)
            Self.offer(channel.ephemera, after: sequence, to: &newest, &found)
        }
        events = newest.elements.reversed()
        more = found - events.count
    }

    private static func offer(
        _ log: EventLog, after sequence: UInt64, to newest: inout Largest<Event>,
        _ found: inout Int
    ) {
        guard let last = log.newest, last.sequence > sequence else { return }
        let first = log.index(after: sequence)
        found += log.count - first
        for index in stride(from: log.count - 1, through: first, by: -1) {
            // Whatever lies before one that is too old is older still.
            guard newest.offer(log[index]) else { return }
        }
    }

    /// The events as a JSON array: names and sizes, and with `showsContent` the data's beginning.
    func json(in hub: Hub, showsContent: Bool) -> [UInt8] {
        var json = [UInt8(ascii: "[")]
        for (index, event) in events.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json += Self.object(
                event, at: hub.position(at: event.sequence), showsContent: showsContent)
        }
        json.append(UInt8(ascii: "]"))
        return json
    }

    private static func object(
        _ event: Event, at position: Position, showsContent: Bool
    ) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("id", position.text)
        object.member("time", event.time.text)
        object.member("channel", event.channel)
        if case .tombstone = event.content {
            object.member("retracted", true)
            return object.finished()
        }
        let data = event.content.data
        let name = ConsoleText(event.content.name, limit: nameBytes)
        object.member("event", textOf: name.bytes)
        object.member("size", data.count)
        if let user = event.content.subject {
            object.member("user_id", textOf: ConsoleText(user, limit: nameBytes).bytes)
        }
        if let remark = event.content.remark { object.member("remark", remark) }
        if showsContent {
            let text = ConsoleText(data, limit: dataBytes)
            object.member("data", textOf: text.bytes)
            if text.isCut { object.member("cut", true) }
        }
        return object.finished()
    }
}

extension Event.Content {
    /// The user who said it, or whom it is about.
    fileprivate var subject: String? {
        switch self {
        case .message(_, _, let userID): userID
        case .memberAdded(let member): member.userID
        case .memberRemoved(let userID): userID
        case .refused, .gap, .tombstone: nil
        }
    }

    /// What the gateway itself has to say of it: a gap's reason, a refusal's status.
    fileprivate var remark: String? {
        switch self {
        case .gap(let gap): gap.reason.rawValue
        case .refused(let status, _): String(status)
        case .message, .memberAdded, .memberRemoved, .tombstone: nil
        }
    }
}
