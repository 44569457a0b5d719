// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Tells those who are absent of messages, through Inngest.
///
/// The thin shell around `NoticePlanner`: it asks, keeps, sends, and does as it is told. Nothing
/// here holds up an event.
package final class Notices {
    /// Bytes that are added to what is kept before it is written anew.
    package static let appendedBytes = 1_048_576
    /// How often what is kept is written anew, where that changed.
    package static let upkeep: Duration = .seconds(600)
    /// How long a deleted message may still be in what is kept.
    package static let erasure: Duration = .seconds(1)

    /// Called with what is worth a log line.
    package var noted: ((NoticeNote, _ alike: UInt64) -> Void)?
    /// Calls that are on their way, by the notices' numbers.
    private var calls: [Int: HTTPCall] = [:]
    private let loop: EventLoop
    private let inngest: Inngest
    private let users: (String, @escaping ([String]?) -> Void) -> Void
    private let store: NoticeStore?
    private var planner: NoticePlanner
    private lazy var alarm = Alarm(loop) { [weak self] in
        guard let self else { return }
        perform(planner.timePassed(at: moment))
    }
    private var appended = 0
    private var isRewriteDue = false
    private var isStopped = false

    /// Goes on with what was kept; `reads` says who reads here, whether or not they are members,
    /// and `users` asks Channels who is on a channel.
    package init(
        loop: EventLoop, hub: Hub, configuration: NoticeConfiguration, inngest: Inngest,
        store: NoticeStore?, kept: [NoticeRecord], reads: @escaping (Attendee) -> Bool,
        users: @escaping (_ channel: String, _ done: @escaping ([String]?) -> Void) -> Void
    ) {
        self.loop = loop
        self.inngest = inngest
        self.users = users
        self.store = store
        let sight = NoticePlanner.Sight(
            isPresent: { pair in
                // First of all: it costs one look, and is right whatever Channels allows.
                reads(Attendee(pair.channel, pair.userID))
                    || hub.channel(pair.channel)?.isPresent(pair.userID) == true
            },
            isHeard: { hub.channel($0)?.isLive == true },
            seen: { hub.seenMembers.members(of: $0).map(\.member) })
        planner = NoticePlanner(configuration, sight: sight, jitter: Random.fraction)
        planner.restored(kept, at: moment)
        rewrite()
        alarm.set(planner.deadline)
        lookAfter()
    }

    /// What became of notices.
    package var tally: NoticeTally { planner.tally }
    /// Messages and notices that wait.
    package var pending: Int { planner.pending }

    /// An event came; only messages and what takes them back costs anything.
    func heard(_ event: HeardEvent, at now: Moment) {
        let channel = event.channel
        // Nobody knows who is absent from a channel without presence.
        guard !isStopped, channel.hasPrefix("presence-") else { return }
        if event.name == planner.configuration.message {
            let (message, flaw) = NoticeMessage.read(
                channel: channel, data: event.data, userID: event.sender, key: event.keys.own,
                configuration: planner.configuration, at: now.wall)
            if let flaw { perform(planner.flawed(flaw, on: channel, at: now)) }
            perform(planner.heard(message, at: now))
        }
        guard let key = event.keys.retracts else { return }
        perform(planner.retracted(key, on: channel, at: now))
        // What was settled before may still be in what is kept.
        if appended > 0 { rewriteSoon() }
    }

    /// Gives up the calls that are on their way; what waits is kept, where anything is.
    package func stop() {
        if isRewriteDue { rewrite() }
        isStopped = true
        alarm.set(nil)
        for call in calls.values { call.cancel() }
        calls = [:]
    }

    // MARK: - Doing

    private var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }

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
            case .note(let note, let alike): noted?(note, alike)
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

    /// Takes deleted messages out of what is kept; of many deletions at once, once.
    private func rewriteSoon() {
        guard store != nil, !isRewriteDue else { return }
        isRewriteDue = true
        loop.after(Self.erasure) { [weak self] in
            guard let self, isRewriteDue, !isStopped else { return }
            rewrite()
        }
    }

    private func rewrite() {
        isRewriteDue = false
        appended = 0
        store?.replace(planner.records(at: moment).flatMap(\.line))
    }

    private func ask(_ channel: String) {
        users(channel) { [weak self] users in
            guard let self, !isStopped else { return }
            perform(planner.answered(channel, users: users, at: moment))
        }
    }

    private func send(_ number: Int, _ event: NoticeEvent) {
        guard !isStopped else { return }
        calls[number] = inngest.send(event, loop: loop) { [weak self] outcome in
            guard let self, !isStopped else { return }
            calls[number] = nil
            perform(planner.ended(number, outcome, at: moment))
        }
    }

    private func lookAfter() {
        loop.after(Self.upkeep) { [weak self] in
            guard let self, !isStopped else { return }
            if appended > 0 { rewrite() }
            lookAfter()
        }
    }
}

extension Channel {
    /// Whether a user is to be a member by our doing, or is one as far as the channel was heard.
    fileprivate func isPresent(_ userID: String) -> Bool {
        if delegated[userID] != nil { return true }
        switch subscription {
        case .live, .away: return members[userID] != nil
        case .idle, .pending, .refused: return false
        }
    }
}
