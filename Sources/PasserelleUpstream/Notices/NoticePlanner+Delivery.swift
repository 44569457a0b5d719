// SPDX-License-Identifier: MIT

package import PasserelleHub

/// The way of a notice: asked about, sent, tried again, settled.
extension NoticePlanner {
    /// Channels told who is on a channel; nil: it did not.
    package mutating func answered(
        _ channel: String, users: [String]?, at now: Moment
    ) -> [Action] {
        var actions: [Action] = []
        let users = users.map(Set.init)
        let waiting = asked.removeValue(forKey: channel) ?? []
        for number in waiting {
            guard let delivery = deliveries[number], delivery.stage == .unasked else { continue }
            if users?.contains(delivery.pair.userID) == true {
                tally.present += 1
                settle(number, &actions)
            } else if users != nil || sight.isHeard(channel) {
                deliveries[number]?.stage = .ready
                deliveries[number]?.checkedAt = now.steady
                ready.append(number)
            } else {
                tryLater(number, .words("who is present is unknown"), now, &actions)
            }
        }
        if users == nil { actions += note(.unchecked(channel: channel), at: now) }
        if unasked[channel] != nil { channelsToAsk.append(channel) }
        return actions + proceed(at: now)
    }

    /// A call to Inngest ended.
    package mutating func ended(
        _ number: Int, _ outcome: NoticeOutcome, at now: Moment
    ) -> [Action] {
        guard let delivery = deliveries[number], delivery.stage == .calling else { return [] }
        calls -= 1
        var actions: [Action] = []
        switch outcome {
        case .sent:
            tally.sent += 1
            messages[delivery.message]?.told.insert(delivery.pair.userID)
            mark(delivery, now, &actions) { .sent($0, now.wall, place: $1) }
            settle(number, &actions)
            if failing != nil { actions += note(.recovered, at: now) }
            failing = nil
        case .refused(let status):
            tally.failed += 1
            unmark(delivery, &actions)
            giveUp(number, .status(status), now, &actions)
        case .failed(let cause):
            tally.failed += 1
            unmark(delivery, &actions)
            fail(number, cause, now, &actions)
        case .unknown(let cause):
            tally.failed += 1
            deliveries[number]?.mayHaveGone = true
            mark(delivery, now, &actions) { .sending($0, now.wall, place: $1) }
            fail(number, cause, now, &actions)
        }
        return actions + proceed(at: now)
    }

    /// A message's delay is over: finds its recipients.
    mutating func spread(_ number: Int, at now: Moment, _ actions: inout [Action]) {
        guard let held = messages[number] else { return }
        for recipient in recipients(of: held.message) where !held.told.contains(recipient.userID) {
            let pair = NoticePair(channel: held.message.channel, userID: recipient.userID)
            let isBegun = held.begun.contains(recipient.userID)
            if sight.isPresent(pair) {
                tally.present += 1
            } else if !isBegun, isThrottled(pair, at: now.steady) {
                tally.throttled += 1
            } else if deliveries.count >= NoticeConfiguration.notices {
                tally.dropped += 1
                actions += note(.overflow(limit: NoticeConfiguration.notices), at: now)
            } else {
                let notice = newNumber()
                deliveries[notice] = Delivery(
                    message: number, recipient: recipient, pair: pair, mayHaveGone: isBegun)
                messages[number]?.open.insert(notice)
                if lanes[pair] != nil {
                    lanes[pair]?.behind.append(notice)
                } else {
                    lanes[pair] = Lane(current: notice)
                    check(notice)
                }
            }
        }
        if messages[number]?.open.isEmpty == true { forget(number, &actions) }
    }

    /// Whether a new notice would come too soon; behind one that is on its way that is not known.
    private func isThrottled(_ pair: NoticePair, at now: Duration) -> Bool {
        guard let lane = lanes[pair] else { return marks.holds(pair, at: now) }
        return lane.behind.count >= NoticeConfiguration.behind
    }

    /// Whom a message is for, its sender and the gateway left out.
    private func recipients(of message: NoticeMessage) -> [Member] {
        let seen = sight.seen(message.channel)
        let all: [Member]
        switch message.recipients {
        case .everyone: all = seen
        case .named(let ids):
            let known = Dictionary(seen.map { ($0.userID, $0) }) { _, later in later }
            all = ids.map { known[$0] ?? Member(userID: $0, userInfo: nil) }
        }
        return all.filter { $0.userID != message.senderID && $0.userID != configuration.memberID }
    }

    /// Has Channels asked about a notice's recipient.
    mutating func check(_ number: Int) {
        guard let channel = deliveries[number]?.pair.channel else { return }
        deliveries[number]?.stage = .unasked
        if unasked[channel] == nil, asked[channel] == nil { channelsToAsk.append(channel) }
        unasked[channel, default: []].append(number)
    }

    /// Does what there is room for.
    mutating func proceed(at now: Moment) -> [Action] {
        var actions: [Action] = []
        while calls < NoticeConfiguration.calls, let number = ready.popFirst() {
            send(number, at: now, &actions)
        }
        while asked.count < NoticeConfiguration.calls, let channel = channelsToAsk.popFirst() {
            // Where a question is under way already, its answer brings the channel here again.
            guard asked[channel] == nil else { continue }
            var waiting: [Int] = []
            // Settling one may bring the next for the same recipient here.
            while let unsure = unasked.removeValue(forKey: channel) {
                for number in unsure where isWanted(number, at: now, &actions) {
                    waiting.append(number)
                }
            }
            guard !waiting.isEmpty else { continue }
            asked[channel] = waiting
            actions.append(.ask(channel: channel))
        }
        return actions
    }

    /// Whether a notice is still to go out; settles one that is not.
    private mutating func isWanted(
        _ number: Int, at now: Moment, _ actions: inout [Action]
    ) -> Bool {
        guard let delivery = deliveries[number] else { return false }
        if sight.isPresent(delivery.pair) {
            tally.present += 1
        } else if !delivery.mayHaveGone, marks.holds(delivery.pair, at: now.steady) {
            tally.throttled += 1
        } else {
            return true
        }
        settle(number, &actions)
        return false
    }

    private mutating func send(_ number: Int, at now: Moment, _ actions: inout [Action]) {
        guard let delivery = deliveries[number], delivery.stage == .ready,
            isWanted(number, at: now, &actions), let held = messages[delivery.message]
        else { return }
        if now.steady - delivery.checkedAt > NoticeConfiguration.presenceAge {
            return check(number)
        }
        guard now.steady - held.due < NoticeConfiguration.retriedFor else {
            return giveUp(number, .words("it could not be sent in time"), now, &actions)
        }
        calls += 1
        deliveries[number]?.stage = .calling
        // Until the call has ended, it may come through at any time up to then.
        let end = WallTime(
            milliseconds: now.wall.milliseconds + Inngest.timeout.milliseconds)
        mark(delivery, ahead: Inngest.timeout, now, &actions) { .sending($0, end, place: $1) }
        let event = NoticeEvent(
            held.message, for: delivery.recipient, configuration: configuration)
        actions.append(.send(number: number, event))
    }

    private mutating func mark(
        _ delivery: Delivery, ahead: Duration = .zero, _ now: Moment, _ actions: inout [Action],
        _ record: (NoticePair, _ place: String) -> NoticeRecord
    ) {
        guard let held = messages[delivery.message] else { return }
        if configuration.throttle > .zero {
            marks.set(delivery.pair, at: now.steady + ahead, now: now.steady)
        }
        actions.append(.keep(record(delivery.pair, held.message.place)))
    }

    /// Takes back the mark of a notice that surely did not go out.
    private mutating func unmark(_ delivery: Delivery, _ actions: inout [Action]) {
        guard !delivery.mayHaveGone else { return }
        marks.remove(delivery.pair)
        actions.append(.keep(.unsent(delivery.pair)))
    }

    private mutating func fail(
        _ number: Int, _ cause: NoticeCause, _ now: Moment, _ actions: inout [Action]
    ) {
        if failing != cause { actions += note(.failing(cause: cause), at: now) }
        failing = cause
        tryLater(number, cause, now, &actions)
    }

    private mutating func tryLater(
        _ number: Int, _ cause: NoticeCause, _ now: Moment, _ actions: inout [Action]
    ) {
        guard let delivery = deliveries[number], let held = messages[delivery.message] else {
            return
        }
        guard !held.isRetracted else {
            tally.retracted += 1
            return settle(number, &actions)
        }
        let failures = delivery.failures + 1
        deliveries[number]?.failures = failures
        let time = now.steady + Self.delay(failures: failures, jitter: jitter())
        guard time - held.due < NoticeConfiguration.retriedFor else {
            return giveUp(number, cause, now, &actions)
        }
        deliveries[number]?.stage = .waiting
        schedule.add(.notice(number), at: time)
    }

    private mutating func giveUp(
        _ number: Int, _ cause: NoticeCause, _ now: Moment, _ actions: inout [Action]
    ) {
        guard let delivery = deliveries[number], let held = messages[delivery.message] else {
            return
        }
        tally.givenUp += 1
        let event = NoticeEvent(
            held.message, for: delivery.recipient, configuration: configuration)
        actions += note(
            .givenUp(id: event.id, channel: delivery.pair.channel, cause: cause), at: now)
        settle(number, &actions)
    }

    /// Ends a notice, whatever became of it; the next for its recipient may go.
    mutating func settle(_ number: Int, _ actions: inout [Action]) {
        guard let delivery = deliveries.removeValue(forKey: number) else { return }
        if var lane = lanes.removeValue(forKey: delivery.pair) {
            if lane.current != number {
                lane.behind.removeAll { $0 == number }
                lanes[delivery.pair] = lane
            } else if !lane.behind.isEmpty {
                // At most `NoticeConfiguration.behind` are moved up.
                lane.current = lane.behind.removeFirst()
                lanes[delivery.pair] = lane
                check(lane.current)
            }
        }
        messages[delivery.message]?.open.remove(number)
        if messages[delivery.message]?.open.isEmpty == true { forget(delivery.message, &actions) }
    }

    /// Lets a message go all of whose notices are settled.
    mutating func forget(_ number: Int, _ actions: inout [Action]) {
        guard let held = messages.removeValue(forKey: number) else { return }
        numbers[held.message.place] = nil
        if let key = held.message.key {
            let name = held.message.channel + " " + key
            if keys[name] == number { keys[name] = nil }
        }
        if !held.isRetracted { actions.append(.keep(.settled(held.message.place))) }
    }

    /// How long to wait after a failure: from 1 s doubling up to 5 min, half of it by chance.
    ///
    /// | failures | delay |
    /// |---|---|
    /// | 1 | between 0.5 s and 1 s |
    /// | 2 | between 1 s and 2 s |
    /// | 10 and up | between 150 s and 300 s |
    static func delay(failures: Int, jitter: Double) -> Duration {
        let most = min(Duration.seconds(300), .seconds(1) * (1 << min(max(failures - 1, 0), 9)))
        return most * (0.5 + min(max(jitter, 0), 1) / 2)
    }
}
