// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleWire

/// The newest events of all channels after a position in the log.
///
/// They are collected from the logs on request, so that an arriving event costs nothing extra.
struct ConsoleEvents {
    /// Events per tick, and events for a new console: as many as its page keeps.
    static let limit = 50
    static let freshLimit = 100
    /// Bytes of an event's data that are shown if the console shows content.
    static let dataBytes = 1024
    /// Bytes of an event's name, and of a user's id, that are shown.
    static let nameBytes = 200

    /// In order of arrival.
    let events: [Event]
    /// The number of older events that are held but not included.
    let more: Int

    /// Examines every channel; a channel without newer events costs one comparison.
    init(_ hub: Hub, after sequence: UInt64, limit: Int = Self.limit) {
        var newest = LargestElements<Event>(limit) { $0.sequence > $1.sequence }
        var found = 0
        for channel in hub.channels.values {
            Self.offer(channel.log, after: sequence, to: &newest, &found)
            Self.offer(channel.ephemeralEvents, after: sequence, to: &newest, &found)
        }
        events = newest.elements.reversed()
        more = found - events.count
    }

    private static func offer(
        _ log: EventLog, after sequence: UInt64, to newest: inout LargestElements<Event>,
        _ found: inout Int
    ) {
        guard let last = log.newest, last.sequence > sequence else { return }
        let first = log.index(after: sequence)
        found += log.count - first
        for index in stride(from: log.count - 1, through: first, by: -1) {
            // All events before a refused one are older still.
            guard newest.offer(log[index]) else { return }
        }
    }

    /// Returns the events as a JSON array, with the beginning of the data if `showsContent`.
    func json(in hub: Hub, showsContent: Bool) -> [JSONObjectWriter] {
        events.map {
            Self.object($0, at: hub.position(at: $0.sequence), showsContent: showsContent)
        }
    }

    private static func object(
        _ event: Event, at position: Position, showsContent: Bool
    ) -> JSONObjectWriter {
        var object: JSONObjectWriter = [
            "id": position.text, "time": event.time.text, "channel": event.channel,
        ]
        if case .tombstone = event.content {
            object.member("retracted", true)
            return object
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
        return object
    }
}

extension Event.Content {
    /// The user that sent the event, or the member that joined or left.
    fileprivate var subject: String? {
        switch self {
        case .message(_, _, let userID): userID
        case .memberAdded(let member): member.userID
        case .memberRemoved(let userID): userID
        case .refused, .gap, .tombstone: nil
        }
    }

    /// The gateway's own annotation: a gap's reason, a refusal's status.
    fileprivate var remark: String? {
        switch self {
        case .gap(let gap): gap.reason.rawValue
        case .refused(let status, _): String(status)
        case .message, .memberAdded, .memberRemoved, .tombstone: nil
        }
    }
}
