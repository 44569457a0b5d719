// SPDX-License-Identifier: MIT

import PasserelleHTTP
package import PasserelleHub
package import PasserelleNet
package import PasserelleUpstream

/// Notifies absent users of messages through Inngest.
///
/// Performs the actions of a `NoticePlanner`: requests, storage, calls, log records. It never
/// delays the delivery of an event.
package final class Notices {
    /// Bytes appended to the store before it is rewritten.
    package static let appendedBytes = 1_048_576
    /// The interval at which the store is rewritten if it changed.
    package static let rewriteInterval: Duration = .seconds(600)
    /// How long a retracted message may remain in the store.
    package static let erasureDelay: Duration = .seconds(1)

    /// Called with records to log.
    package var onLog: ((NoticeLogRecord, _ alike: UInt64) -> Void)?
    /// Calls in flight, by the notices' numbers.
    private var calls: [Int: HTTPCall] = [:]
    private let loop: EventLoop
    private let inngest: Inngest
    private let users: (String, @escaping ([String]?) -> Void) -> Void
    private let store: NoticeStore?
    private var planner: NoticePlanner
    private lazy var alarm = Alarm(loop) { [weak self] in
        guard let self else { return }
        perform(planner.timePassed(at: loop.moment))
    }
    private var appended = 0
    private var isRewriteDue = false
    private var isStopped = false

    /// Continues with the `kept` records; `reads` returns true if the user has a reader here,
    /// member or not; `users` asks Channels for the users of a channel.
    package init(
        loop: EventLoop, hub: Hub, configuration: NoticeConfiguration, inngest: Inngest,
        store: NoticeStore?, kept: [NoticeRecord], reads: @escaping (ChannelUser) -> Bool,
        users: @escaping (_ channel: String, _ done: @escaping ([String]?) -> Void) -> Void
    ) {
        self.loop = loop
        self.inngest = inngest
        self.users = users
        self.store = store
        let lookup = NoticePlanner.Lookup(
            isPresent: { pair in
                // Readers first: a single lookup, correct even if Channels allows no member.
                reads(pair)
                    || hub.channel(pair.channel)?.isPresent(pair.userID) == true
            },
            isSubscribed: { hub.channel($0)?.isLive == true },
            seen: { hub.seenMembers.members(of: $0).map(\.member) })
        planner = NoticePlanner(configuration, lookup: lookup, jitter: Random.fraction)
        planner.restored(kept, at: loop.moment)
        rewrite()
        alarm.set(planner.deadline)
        scheduleRewrite()
    }

    /// The outcomes of notices.
    package var tally: NoticeCounters { planner.tally }
    /// The number of pending messages and notices.
    package var pending: Int { planner.pending }

    /// Handles an event; only messages and retractions cause work.
    package func received(_ event: ReceivedEvent, at now: Moment) {
        let channel = event.channel
        // Without presence, absent users are unknown.
        guard !isStopped, channel.utf8.starts(with: "presence-".utf8) else { return }
        if event.name.hasSameBytes(as: planner.configuration.message) {
            let (message, flaw) = NoticeMessage.read(
                channel: channel, data: event.data, userID: event.sender, key: event.keys.own,
                configuration: planner.configuration, at: now.wall)
            if let flaw { perform(planner.flawed(flaw, on: channel, at: now)) }
            perform(planner.received(message, at: now))
        }
        guard let key = event.keys.retracts else { return }
        perform(planner.retracted(key, on: channel, at: now))
        // Records of messages settled earlier may still be in the store.
        if appended > 0 { rewriteSoon() }
    }

    /// Completes the store, so that another process can read it.
    package func completeStore() {
        if isRewriteDue { rewrite() }
        store?.wait()
    }

    /// Cancels the calls in flight; pending notices remain in the store, if there is one.
    ///
    /// If another process has read the store, it is not written any more.
    package func stop(isHandedOver: Bool = false) {
        if isRewriteDue, !isHandedOver { rewrite() }
        isStopped = true
        alarm.set(nil)
        for call in calls.values { call.cancel() }
        calls = [:]
    }

    // MARK: - Actions

    private func perform(_ actions: [NoticePlanner.Action]) {
        guard !isStopped else { return }
        var lines: [UInt8] = []
        var events: [(number: Int, event: NoticeEvent)] = []
        var erases = false
        for action in actions {
            switch action {
            case .keep(let record): if store != nil { lines += record.line }
            case .erase: erases = true
            case .send(let number, let event): events.append((number, event))
            case .ask(let channel): ask(channel)
            case .note(let note, let alike): onLog?(note, alike)
            }
        }
        keep(lines) { [weak self] in
            for (number, event) in events { self?.send(number, event) }
        }
        if erases { rewriteSoon() }
        if appended > Self.appendedBytes { rewrite() }
        alarm.set(planner.deadline)
    }

    private func keep(_ lines: [UInt8], _ done: @escaping () -> Void) {
        guard let store, !lines.isEmpty else { return done() }
        appended += lines.count
        store.append(lines, done)
    }

    /// Schedules a rewrite that removes retracted messages; one rewrite serves many retractions.
    private func rewriteSoon() {
        guard store != nil, !isRewriteDue else { return }
        isRewriteDue = true
        loop.scheduleTask(in: Self.erasureDelay) { [weak self] in
            guard let self, isRewriteDue, !isStopped else { return }
            rewrite()
        }
    }

    private func rewrite() {
        isRewriteDue = false
        appended = 0
        store?.replace(planner.records(at: loop.moment).flatMap(\.line))
    }

    private func ask(_ channel: String) {
        users(channel) { [weak self] users in
            guard let self, !isStopped else { return }
            perform(planner.answered(channel, users: users, at: loop.moment))
        }
    }

    private func send(_ number: Int, _ event: NoticeEvent) {
        guard !isStopped else { return }
        calls[number] = inngest.send(event, loop: loop) { [weak self] outcome in
            guard let self, !isStopped else { return }
            calls[number] = nil
            perform(planner.ended(number, outcome, at: loop.moment))
        }
    }

    private func scheduleRewrite() {
        loop.scheduleTask(in: Self.rewriteInterval) { [weak self] in
            guard let self, !isStopped else { return }
            if appended > 0 { rewrite() }
            scheduleRewrite()
        }
    }
}

extension Channel {
    /// True if the user has a delegated membership, or was a member when the channel was last live.
    fileprivate func isPresent(_ userID: String) -> Bool {
        if delegated[ByteKey(userID)] != nil { return true }
        switch subscription {
        case .live, .away: return members[userID] != nil
        case .idle, .pending, .refused: return false
        }
    }
}

/// The outcomes of notices since the gateway started.
package struct NoticeCounters: Equatable, Sendable {
    /// Accepted by Inngest.
    package var sent: UInt64 = 0
    /// Within the throttle interval of an earlier notice.
    package var throttled: UInt64 = 0
    /// The recipient was present.
    package var present: UInt64 = 0
    /// The message was retracted before the notice was sent.
    package var retracted: UInt64 = 0
    /// Failed calls to Inngest, including retries.
    package var failed: UInt64 = 0
    /// Refused, or not delivered before the end of the retries.
    package var givenUp: UInt64 = 0
    /// Over a limit of pending messages or notices.
    package var dropped: UInt64 = 0

    package init() {}
}

/// A loggable event of notices, without any part of a message.
package enum NoticeLogRecord: Equatable, Sendable {
    /// A notice is given up.
    case givenUp(id: String, channel: String, cause: NoticeCause)
    /// A notice is retried; logged for the first failure and when the cause changes.
    case failing(cause: NoticeCause)
    /// Inngest accepts notices again.
    case recovered
    /// Channels did not answer which users are present.
    case unchecked(channel: String)
    /// A limit of pending messages or notices was exceeded.
    case overflow(limit: Int)
    /// The recipients are neither an id nor a list of ids.
    case badRecipients(channel: String)
    /// A message has no value at the recipients' path; logged once per channel.
    case noRecipients(channel: String)

    /// The key of the log throttle: records of the same kind are throttled together.
    package var kind: Int {
        switch self {
        case .givenUp: 0
        case .failing: 1
        case .recovered: 2
        case .unchecked: 3
        case .overflow: 4
        case .badRecipients: 5
        case .noRecipients: 6
        }
    }
}
