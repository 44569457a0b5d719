// SPDX-License-Identifier: MIT

import PasserelleHub

/// What the records of an earlier life come to.
struct NoticePast {
    /// When the last notice of each pair went out, or may have.
    private(set) var times: [NoticePair: WallTime] = [:]
    /// Messages whose notices were not settled, in their order.
    private(set) var pending: [NoticeMessage] = []
    /// Who had a message's notice, by its place.
    private(set) var told: [String: Set<String>] = [:]
    /// The place of the message whose notice was on its way.
    private var begun: [NoticePair: String] = [:]

    init(_ records: [NoticeRecord]) {
        var settled: Set<String> = []
        // From the end, so that each message is looked at once.
        for record in records.reversed() {
            switch record {
            case .settled(let place): settled.insert(place)
            case .pending(let message):
                if settled.insert(message.place).inserted { pending.append(message) }
            case .sending, .sent, .unsent: break
            }
        }
        pending.reverse()
        for record in records {
            switch record {
            case .sending(let pair, let time, let place):
                times[pair] = time
                begun[pair] = place
            case .sent(let pair, let time, let place):
                times[pair] = time
                begun[pair] = nil
                told[place, default: []].insert(pair.userID)
            case .unsent(let pair):
                times[pair] = nil
                begun[pair] = nil
            case .pending, .settled: break
            }
        }
    }

    /// Whose notice of a message was on its way.
    func begun(_ message: NoticeMessage) -> Set<String> {
        let pairs = begun.filter { $0.key.channel == message.channel && $0.value == message.place }
        return Set(pairs.keys.map(\.userID))
    }
}
