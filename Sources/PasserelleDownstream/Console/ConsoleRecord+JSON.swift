// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

extension ConsoleRecord {
    /// One object on one line; what is said of members only with `showsContent`.
    func json(showsContent: Bool) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("time", time.text)
        object.member("version", facts.version)
        object.member("uptime_ms", Int(clamping: uptime.milliseconds))
        object.member("content", showsContent)
        object.member("upstream", json: upstream)
        object.member("readers", json: readers.json)
        object.member("deliveries", json: deliveries.json)
        object.member("events", Int(clamping: events))
        object.member("gaps", Int(clamping: gaps))
        object.member("refusals", Int(clamping: refusals))
        var log = JSONObjectWriter()
        log.member("bytes", logBytes)
        log.member("limit", logLimit)
        object.member("log", json: log.finished())
        object.member("channels", json: channelPart(showsContent: showsContent))
        return object.finished()
    }

    private var upstream: [UInt8] {
        var object = JSONObjectWriter()
        object.member("state", facts.upstream)
        if let since = facts.since { object.member("since", since.text) }
        if let lost = facts.lost { object.member("lost", lost.text) }
        object.member("attempts", Int(clamping: facts.attempts))
        object.member("connections", Int(clamping: facts.connections))
        object.member("messages", Int(clamping: facts.messages))
        if let lastEvent = facts.lastEvent { object.member("last_event", lastEvent.text) }
        return object.finished()
    }

    private func channelPart(showsContent: Bool) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("count", channelCount)
        object.member("members", memberCount)
        var states = JSONObjectWriter()
        for (state, count) in self.states.sorted(by: { $0.key < $1.key }) {
            states.member(state, count)
        }
        object.member("states", json: states.finished())
        object.member("list", json: Self.array(channels) { $0.json(showsContent: showsContent) })
        return object.finished()
    }

    fileprivate static func array<Item>(_ items: [Item], _ json: (Item) -> [UInt8]) -> [UInt8] {
        [UInt8(ascii: "[")] + items.map(json).joined(separator: [UInt8(ascii: ",")])
            + [UInt8(ascii: "]")]
    }
}

extension ConsoleRecord.Surfaces {
    fileprivate var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("sse", Int(clamping: streams))
        object.member("poll", Int(clamping: polls))
        object.member("line", Int(clamping: lines))
        return object.finished()
    }
}

extension ConsoleRecord.Row {
    fileprivate func json(showsContent: Bool) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("channel", name)
        object.member("state", state)
        object.member("readers", readers)
        object.member("events", events)
        object.member("bytes", bytes)
        object.member("members", memberCount)
        object.member(
            "list", json: ConsoleRecord.array(members) { Self.json($0, showsContent: showsContent) }
        )
        return object.finished()
    }

    private static func json(_ member: Member, showsContent: Bool) -> [UInt8] {
        var object = JSONObjectWriter()
        let id = ConsoleText(member.userID, limit: ConsoleEvents.nameBytes)
        object.member("user_id", textOf: id.bytes)
        if showsContent, let info = member.userInfo {
            let text = ConsoleText(info, limit: ConsoleRecord.infoBytes)
            object.member("user_info", textOf: text.bytes)
            if text.isCut { object.member("cut", true) }
        }
        return object.finished()
    }
}

extension Duration {
    /// Whole milliseconds.
    fileprivate var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
