// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

/// Encodes entries as the event object that all surfaces share, and that object in its forms.
package struct EventEncoder {
    /// An estimate of the bytes of an event object besides its data; most have fewer.
    private static let envelopeBytes = 224

    private let hub: Hub

    package init(hub: Hub) {
        self.hub = hub
    }

    /// Returns the forms of an event, which are encoded on first use and kept with the event.
    package func form(of event: Event) -> EncodedForm {
        if let form = event.form { return form }
        if case .tombstone = event.content {
            return EncodedForm(bytes: [], frame: 0..<0, json: 0..<0)
        }
        let name = event.content.name
        let position = hub.position(at: event.sequence).text
        var json: [UInt8] = []
        let data = event.content.data
        json.reserveCapacity(data.count + Self.envelopeBytes)
        object(
            position, event.time, event.channel, name, data, event.content.userID, into: &json)
        let form = Self.form(id: position, name: name, json: json)
        event.form = form
        return form
    }

    /// Returns the forms of an entry, which may exist for one reader only.
    ///
    /// Entries for one reader are a snapshot, a refusal, or a gap before the oldest held event;
    /// `sequence` is the reader's position at that entry.
    package func form(
        of entry: Entry, at sequence: UInt64, for recipient: Recipient, now: WallTime
    ) -> EncodedForm {
        if case .event(let event) = entry { return form(of: event) }
        let (channel, name, data) = entry.parts(for: recipient)
        let position = hub.position(at: sequence).text
        var json: [UInt8] = []
        object(position, now, channel, name, data, nil, into: &json)
        return Self.form(id: position, name: name, json: json)
    }

    /// `{"presence":{"count":…,"ids":[…],"hash":{…}},"me":…,"upstream":…}`: the data of a snapshot.
    ///
    /// `presence` is absent on a channel without presence, and `me` if the reader's user is
    /// unknown.
    package static func snapshot(of channel: Channel, for recipient: Recipient) -> [UInt8] {
        var json = [UInt8(ascii: "{")]
        if channel.hasPresence {
            json += #""presence":"#.utf8
            presence(of: channel, into: &json)
        }
        append(me: recipient.userID, isFirst: !channel.hasPresence, to: &json)
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        json += #""upstream":"\#(recipient.upstream.word)"}"#.utf8
        return json
    }

    /// `{"count":…,"ids":[…],"hash":{…},"me":…}`: the members of a channel, for one reader.
    static func presence(of channel: Channel, for userID: String?, into json: inout [UInt8]) {
        presence(of: channel, into: &json)
        json.removeLast()
        append(me: userID, isFirst: false, to: &json)
        json.append(UInt8(ascii: "}"))
    }

    /// `,"me":…`, or nothing if the reader's user is unknown.
    static func append(me userID: String?, isFirst: Bool = false, to json: inout [UInt8]) {
        guard let userID else { return }
        json += (isFirst ? #""me":"# : #","me":"#).utf8
        JSONWriter.string(userID, into: &json)
    }

    /// `{"count":…,"ids":[…],"hash":{…}}`: the members of a channel, encoded once per change and
    /// shared by all readers.
    private static func presence(of channel: Channel, into json: inout [UInt8]) {
        if channel.memberForms.presence == nil {
            channel.memberForms.presence = presence(channel.members.list)
        }
        json += channel.memberForms.presence ?? []
    }

    private static func presence(_ members: [Member]) -> [UInt8] {
        var hash = JSONObjectWriter()
        for member in members { hash.member(member.userID, json: member.userInfo) }
        let presence: JSONObjectWriter = [
            "count": members.count, "ids": members.map(\.userID), "hash": hash,
        ]
        return presence.finished()
    }

    /// `[{"user_id":…,"user_info":…,"via":["channels"]},…]`: the members of a channel and how each
    /// is a member, encoded once per change.
    package static func memberList(of channel: Channel, into json: inout [UInt8]) {
        if channel.memberForms.list == nil { channel.memberForms.list = memberList(of: channel) }
        json += channel.memberForms.list ?? []
    }

    private static func memberList(of channel: Channel) -> [UInt8] {
        JSONWriter.array(
            channel.members.list.map { member in
                var json = member.json
                json.member("via", json: Array(channel.ways(of: member.userID).utf8))
                return json.finished()
            })
    }

    private func object(
        _ position: String, _ time: WallTime, _ channel: String, _ name: String, _ data: [UInt8],
        _ userID: String?, into json: inout [UInt8]
    ) {
        json += #"{"id":""#.utf8
        json += position.utf8
        json += #"","time":""#.utf8
        time.append(to: &json)
        json += #"","channel":"#.utf8
        JSONWriter.string(channel, into: &json)
        json += #","event":"#.utf8
        JSONWriter.string(name, into: &json)
        json += #","data":"#.utf8
        json += data
        if let userID {
            json += #","user_id":"#.utf8
            JSONWriter.string(userID, into: &json)
        }
        json.append(UInt8(ascii: "}"))
    }

    static func form(id: String?, name: String, json: [UInt8]) -> EncodedForm {
        var frame: [UInt8] = []
        EventStreamWriter.event(id: id, name: name, data: json, into: &frame)
        let size = String(frame.count, radix: 16)
        let start = size.utf8.count + 2
        var bytes: [UInt8] = []
        bytes.reserveCapacity(start + frame.count + 2)
        bytes += size.utf8
        bytes += "\r\n".utf8
        bytes += frame
        bytes += "\r\n".utf8
        // The object is the frame's last line, followed by that line's end and the empty line.
        let end = start + frame.count - 2
        return EncodedForm(
            bytes: bytes, frame: start..<start + frame.count, json: end - json.count..<end)
    }
}

extension Channel {
    /// True if Channels reports the members of the channel.
    package var hasPresence: Bool { name.utf8.starts(with: "presence-".utf8) }

    /// Returns how a user is a member (through Channels, through the gateway) as a JSON array.
    fileprivate func ways(of userID: String) -> String {
        guard let delegated = delegated[ByteKey(userID)] else { return #"["channels"]"# }
        return delegated.isKnownElsewhere ? #"["channels","gateway"]"# : #"["gateway"]"#
    }
}

extension Event.Content {
    /// The `data` of the event object, as JSON.
    package var data: [UInt8] {
        switch self {
        case .message(_, let data, _): return data
        case .memberAdded(let member): return member.json.finished()
        case .memberRemoved(let userID):
            let json: JSONObjectWriter = ["user_id": userID]
            return json.finished()
        case .refused(let status, let message):
            let json: JSONObjectWriter = ["status": status, "message": message]
            return json.finished()
        case .gap(let gap): return gap.data
        case .tombstone: return Array("null".utf8)
        }
    }

    /// The sender, if Channels has authenticated it.
    package var userID: String? {
        if case .message(_, _, let userID) = self { userID } else { nil }
    }
}

extension Gap {
    /// `{"reason":…,"since":TIME?,"until":TIME?,"from":POSITION?,"certain":true?}`.
    fileprivate var data: [UInt8] {
        let json: JSONObjectWriter = [
            "reason": reason.rawValue, "since": since?.text, "until": until?.text,
            "from": from?.text, "certain": reason == .sequence ? true : nil,
        ]
        return json.finished()
    }
}

extension Member {
    /// `{"user_id":…,"user_info":…}`.
    fileprivate var json: JSONObjectWriter {
        ["user_id": userID, "user_info": userInfo.map(RawJSON.init).orNull]
    }
}

extension Entry {
    /// The channel, and the name and the data of the event object.
    fileprivate func parts(
        for recipient: Recipient
    ) -> (channel: String, name: String, data: [UInt8]) {
        let content: Event.Content
        let name: String
        switch self {
        case .event(let event): (name, content) = (event.channel, event.content)
        case .snapshot(let channel):
            let data = EventEncoder.snapshot(of: channel, for: recipient)
            return (channel.name, "pusher:subscription_succeeded", data)
        case .refusal(let channel, let status, let message):
            (name, content) = (channel.name, .refused(status: status, message: message))
        case .gap(let channel, let gap): (name, content) = (channel.name, .gap(gap))
        }
        return (name, content.name, content.data)
    }
}

extension EventEncoder {
    /// The event-stream frame of `format=data`: the payload alone under the event's name.
    package static func payloadFrame(
        of entry: Entry, id: String, for recipient: Recipient
    ) -> [UInt8] {
        let (_, name, data) = entry.parts(for: recipient)
        var frame: [UInt8] = []
        EventStreamWriter.event(id: id, name: name, data: data, into: &frame)
        return frame
    }
}
