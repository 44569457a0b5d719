// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleUpstream
import PasserelleWire

extension GatewaySnapshot {
    /// Returns the state that the console's page shows, as one JSON object on one line, with the
    /// content of these channels only if `showsContent`.
    func console(listing channels: [ConsoleChannel], showsContent: Bool) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("time", time.text)
        object.member("version", version)
        object.member("uptime_ms", Int(uptime / .milliseconds(1)))
        object.member("content", showsContent)
        object.member("upstream", json: upstream.console)
        object.member(
            "readers",
            json: Self.surfaces(
                downstream.streams, downstream.waitingPolls, downstream.subscriptions))
        let tally = downstream.tally
        object.member(
            "deliveries",
            json: Self.surfaces(
                downstream.streamed.entries, tally.polled.entries, tally.lined.entries))
        object.member("saved", json: Savings(self).json)
        object.member("events", Int(clamping: hub.counters.events))
        object.member("gaps", Int(clamping: hub.counters.gaps.total))
        object.member("refusals", Int(clamping: tally.refusals))
        var log = JSONObjectWriter()
        log.member("bytes", hub.logBytes)
        log.member("limit", hub.byteLimit)
        object.member("log", json: log.finished())
        var summary = JSONObjectWriter()
        summary.member("count", hub.channelCount)
        summary.member("members", hub.memberCount)
        var states = JSONObjectWriter()
        for (state, count) in hub.channelStates.sorted(by: { $0.key < $1.key }) {
            states.member(state, count)
        }
        summary.member("states", json: states.finished())
        let list = channels.map { $0.json(showsContent: showsContent) }
        summary.member("list", json: JSONWriter.array(list))
        object.member("channels", json: summary.finished())
        return object.finished()
    }

    /// Returns one number for each surface.
    private static func surfaces<Number: BinaryInteger>(
        _ streams: Number, _ polls: Number, _ lines: Number
    ) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("sse", Int(clamping: streams))
        object.member("poll", Int(clamping: polls))
        object.member("line", Int(clamping: lines))
        return object.finished()
    }
}

extension UpstreamStatus {
    fileprivate var console: [UInt8] {
        var object = JSONObjectWriter()
        object.member("state", state.rawValue)
        if let since { object.member("since", since.text) }
        if let lost { object.member("lost", lost.text) }
        if let cause { object.member("cause", textOf: Array(cause.utf8)) }
        object.member("attempts", Int(clamping: attempts))
        object.member("connections", Int(clamping: connections))
        object.member("messages", Int(clamping: messages))
        if let lastEvent { object.member("last_event", lastEvent.text) }
        return object.finished()
    }
}
