// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// What the gateway knows, as JSON.
extension Desk {
    /// `{"channel","count","members":[…],"position"}`: who is on a channel.
    func memberState(of name: String) -> [UInt8] {
        let channel = hub.channel(name)
        var json = Array(#"{"channel":"#.utf8)
        JSONWriter.string(name, into: &json)
        json += Array(#","count":\#(channel?.members.count ?? 0),"members":"#.utf8)
        if let channel {
            EventEncoder.memberList(of: channel, into: &json)
        } else {
            json += Array("[]".utf8)
        }
        json += Array(#","position":"\#(hub.position.text)"}"#.utf8)
        return json
    }

    /// `{"channels":[{"channel","state","members","readers","events","bytes"},…]}`, by name.
    func channelList() -> [UInt8] {
        var json = Array(#"{"channels":["#.utf8)
        let channels = hub.channels.values.sorted { $0.name < $1.name }
        for (index, channel) in channels.enumerated() {
            json += Array((index > 0 ? "," : "").utf8) + Array(#"{"channel":"#.utf8)
            JSONWriter.string(channel.name, into: &json)
            json += Array(#","state":"\#(channel.subscription.word)""#.utf8)
            json += Array(#","members":\#(channel.members.count)"#.utf8)
            json += Array(#","readers":\#(channel.readers.count)"#.utf8)
            json += Array(#","events":\#(channel.log.count),"bytes":\#(channel.log.bytes)}"#.utf8)
        }
        return json + Array("]}".utf8)
    }
}

extension Channel.Subscription {
    /// The state in one word, for people and programs.
    package var word: String {
        switch self {
        case .idle: "idle"
        case .pending: "pending"
        case .live: "live"
        case .away: "away"
        case .refused: "refused"
        }
    }
}
