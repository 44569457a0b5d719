// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

extension GatewaySnapshot {
    /// Returns the state that the console's page shows, as one JSON object on one line, with the
    /// content of these channels only if `showsContent`.
    func console(listing channels: [ConsoleChannel], showsContent: Bool) -> [UInt8] {
        let tally = downstream.tally
        let readers: JSONObjectWriter = [
            "sse": downstream.streams, "poll": downstream.waitingPolls,
            "line": downstream.subscriptions,
        ]
        let deliveries: JSONObjectWriter = [
            "sse": downstream.streamed.entries, "poll": tally.polled.entries,
            "line": tally.lined.entries,
        ]
        let log: JSONObjectWriter = ["bytes": hub.logBytes, "limit": hub.byteLimit]
        var states = JSONObjectWriter()
        for (state, count) in hub.channelStates.sorted(by: { $0.key < $1.key }) {
            states.member(state, count)
        }
        let summary: JSONObjectWriter = [
            "count": hub.channelCount, "members": hub.memberCount, "states": states,
            "list": channels.map { $0.json(showsContent: showsContent) },
        ]
        let object: JSONObjectWriter = [
            "time": time.text, "version": version, "uptime_ms": Int(uptime / .milliseconds(1)),
            "content": showsContent, "upstream": upstream.console, "readers": readers,
            "deliveries": deliveries, "saved": Savings(self).json, "events": hub.counters.events,
            "gaps": hub.counters.gaps.total, "refusals": tally.refusals, "log": log,
            "channels": summary,
        ]
        return object.finished()
    }
}

extension UpstreamStatus {
    fileprivate var console: JSONObjectWriter {
        [
            "state": state.rawValue, "since": since?.text, "lost": lost?.text, "cause": cause,
            "attempts": attempts, "connections": connections, "messages": messages,
            "last_event": lastEvent?.text,
        ]
    }
}
