// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
package import PasserelleUpstream

/// Decides which recipients are notified of a message through Inngest, when, and how often a
/// notice is retried.
///
/// A message first waits for the delay. Then each recipient gets a notice if the user is not among
/// the hub's members and had no notice for the channel within the throttle interval. Channels is
/// asked once for all notices that wait on a channel; a recipient listed there counts as present.
/// All this is checked again before every retry. If Channels does not answer, the hub's members
/// decide alone while the channel is subscribed; otherwise the notice is retried later.
///
/// Of two notices for one recipient and channel, the later one waits behind the earlier, and is
/// sent only if the earlier one was not.
package struct NoticePlanner {
    /// The actions to be performed by the caller.
    package enum Action: Equatable {
        /// Request a channel's users from Channels, then call `answered`.
        case ask(channel: String)
        /// Append the record to the store; it must be stored before any later `send` begins.
        case keep(NoticeRecord)
        /// Rewrite the store, so that no trace of a retracted message remains.
        case erase
        /// Send an event to Inngest, then call `ended` with the number.
        case send(number: Int, NoticeEvent)
        /// Log the record; `alike` records of its kind were suppressed since the last one.
        case note(NoticeLogRecord, alike: UInt64)
    }

    /// The state outside the planner that decisions depend on.
    package struct Lookup {
        /// True if the user is among the hub's members of the channel.
        package var isPresent: (ChannelUser) -> Bool
        /// True if the channel is subscribed, so that the hub's members are current.
        package var isSubscribed: (String) -> Bool
        /// The users seen on the channel, as long as they are remembered.
        package var seen: (String) -> [Member]
    }

    /// A message with recipients that are not notified yet.
    package struct Held {
        package let message: NoticeMessage
        package let due: Duration
        /// Users that were notified of it.
        package var notified: Set<ByteKey>
        /// Users with a notice in flight when the gateway stopped.
        package let begun: Set<ByteKey>
        /// Its notices that are not settled.
        package var open: Set<Int> = []
        package var isRetracted = false
    }

    /// A notice that is not settled.
    package struct Delivery {
        package enum Stage { case behind, unasked, ready, calling, waiting }

        package let message: Int
        package let recipient: Member
        package let pair: ChannelUser
        package var stage = Stage.behind
        /// Failed calls, and questions to Channels without an answer.
        package var failures = 0
        /// True if Inngest may already have it; its own throttle mark is then ignored.
        package var mayHaveBeenSent = false
        package var checkedAt: Duration = .zero
    }

    /// The notices for one recipient and channel: the current one and those queued behind it.
    package struct PairQueue {
        package var current: Int
        package var behind: [Int] = []
    }

    package enum Item: Equatable { case message(Int), notice(Int) }

    /// The delay after a failure; half of it is random.
    package static let backoff = Backoff(first: .seconds(1), longest: .seconds(300))

    package let configuration: NoticeConfiguration
    package internal(set) var tally = NoticeCounters()
    package let lookup: Lookup
    package let jitter: () -> Double
    package var messages: [Int: Held] = [:]
    /// Messages by place, and those that can be retracted by key.
    package var numbers: [ByteKey: Int] = [:]
    package var keys: [ByteKey: Int] = [:]
    package var deliveries: [Int: Delivery] = [:]
    package var pairQueues: [ChannelUser: PairQueue] = [:]
    package var schedule = DeadlineHeap<Item>()
    package var marks: ThrottleMarks
    /// By channel: notices that wait for a question to Channels, and those waiting for its answer.
    package var unasked: [String: [Int]] = [:]
    package var channelsToAsk = FIFOQueue<String>()
    package var asked: [String: [Int]] = [:]
    /// Notices ready to be sent.
    package var ready = FIFOQueue<Int>()
    package var calls = 0
    /// The cause of the last failed call; `nil` after a success.
    package var failing: NoticeCause?
    /// Channels for which messages without recipients were logged.
    private var channelsNoted: Set<String> = []
    package var logThrottle = LogThrottle<Int>()
    private var lastNumber = 0

    /// Creates an idle planner; `jitter` returns random numbers in 0..<1.
    package init(
        _ configuration: NoticeConfiguration, lookup: Lookup, jitter: @escaping () -> Double
    ) {
        self.configuration = configuration
        self.lookup = lookup
        self.jitter = jitter
        marks = ThrottleMarks(throttle: configuration.throttle)
    }

    /// The number of pending messages and notices; a message counts until it has notices.
    package var pending: Int {
        deliveries.count + messages.values.count { $0.open.isEmpty }
    }

    /// The time of the next call of `timePassed`; `nil` if none is needed.
    package var deadline: Duration? { schedule.first }

    /// Handles a new message.
    package mutating func received(_ message: NoticeMessage, at now: Moment) -> [Action] {
        let name = message.place
        guard numbers[ByteKey(name)] == nil else { return [] }
        guard messages.count < NoticeConfiguration.messages else {
            tally.dropped += 1
            return note(.overflow(limit: NoticeConfiguration.messages), at: now)
        }
        hold(message, due: now.steady + configuration.delay)
        return [.keep(.pending(message))]
    }

    /// Handles an error in the recipients of a message.
    package mutating func flawed(
        _ flaw: NoticeMessage.RecipientsError, on channel: String, at now: Moment
    ) -> [Action] {
        switch flaw {
        case .invalid: return note(.badRecipients(channel: channel), at: now)
        case .missing:
            guard channelsNoted.count < NoticeConfiguration.channelsNoted,
                channelsNoted.insert(channel).inserted
            else { return [] }
            return note(.noRecipients(channel: channel), at: now)
        }
    }

    /// Handles the retraction of the message with this key; a call in flight cannot be undone.
    package mutating func retracted(
        _ key: String, on channel: String, at now: Moment
    ) -> [Action] {
        guard let number = keys[ByteKey(channel + " " + key)], let held = messages[number] else {
            return []
        }
        messages[number]?.isRetracted = true
        var actions: [Action] = [.keep(.settled(held.message.place)), .erase]
        let idle = held.open.filter { deliveries[$0]?.stage != .calling }
        tally.retracted += UInt64(held.open.isEmpty ? 1 : idle.count)
        for delivery in idle.sorted() { finish(delivery, &actions) }
        if held.open.isEmpty { forget(number, &actions) }
        return actions + proceed(at: now)
    }

    /// Handles the passing of time; must be called at `deadline` or later.
    package mutating func timePassed(at now: Moment) -> [Action] {
        var actions: [Action] = []
        while let item = schedule.popFirst(through: now.steady) {
            switch item {
            case .message(let number): createNotices(number, at: now, &actions)
            case .notice(let number):
                if deliveries[number]?.stage == .waiting { check(number) }
            }
        }
        return actions + proceed(at: now)
    }

    /// Restores the records kept by the previous process; times in the future count as now.
    ///
    /// A notice that was in flight is sent again with the same id.
    package mutating func restored(_ records: [NoticeRecord], at now: Moment) {
        let past = RestoredNotices(records)
        func age(_ time: WallTime) -> Duration {
            .milliseconds(max(0, now.wall.milliseconds - time.milliseconds))
        }
        for (pair, time) in past.times.sorted(by: { $0.value < $1.value })
        where age(time) < configuration.throttle {
            marks.set(pair, at: now.steady - age(time), now: now.steady)
        }
        for message in past.pending where numbers[ByteKey(message.place)] == nil {
            guard age(message.receivedAt) < configuration.delay + NoticeConfiguration.retriedFor,
                messages.count < NoticeConfiguration.messages
            else { continue }
            hold(
                message, due: now.steady - age(message.receivedAt) + configuration.delay,
                notified: past.notified[ByteKey(message.place)] ?? [], begun: past.begun(message))
        }
    }

    /// The records that must be kept across a restart.
    package func records(at now: Moment) -> [NoticeRecord] {
        var records: [NoticeRecord] = []
        var begun: Set<ChannelUser> = []
        func wall(_ time: Duration) -> WallTime {
            let ago = (now.steady - time).milliseconds
            return WallTime(milliseconds: now.wall.milliseconds - ago)
        }
        for (_, held) in messages.sorted(by: { $0.key < $1.key }) where !held.isRetracted {
            let place = held.message.place
            records.append(.pending(held.message))
            for userID in held.notified.sorted().map(\.text) {
                let pair = ChannelUser(held.message.channel, userID)
                records.append(.sent(pair, held.message.receivedAt, place: place))
            }
            for delivery in held.open.sorted().compactMap({ deliveries[$0] })
            where delivery.stage == .calling || delivery.mayHaveBeenSent {
                begun.insert(delivery.pair)
                let time = marks.time(of: delivery.pair) ?? now.steady
                records.append(.sending(delivery.pair, wall(time), place: place))
            }
        }
        for (pair, time) in marks.all
        where !begun.contains(pair) && marks.holds(pair, at: now.steady) {
            records.append(.sent(pair, wall(time), place: ""))
        }
        return records
    }

    private mutating func hold(
        _ message: NoticeMessage, due: Duration, notified: Set<ByteKey> = [],
        begun: Set<ByteKey> = []
    ) {
        let number = newNumber()
        messages[number] = Held(message: message, due: due, notified: notified, begun: begun)
        numbers[ByteKey(message.place)] = number
        if let key = message.key { keys[ByteKey(message.channel + " " + key)] = number }
        schedule.add(.message(number), at: due)
    }

    package mutating func newNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    package mutating func note(_ note: NoticeLogRecord, at now: Moment) -> [Action] {
        logThrottle.passes(note.kind, now: now.steady).map { [.note(note, alike: $0)] } ?? []
    }
}

extension NoticeMessage {
    /// Identifies the message among all messages.
    package var place: String { channel + " " + identity }
}
