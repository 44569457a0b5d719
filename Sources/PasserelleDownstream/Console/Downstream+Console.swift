// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

extension Downstream {
    /// How things are now, as the console shows them; `began` is when the gateway did.
    func consoleRecord(since began: Duration) -> ConsoleRecord {
        var record = ConsoleRecord(desk.hub)
        record.time = desk.now.wall
        record.uptime = desk.now.steady - began
        record.facts = desk.services.facts()
        record.readers.streams = UInt64(streamCount)
        record.readers.polls = UInt64(waitingPollCount)
        record.readers.lines = UInt64(subscriptionCount)
        record.deliveries.streams = streamed.entries
        record.deliveries.polls = tally.polled.entries
        record.deliveries.lines = tally.lined.entries
        record.refusals = tally.refusals
        return record
    }
}
