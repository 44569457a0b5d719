// SPDX-License-Identifier: MIT

package import PasserelleHub

/// Decides who is told of which message through Inngest, when, and how often that is tried.
///
/// A message waits for the delay. Then each of its recipients who is not in the hub's members and
/// heard nothing of the channel within the throttle gets a notice; Channels is asked once for all
/// that wait on a channel; and who is not there either is told. Before every retry all this is
/// asked again. Where Channels does not answer, the hub's members decide alone while the channel
/// is heard; while it is not, the notice waits like one that Inngest did not take.
///
/// Of two notices for one recipient and channel the later waits behind the earlier, and goes its
/// own way only if that one never went out.
package struct NoticePlanner {
    /// What the shell is to do.
    package enum Action: Equatable {
        /// Ask Channels for the users of a channel, then tell `answered`.
        case ask(channel: String)
        /// Keep this across restarts: before any later `send` begins.
        case keep(NoticeRecord)
        /// Write what is kept anew, so that a message that was taken back is nowhere any more.
        case erase
        /// Send an event to Inngest, then tell `ended` with the number.
        case send(number: Int, NoticeEvent)
        /// Say so in the log; `alike` notes of the kind were passed over since the last.
        case note(NoticeNote, alike: UInt64)
    }

    /// What the planner looks up when it decides.
    package struct Sight {
        /// Whether the hub has a user among a channel's members.
        package var isPresent: (NoticePair) -> Bool
        /// Whether the hub hears the channel, so that its members are right.
        package var isHeard: (String) -> Bool
        /// Everyone who was seen on the channel for as long as that is remembered.
        package var seen: (String) -> [Member]

        package init(
            isPresent: @escaping (NoticePair) -> Bool, isHeard: @escaping (String) -> Bool,
            seen: @escaping (String) -> [Member]
        ) {
            self.isPresent = isPresent
            self.isHeard = isHeard
            self.seen = seen
        }
    }

    /// A message some of whose recipients are still to be told.
    struct Held {
        let message: NoticeMessage
        let due: Duration
        /// Users who had its notice.
        var told: Set<String>
        /// Users whose notice was on its way when the gateway was ended.
        let begun: Set<String>
        /// Notices of it that are not settled.
        var open: Set<Int> = []
        var isRetracted = false
    }

    /// One notice that is not settled.
    struct Delivery {
        enum Stage { case behind, unasked, ready, calling, waiting }

        let message: Int
        let recipient: Member
        let pair: NoticePair
        var stage = Stage.behind
        /// Failed calls, and questions to Channels that had no answer.
        var failures = 0
        /// True when Inngest may have it already: its own mark is then no hindrance.
        var mayHaveGone = false
        var checkedAt: Duration = .zero
    }

    /// The notices for one recipient and channel: one that is on its way, and those behind it.
    struct Lane {
        var current: Int
        var behind: [Int] = []
    }

    enum Item: Equatable { case message(Int), notice(Int) }

    package let configuration: NoticeConfiguration
    package internal(set) var tally = NoticeTally()
    let sight: Sight
    let jitter: () -> Double
    var messages: [Int: Held] = [:]
    /// Messages by their places, and those that can be taken back by the names for that.
    var numbers: [String: Int] = [:]
    var keys: [String: Int] = [:]
    var deliveries: [Int: Delivery] = [:]
    var lanes: [NoticePair: Lane] = [:]
    var schedule = Deadlines<Item>()
    var marks: ThrottleMarks
    /// Notices for which Channels is to be asked, and those for which it was, by channel.
    var unasked: [String: [Int]] = [:]
    var channelsToAsk = NoticeQueue<String>()
    var asked: [String: [Int]] = [:]
    /// Notices that may go out.
    var ready = NoticeQueue<Int>()
    var calls = 0
    /// Why Inngest takes nothing; nil while it does.
    var failing: NoticeCause?
    /// Channels of which was told that their messages name no recipients.
    private var channelsNoted: Set<String> = []
    var pace = NotePace<Int>()
    private var lastNumber = 0

    /// Builds a planner with nothing to do; `jitter` gives random numbers in 0..<1.
    package init(
        _ configuration: NoticeConfiguration, sight: Sight, jitter: @escaping () -> Double
    ) {
        self.configuration = configuration
        self.sight = sight
        self.jitter = jitter
        marks = ThrottleMarks(throttle: configuration.throttle)
    }

    /// Messages and notices that wait, the ones whose recipients are not known yet counted once.
    package var pending: Int {
        deliveries.count + messages.values.count { $0.open.isEmpty }
    }

    /// When `timePassed` wants to be told; nil while nothing is timed.
    package var deadline: Duration? { schedule.first }

    /// A message came.
    package mutating func heard(_ message: NoticeMessage, at now: Moment) -> [Action] {
        let name = message.place
        guard numbers[name] == nil else { return [] }
        guard messages.count < NoticeConfiguration.messages else {
            tally.dropped += 1
            return note(.overflow(limit: NoticeConfiguration.messages), at: now)
        }
        hold(message, due: now.steady + configuration.delay)
        return [.keep(.pending(message))]
    }

    /// A message on the channel names its recipients in no way that it should.
    package mutating func flawed(
        _ flaw: NoticeMessage.RecipientsFlaw, on channel: String, at now: Moment
    ) -> [Action] {
        switch flaw {
        case .nobodyNamed: return note(.badRecipients(channel: channel), at: now)
        case .nothingThere:
            guard channelsNoted.count < NoticeConfiguration.channelsNoted,
                channelsNoted.insert(channel).inserted
            else { return [] }
            return note(.noRecipients(channel: channel), at: now)
        }
    }

    /// An event took the message with this key back; what is on its way cannot be called back.
    package mutating func retracted(
        _ key: String, on channel: String, at now: Moment
    ) -> [Action] {
        guard let number = keys[channel + " " + key], let held = messages[number] else {
            return []
        }
        messages[number]?.isRetracted = true
        var actions: [Action] = [.keep(.settled(held.message.place)), .erase]
        let idle = held.open.filter { deliveries[$0]?.stage != .calling }
        tally.retracted += UInt64(held.open.isEmpty ? 1 : idle.count)
        for delivery in idle.sorted() { settle(delivery, &actions) }
        if held.open.isEmpty { forget(number, &actions) }
        return actions + proceed(at: now)
    }

    /// Time passed: call it at `deadline` or later.
    package mutating func timePassed(at now: Moment) -> [Action] {
        var actions: [Action] = []
        while let item = schedule.popFirst(through: now.steady) {
            switch item {
            case .message(let number): spread(number, at: now, &actions)
            case .notice(let number):
                if deliveries[number]?.stage == .waiting { check(number) }
            }
        }
        return actions + proceed(at: now)
    }

    /// What was kept before a restart; times of the future count as now.
    ///
    /// A notice that was on its way is sent again, with the same id.
    package mutating func restored(_ records: [NoticeRecord], at now: Moment) {
        let past = NoticePast(records)
        func age(_ time: WallTime) -> Duration {
            .milliseconds(max(0, now.wall.milliseconds - time.milliseconds))
        }
        for (pair, time) in past.times.sorted(by: { $0.value < $1.value })
        where age(time) < configuration.throttle {
            marks.set(pair, at: now.steady - age(time), now: now.steady)
        }
        for message in past.pending where numbers[message.place] == nil {
            guard age(message.heardAt) < configuration.delay + NoticeConfiguration.retriedFor,
                messages.count < NoticeConfiguration.messages
            else { continue }
            hold(
                message, due: now.steady - age(message.heardAt) + configuration.delay,
                told: past.told[message.place] ?? [], begun: past.begun(message))
        }
    }

    /// All that must be kept across a restart.
    package func records(at now: Moment) -> [NoticeRecord] {
        var records: [NoticeRecord] = []
        var begun: Set<NoticePair> = []
        func wall(_ time: Duration) -> WallTime {
            let ago = (now.steady - time).milliseconds
            return WallTime(milliseconds: now.wall.milliseconds - ago)
        }
        for (_, held) in messages.sorted(by: { $0.key < $1.key }) where !held.isRetracted {
            let place = held.message.place
            records.append(.pending(held.message))
            for userID in held.told.sorted() {
                let pair = NoticePair(channel: held.message.channel, userID: userID)
                records.append(.sent(pair, held.message.heardAt, place: place))
            }
            for delivery in held.open.sorted().compactMap({ deliveries[$0] })
            where delivery.stage == .calling || delivery.mayHaveGone {
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
        _ message: NoticeMessage, due: Duration, told: Set<String> = [], begun: Set<String> = []
    ) {
        let number = newNumber()
        messages[number] = Held(message: message, due: due, told: told, begun: begun)
        numbers[message.place] = number
        if let key = message.key { keys[message.channel + " " + key] = number }
        schedule.add(.message(number), at: due)
    }

    mutating func newNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    mutating func note(_ note: NoticeNote, at now: Moment) -> [Action] {
        pace.passes(note.kind, now: now.steady).map { [.note(note, alike: $0)] } ?? []
    }
}

extension NoticeMessage {
    /// The message's name among all messages.
    package var place: String { channel + " " + identity }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
