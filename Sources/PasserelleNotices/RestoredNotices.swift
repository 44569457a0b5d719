// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleUpstream

/// The state that results from the records of the previous process.
package struct RestoredNotices {
    /// The time of each pair's last notice that was, or may have been, sent.
    package private(set) var times: [ChannelUser: WallTime] = [:]
    /// Messages with notices that were not settled, in order.
    package private(set) var pending: [NoticeMessage] = []
    /// The users notified of a message, by its place.
    package private(set) var notified: [ByteKey: Set<ByteKey>] = [:]
    /// The place of the message of a notice in flight.
    private var begun: [ChannelUser: String] = [:]

    package init(_ records: [NoticeRecord]) {
        var settled: Set<ByteKey> = []
        // Goes backward, so that each message is examined once.
        for record in records.reversed() {
            switch record {
            case .settled(let place): settled.insert(ByteKey(place))
            case .pending(let message):
                if settled.insert(ByteKey(message.place)).inserted { pending.append(message) }
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
                notified[ByteKey(place), default: []].insert(ByteKey(pair.userID))
            case .unsent(let pair):
                times[pair] = nil
                begun[pair] = nil
            case .pending, .settled: break
            }
        }
    }

    /// The users with a notice of the message in flight.
    package func begun(_ message: NoticeMessage) -> Set<ByteKey> {
        let pairs = begun.filter {
            $0.key.channel == message.channel && $0.value.hasSameBytes(as: message.place)
        }
        return Set(pairs.keys.map { ByteKey($0.userID) })
    }
}
