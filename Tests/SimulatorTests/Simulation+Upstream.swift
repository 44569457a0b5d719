// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleUpstream
import PasserelleWire

/// The work of the upstream shell: carries frames in and out, and reports to the hub.
extension Simulation {
    func deliverOne() -> Bool {
        guard let frame = server.takeFrame() else { return false }
        delivered = frame.newest
        perform(session.received(frame.message, now: steady))
        return true
    }

    func lose(code: Int) {
        guard server.isConnected else { return }
        server.lost()
        let given = code == 0 ? nil : UInt16(code)
        perform(session.linkEnded(code: given, words: "lost", now: steady))
    }

    func perform(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            switch action {
            case .connect: server.accepted()
            case .send(let message): server.received(message)
            case .subscribe(let channel, _):
                server.received(.subscribe(channel: channel, auth: "", channelData: "{}"))
            case .endLink: server.lost()
            case .deliver(.lost) where mutation == .forgetOutage: break
            case .deliver(let report): deliver(report)
            }
        }
    }

    private func deliver(_ report: UpstreamSession.Report) {
        switch report {
        case .event(let channel, let name, let data, _):
            received(report, channel, name, number: Self.number(data))
        case .subscribed(let name, _):
            subscribed(report, name)
            if mutation == .redeliverAfterLoss, toRepeat.remove(name) != nil,
                let event = lastEvents[name]
            {
                take(event)
            }
        case .lost:
            take(report)
            toRepeat = Set(lastEvents.keys)
        default: take(report)
        }
    }

    private func take(_ report: UpstreamSession.Report) {
        hub.take(report, retractions: Self.rules, memberID: "passerelle", at: now)
    }

    /// Handles an event, and records its place in the log if the gateway accepts it.
    private func received(
        _ report: UpstreamSession.Report, _ channel: String, _ name: String, number: Int
    ) {
        let before = hub.sequence
        take(report)
        guard hub.sequence > before else { return }
        switch name {
        case "new-message":
            lastEvents[channel] = report
            places[number] = hub.sequence
            coverage[channel, default: Coverage()].add(number, at: hub.sequence)
        case "message-deleted":
            retracted.insert(number)
            guard let place = places[number] else { return }
            if place <= journalWriter.journal.syncedSequence {
                tally.lateRetractions += 1
            } else {
                tally.earlyRetractions += 1
            }
        default: break
        }
    }

    /// Handles a subscription, and records the messages that a gap at this place covers.
    private func subscribed(_ report: UpstreamSession.Report, _ name: String) {
        let hole = hub.channel(name)?.newestGapEnd
        take(report)
        // The gap ends at its entry, or at the beginning of the log; member changes follow it.
        if let newer = hub.channel(name)?.newestGapEnd, newer != hole {
            coverage[name, default: Coverage()].add(delivered, at: newer)
        }
        for reader in readers where reader.isAttached && reader.awaited.remove(name) != nil {
            reader.knowledge[name] = SimulatedReader.Knowledge(settled: delivered)
        }
    }

    /// Returns the number in a message or in a deletion.
    static func number(_ data: [UInt8]) -> Int {
        let digits = data.dropFirst(6).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int(String(decoding: digits, as: UTF8.self)) ?? -1
    }
}
