// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

/// One line of what notices keep across restarts: a JSON object, the later one counts.
package enum NoticeRecord: Equatable, Sendable {
    /// A notice of the message at a place is about to go out.
    case sending(NoticePair, WallTime, place: String)
    /// It did go out.
    case sent(NoticePair, WallTime, place: String)
    /// It did not go out after all.
    case unsent(NoticePair)
    /// A message waits, or its notices do.
    case pending(NoticeMessage)
    /// No more of a message, by its `place`.
    case settled(String)

    /// Bytes of the longest line that is read.
    package static let lineBytes = 262_144

    /// The record as a line with its LF.
    package var line: [UInt8] {
        var out = JSONObjectWriter()
        switch self {
        case .sending(let pair, let time, let place):
            out.member("sending", Int(time.milliseconds))
            out.member("channel", pair.channel)
            out.member("user_id", pair.userID)
            out.member("place", place)
        case .sent(let pair, let time, let place):
            out.member("sent", Int(time.milliseconds))
            out.member("channel", pair.channel)
            out.member("user_id", pair.userID)
            out.member("place", place)
        case .unsent(let pair):
            out.member("unsent", true)
            out.member("channel", pair.channel)
            out.member("user_id", pair.userID)
        case .pending(let message): message.write(to: &out)
        case .settled(let place): out.member("settled", place)
        }
        return out.finished() + [0x0A]
    }

    /// Reads a line without its LF; nil for what is none, such as the torn end of a file.
    package init?(line: [UInt8]) {
        guard line.count <= Self.lineBytes, let object = NoticeLine(line) else { return nil }
        if let place = object.text("settled") {
            self = .settled(place)
        } else if let time = object.time("pending") {
            guard let message = NoticeMessage(object, heardAt: time) else { return nil }
            self = .pending(message)
        } else if let channel = object.text("channel"), let userID = object.text("user_id") {
            let pair = NoticePair(channel: channel, userID: userID)
            let place = object.text("place") ?? ""
            if let time = object.time("sending") {
                self = .sending(pair, time, place: place)
            } else if let time = object.time("sent") {
                self = .sent(pair, time, place: place)
            } else if object.has("unsent") {
                self = .unsent(pair)
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    /// Reads a file's lines; gives how many were none.
    package static func read(_ bytes: [UInt8]) -> (records: [NoticeRecord], bad: Int) {
        var records: [NoticeRecord] = []
        var bad = 0
        for line in bytes.split(separator: 0x0A) {
            if let record = NoticeRecord(line: Array(line)) {
                records.append(record)
            } else {
                bad += 1
            }
        }
        return (records, bad)
    }
}

/// One line's object.
private struct NoticeLine {
    private let bytes: [UInt8]
    private let root: JSONSlice

    init?(_ bytes: [UInt8]) {
        guard let root = try? JSONScanner.document(bytes.span), root.kind == .object else {
            return nil
        }
        self.bytes = bytes
        self.root = root
    }

    func has(_ name: String) -> Bool { member(name) != nil }
    func text(_ name: String) -> String? { JSONScanner.text(bytes.span, member(name)) }

    func time(_ name: String) -> WallTime? {
        guard let number = JSONScanner.integer(bytes.span, member(name)),
            (0...253_402_300_799_999).contains(number)
        else { return nil }
        return WallTime(milliseconds: Int64(number))
    }

    func texts(_ name: String) -> [String]? {
        guard let list = member(name), list.kind == .array else { return nil }
        return JSONScanner.elements(bytes.span, of: list).compactMap {
            JSONScanner.text(bytes.span, $0)
        }
    }

    private func member(_ name: String) -> JSONSlice? {
        JSONScanner.member(bytes.span, of: root, named: name)
    }
}

extension NoticeMessage {
    fileprivate func write(to out: inout JSONObjectWriter) {
        out.member("pending", Int(heardAt.milliseconds))
        out.member("channel", channel)
        out.member("identity", identity)
        if let id { out.member("id", id) }
        if let key { out.member("key", key) }
        if let senderID { out.member("sender", senderID) }
        if let senderName { out.member("name", senderName) }
        if let preview { out.member("preview", preview) }
        if case .named(let ids) = recipients {
            var list: [UInt8] = [UInt8(ascii: "[")]
            for id in ids {
                if list.count > 1 { list.append(UInt8(ascii: ",")) }
                JSONWriter.string(id, into: &list)
            }
            out.member("recipients", json: list + [UInt8(ascii: "]")])
        }
    }

    fileprivate init?(_ line: NoticeLine, heardAt: WallTime) {
        guard let channel = line.text("channel"), let identity = line.text("identity") else {
            return nil
        }
        self.init(
            channel: channel, identity: identity, id: line.text("id"), key: line.text("key"),
            senderID: line.text("sender"), senderName: line.text("name"),
            preview: line.text("preview"),
            recipients: line.texts("recipients").map { .named($0) } ?? .everyone,
            heardAt: heardAt)
    }
}
