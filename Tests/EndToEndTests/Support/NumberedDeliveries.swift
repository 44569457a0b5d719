// SPDX-License-Identifier: MIT

/// The deliveries of one channel's numbered messages to one reader over all its connections, or the
/// sum over several readers: each message must come once and in order, or a gap must.
struct NumberedDeliveries {
    private(set) var count = 0
    private(set) var gaps = 0
    /// The number of gaps with the reason that the position was unknown.
    private(set) var unknownPositions = 0
    /// The number of messages that arrived twice.
    private(set) var repeated = 0
    /// The number of missing messages that no gap covers.
    private(set) var lost = 0
    /// How often a position had been lost in a crash: the reader continued at a smaller number.
    private(set) var ahead = 0
    /// The number of the newest message.
    private(set) var newest = 0
    private var isBehindGap = true
    private var sequence = 0

    mutating func takeGap(_ data: some StringProtocol) {
        gaps += 1
        isBehindGap = true
        if data.contains("unknown-position") { unknownPositions += 1 }
    }

    mutating func take(_ number: Int) {
        count += 1
        if number <= newest {
            repeated += 1
        } else if number > newest + 1, !isBehindGap {
            lost += number - newest - 1
        }
        isBehindGap = false
        newest = max(newest, number)
    }

    /// Takes an event of a poll or a line; others than messages and gaps count nothing.
    mutating func take(_ event: DeliveredEvent) throws {
        moved(to: event.id)
        if event.isGap {
            takeGap(event.data)
        } else if event.event == "new-message" {
            take(try JSONText(Array(event.data.utf8)).number(["n"]))
        }
    }

    /// Records the reader's position.
    mutating func moved(to position: String) {
        let next = position.lastIndex(of: "-").flatMap { Int(position[$0...].dropFirst()) } ?? 0
        if next < sequence { ahead += 1 }
        sequence = next
    }

    static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.count += right.count
        sum.gaps += right.gaps
        sum.unknownPositions += right.unknownPositions
        sum.repeated += right.repeated
        sum.lost += right.lost
        sum.ahead += right.ahead
        return sum
    }
}
