// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleWire

/// Turns entries into the one event object of every surface, and that into its forms.
package struct EventEncoder {
    /// What an event object has around its data, in bytes: mostly less.
    private static let envelopeBytes = 224

    private let hub: Hub

    package init(hub: Hub) {
        self.hub = hub
    }

    /// The forms of an event, made on first use and kept with it.
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

    /// The forms of an entry, which may be made for one reader alone.
    ///
    /// Such are a snapshot, a refusal, or a gap in front of what is held; `sequence` is the reader's
    /// position there.
    package func form(of entry: Entry, at sequence: UInt64, now: WallTime) -> EncodedForm {
        let channel: Channel
        let name: String
        let data: [UInt8]
        switch entry {
        case .event(let event): return form(of: event)
        case .snapshot(let live):
            (channel, name) = (live, "pusher:subscription_succeeded")
            data = Self.snapshot(of: live)
        case .refusal(let refused, let status, let message):
            let content = Event.Content.refused(status: status, message: message)
            (channel, name, data) = (refused, content.name, content.data)
        case .gap(let incomplete, let gap):
            let content = Event.Content.gap(gap)
            (channel, name, data) = (incomplete, content.name, content.data)
        }
        let position = hub.position(at: sequence).text
        var json: [UInt8] = []
        object(position, now, channel.name, name, data, nil, into: &json)
        return Self.form(id: position, name: name, json: json)
    }

    /// `{"presence":{"count":…,"ids":[…],"hash":{…}}}`, or `{}` on a channel without presence.
    package static func snapshot(of channel: Channel) -> [UInt8] {
        guard channel.hasPresence else { return Array("{}".utf8) }
        var json = Array(#"{"presence":"#.utf8)
        presence(of: channel, into: &json)
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// `{"count":…,"ids":[…],"hash":{…}}`: who is on a channel.
    package static func presence(of channel: Channel, into json: inout [UInt8]) {
        let members = channel.members.list
        json += Array(#"{"count":\#(members.count),"ids":["#.utf8)
        for (index, member) in members.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            JSONWriter.string(member.userID, into: &json)
        }
        json += Array(#"],"hash":{"#.utf8)
        for (index, member) in members.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            JSONWriter.string(member.userID, into: &json)
            json.append(UInt8(ascii: ":"))
            json += member.userInfo ?? Array("null".utf8)
        }
        json += Array("}}".utf8)
    }

    /// `[{"user_id":…,"user_info":…,"via":["channels"]},…]`: who is there, and by which way.
    package static func memberList(of channel: Channel, into json: inout [UInt8]) {
        json.append(UInt8(ascii: "["))
        for (index, member) in channel.members.list.enumerated() {
            json += Array((index > 0 ? "," : "").utf8) + Array(#"{"user_id":"#.utf8)
            JSONWriter.string(member.userID, into: &json)
            json += Array(#","user_info":"#.utf8) + (member.userInfo ?? Array("null".utf8))
            json += Array(#","via":\#(channel.ways(of: member.userID))}"#.utf8)
        }
        json.append(UInt8(ascii: "]"))
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

    private static func form(id: String, name: String, json: [UInt8]) -> EncodedForm {
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
        // The object is the frame's last line: behind it come that line's end and the empty line.
        let end = start + frame.count - 2
        return EncodedForm(
            bytes: bytes, frame: start..<start + frame.count, json: end - json.count..<end)
    }
}

extension Channel {
    /// True where Channels knows who is there.
    package var hasPresence: Bool { name.hasPrefix("presence-") }

    /// By which ways a member is known to be there, as a JSON array.
    fileprivate func ways(of userID: String) -> String {
        guard let delegated = delegated[userID] else { return #"["channels"]"# }
        return delegated.isKnownElsewhere ? #"["channels","gateway"]"# : #"["gateway"]"#
    }
}

extension Event.Content {
    /// The event's name on every surface.
    package var name: String {
        switch self {
        case .message(let name, _, _): name
        case .memberAdded: "pusher:member_added"
        case .memberRemoved: "pusher:member_removed"
        case .refused: "pusher:subscription_error"
        case .gap: "passerelle:gap"
        case .tombstone: ""
        }
    }

    /// The `data` of the event object, as JSON.
    package var data: [UInt8] {
        switch self {
        case .message(_, let data, _): return data
        case .memberAdded(let member):
            var json = Array(#"{"user_id":"#.utf8)
            JSONWriter.string(member.userID, into: &json)
            json += Array(#","user_info":"#.utf8)
            json += member.userInfo ?? Array("null".utf8)
            json.append(UInt8(ascii: "}"))
            return json
        case .memberRemoved(let userID):
            var json = Array(#"{"user_id":"#.utf8)
            JSONWriter.string(userID, into: &json)
            json.append(UInt8(ascii: "}"))
            return json
        case .refused(let status, let message):
            var json = Array(#"{"status":\#(status),"message":"#.utf8)
            JSONWriter.string(message, into: &json)
            json.append(UInt8(ascii: "}"))
            return json
        case .gap(let gap): return gap.data
        case .tombstone: return Array("null".utf8)
        }
    }

    /// Who said it, where Channels vouches for that.
    package var userID: String? {
        if case .message(_, _, let userID) = self { userID } else { nil }
    }
}

extension Gap {
    /// `{"reason":…,"since":TIME?,"until":TIME?,"from":POSITION?}`.
    fileprivate var data: [UInt8] {
        var text = #"{"reason":"\#(reason.rawValue)""#
        if let since { text += #","since":"\#(since.text)""# }
        if let until { text += #","until":"\#(until.text)""# }
        if let from { text += #","from":"\#(from.text)""# }
        return Array((text + "}").utf8)
    }
}

extension EventEncoder {
    /// The event-stream frame of `format=data`: the payload alone under the event's name.
    package static func payloadFrame(of entry: Entry, id: String) -> [UInt8] {
        let name: String
        let data: [UInt8]
        switch entry {
        case .event(let event): (name, data) = (event.content.name, event.content.data)
        case .snapshot(let channel):
            (name, data) = ("pusher:subscription_succeeded", snapshot(of: channel))
        case .refusal(_, let status, let message):
            let content = Event.Content.refused(status: status, message: message)
            (name, data) = (content.name, content.data)
        case .gap(_, let gap):
            let content = Event.Content.gap(gap)
            (name, data) = (content.name, content.data)
        }
        var frame: [UInt8] = []
        EventStreamWriter.event(id: id, name: name, data: data, into: &frame)
        return frame
    }
}
