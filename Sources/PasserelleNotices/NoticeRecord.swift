// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleUpstream
import PasserelleWire

/// A line of the notice store: a JSON object; later lines override earlier ones.
package enum NoticeRecord: Equatable, Sendable {
    /// A notice of the message at `place` is about to be sent.
    case sending(ChannelUser, WallTime, place: String)
    /// The notice was sent.
    case sent(ChannelUser, WallTime, place: String)
    /// The notice was not sent after all.
    case unsent(ChannelUser)
    /// A message, or at least one of its notices, is pending.
    case pending(NoticeMessage)
    /// The message at this `place` is finished.
    case settled(String)

    /// Bytes of the longest line accepted.
    package static let lineBytes = 262_144

    /// The record as a line, including its LF.
    package var line: [UInt8] {
        let object: JSONObjectWriter =
            switch self {
            case .sending(let pair, let time, let place):
                [
                    "sending": time.milliseconds, "channel": pair.channel, "user_id": pair.userID,
                    "place": place,
                ]
            case .sent(let pair, let time, let place):
                [
                    "sent": time.milliseconds, "channel": pair.channel, "user_id": pair.userID,
                    "place": place,
                ]
            case .unsent(let pair):
                ["unsent": true, "channel": pair.channel, "user_id": pair.userID]
            case .pending(let message): message.json
            case .settled(let place): ["settled": place]
            }
        return object.finished() + [0x0A]
    }

    /// Parses a line without its LF; `nil` if it is invalid, such as a torn last line.
    package init?(line: [UInt8]) {
        guard line.count <= Self.lineBytes, let object = JSONObject(line) else { return nil }
        if let place = object.text("settled") {
            self = .settled(place)
        } else if let time = object.time("pending") {
            guard let message = NoticeMessage(object, receivedAt: time) else { return nil }
            self = .pending(message)
        } else if let channel = object.text("channel"), let userID = object.text("user_id") {
            let pair = ChannelUser(channel, userID)
            let place = object.text("place") ?? ""
            if let time = object.time("sending") {
                self = .sending(pair, time, place: place)
            } else if let time = object.time("sent") {
                self = .sent(pair, time, place: place)
            } else if object["unsent"] != nil {
                self = .unsent(pair)
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    /// Parses the lines of a file, and returns the number of invalid ones.
    package static func read(_ bytes: [UInt8]) -> (records: [NoticeRecord], bad: Int) {
        let lines = bytes.split(separator: 0x0A)
        let records = lines.compactMap { NoticeRecord(line: Array($0)) }
        return (records, lines.count - records.count)
    }
}

extension JSONObject {
    fileprivate func time(_ name: String) -> WallTime? {
        guard let number = integer(name), (0...253_402_300_799_999).contains(number) else {
            return nil
        }
        return WallTime(milliseconds: Int64(number))
    }
}

extension NoticeMessage {
    fileprivate var json: JSONObjectWriter {
        let named: [String]? = if case .named(let ids) = recipients { ids } else { nil }
        return [
            "pending": receivedAt.milliseconds, "channel": channel, "identity": identity,
            "id": id, "key": key, "sender": senderID, "name": senderName, "preview": preview,
            "recipients": named,
        ]
    }

    fileprivate init?(_ line: JSONObject, receivedAt: WallTime) {
        let recipients = line.texts("recipients")
        guard let channel = line.text("channel"), let identity = line.text("identity"),
            line["recipients"] == nil || recipients != nil
        else { return nil }
        self.init(
            channel: channel, identity: identity, id: line.text("id"), key: line.text("key"),
            senderID: line.text("sender"), senderName: line.text("name"),
            preview: line.text("preview"),
            recipients: recipients.map { .named($0) } ?? .everyone,
            receivedAt: receivedAt)
    }
}

/// Persistent storage of the notices' state.
package struct NoticeStore {
    /// Appends bytes; calls `done` on the loop when they are stored or storing them has failed.
    package var append: (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void
    /// Replaces the whole content.
    package var replace: (_ bytes: [UInt8]) -> Void
    /// Waits until everything is stored, for a short time.
    package var wait: () -> Void = {}

    package init(
        append: @escaping (_ bytes: [UInt8], _ done: @escaping () -> Void) -> Void,
        replace: @escaping (_ bytes: [UInt8]) -> Void
    ) {
        self.append = append
        self.replace = replace
    }
}
