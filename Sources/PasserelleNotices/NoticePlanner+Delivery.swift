// SPDX-License-Identifier: MIT

package import PasserelleHub
import PasserelleNet
import PasserelleUpstream

/// The life of a notice: presence check, call, retries, settlement.
extension NoticePlanner {
    /// Handles Channels' answer about a channel's users; `nil` if it gave none.
    package mutating func answered(
        _ channel: String, users: [String]?, at now: Moment
    ) -> [Action] {
        var actions: [Action] = []
        let users = users.map { Set($0.map { ByteKey($0) }) }
        let waiting = asked.removeValue(forKey: channel) ?? []
        for number in waiting {
            guard let delivery = deliveries[number], delivery.stage == .unasked else { continue }
            if users?.contains(ByteKey(delivery.pair.userID)) == true {
                tally.present += 1
                finish(number, &actions)
            } else if users != nil || lookup.isSubscribed(channel) {
                deliveries[number]?.stage = .ready
                deliveries[number]?.checkedAt = now.steady
                ready.append(number)
            } else {
                tryLater(number, .words("the present members are unknown"), now, &actions)
            }
        }
        if users == nil { actions += note(.unchecked(channel: channel), at: now) }
        if unasked[channel] != nil { channelsToAsk.append(channel) }
        return actions + proceed(at: now)
    }

    /// Handles the end of a call to Inngest.
    package mutating func ended(
        _ number: Int, _ outcome: NoticeOutcome, at now: Moment
    ) -> [Action] {
        guard let delivery = deliveries[number], delivery.stage == .calling else { return [] }
        calls -= 1
        var actions: [Action] = []
        switch outcome {
        case .sent:
            tally.sent += 1
            messages[delivery.message]?.notified.insert(ByteKey(delivery.pair.userID))
            mark(delivery, now, &actions) { .sent($0, now.wall, place: $1) }
            finish(number, &actions)
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
            deliveries[number]?.mayHaveBeenSent = true
            mark(delivery, now, &actions) { .sending($0, now.wall, place: $1) }
            fail(number, cause, now, &actions)
        }
        return actions + proceed(at: now)
    }

    /// Creates the notices of a message when its delay is over.
    package mutating func createNotices(_ number: Int, at now: Moment, _ actions: inout [Action]) {
        guard let held = messages[number] else { return }
        for recipient in recipients(of: held.message)
        where !held.notified.contains(ByteKey(recipient.userID)) {
            let pair = ChannelUser(held.message.channel, recipient.userID)
            let isBegun = held.begun.contains(ByteKey(recipient.userID))
            if lookup.isPresent(pair) {
                tally.present += 1
            } else if !isBegun, isThrottled(pair, at: now.steady) {
                tally.throttled += 1
            } else if deliveries.count >= NoticeConfiguration.notices {
                tally.dropped += 1
                actions += note(.overflow(limit: NoticeConfiguration.notices), at: now)
            } else {
                let notice = newNumber()
                deliveries[notice] = Delivery(
                    message: number, recipient: recipient, pair: pair, mayHaveBeenSent: isBegun)
                messages[number]?.open.insert(notice)
                if pairQueues[pair] != nil {
                    pairQueues[pair]?.behind.append(notice)
                } else {
                    pairQueues[pair] = PairQueue(current: notice)
                    check(notice)
                }
            }
        }
        if messages[number]?.open.isEmpty == true { forget(number, &actions) }
    }

    /// True if a new notice would come too soon; behind a pending notice this is decided later,
    /// unless its queue is full.
    private func isThrottled(_ pair: ChannelUser, at now: Duration) -> Bool {
        guard let queue = pairQueues[pair] else { return marks.holds(pair, at: now) }
        return queue.behind.count >= NoticeConfiguration.behind
    }

    /// The recipients of a message, except for its sender and the gateway's member.
    private func recipients(of message: NoticeMessage) -> [Member] {
        let seen = lookup.seen(message.channel)
        let all: [Member]
        switch message.recipients {
        case .everyone: all = seen
        case .named(let ids):
            let known = Dictionary(seen.map { (ByteKey($0.userID), $0) }) { _, later in later }
            all = ids.map { known[ByteKey($0)] ?? Member(userID: $0, userInfo: nil) }
        }
        return all.filter { member in
            ![message.senderID, configuration.memberID].contains {
                $0?.hasSameBytes(as: member.userID) == true
            }
        }
    }

    /// Schedules a presence check of a notice's recipient at Channels.
    package mutating func check(_ number: Int) {
        guard let channel = deliveries[number]?.pair.channel else { return }
        deliveries[number]?.stage = .unasked
        if unasked[channel] == nil, asked[channel] == nil { channelsToAsk.append(channel) }
        unasked[channel, default: []].append(number)
    }

    /// Starts calls and presence checks up to the limits of concurrent ones.
    package mutating func proceed(at now: Moment) -> [Action] {
        var actions: [Action] = []
        while calls < NoticeConfiguration.calls, let number = ready.popFirst() {
            send(number, at: now, &actions)
        }
        while asked.count < NoticeConfiguration.calls, let channel = channelsToAsk.popFirst() {
            // If a question is under way already, its answer adds the channel again.
            guard asked[channel] == nil else { continue }
            var waiting: [Int] = []
            // Settling a notice may add the next one for the same recipient.
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

    /// True if a notice is still to be sent; settles it otherwise.
    private mutating func isWanted(
        _ number: Int, at now: Moment, _ actions: inout [Action]
    ) -> Bool {
        guard let delivery = deliveries[number] else { return false }
        if lookup.isPresent(delivery.pair) {
            tally.present += 1
        } else if !delivery.mayHaveBeenSent, marks.holds(delivery.pair, at: now.steady) {
            tally.throttled += 1
        } else {
            return true
        }
        finish(number, &actions)
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
        // Until the call has ended, Inngest may accept the event at any time.
        let end = WallTime(
            milliseconds: now.wall.milliseconds + Inngest.timeout.milliseconds)
        mark(delivery, ahead: Inngest.timeout, now, &actions) { .sending($0, end, place: $1) }
        let event = NoticeEvent(
            held.message, for: delivery.recipient, configuration: configuration)
        actions.append(.send(number: number, event))
    }

    private mutating func mark(
        _ delivery: Delivery, ahead: Duration = .zero, _ now: Moment, _ actions: inout [Action],
        _ record: (ChannelUser, _ place: String) -> NoticeRecord
    ) {
        guard let held = messages[delivery.message] else { return }
        if configuration.throttle > .zero {
            marks.set(delivery.pair, at: now.steady + ahead, now: now.steady)
        }
        actions.append(.keep(record(delivery.pair, held.message.place)))
    }

    /// Removes the mark of a notice that was certainly not delivered.
    private mutating func unmark(_ delivery: Delivery, _ actions: inout [Action]) {
        guard !delivery.mayHaveBeenSent else { return }
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
            return finish(number, &actions)
        }
        let failures = delivery.failures + 1
        deliveries[number]?.failures = failures
        let half = Self.backoff.delay(failures: failures) / 2
        let time =
            now.steady
            + Self.backoff.delay(failures: failures, from: half, jitter: jitter())
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
        finish(number, &actions)
    }

    /// Ends a notice with any outcome, and starts the next one for its recipient.
    package mutating func finish(_ number: Int, _ actions: inout [Action]) {
        guard let delivery = deliveries.removeValue(forKey: number) else { return }
        if var queue = pairQueues.removeValue(forKey: delivery.pair) {
            if queue.current != number {
                queue.behind.removeAll { $0 == number }
                pairQueues[delivery.pair] = queue
            } else if !queue.behind.isEmpty {
                // Moves at most `NoticeConfiguration.behind` elements.
                queue.current = queue.behind.removeFirst()
                pairQueues[delivery.pair] = queue
                check(queue.current)
            }
        }
        messages[delivery.message]?.open.remove(number)
        if messages[delivery.message]?.open.isEmpty == true { forget(delivery.message, &actions) }
    }

    /// Removes a message when all its notices are settled.
    package mutating func forget(_ number: Int, _ actions: inout [Action]) {
        guard let held = messages.removeValue(forKey: number) else { return }
        numbers[ByteKey(held.message.place)] = nil
        if let key = held.message.key {
            let name = ByteKey(held.message.channel + " " + key)
            if keys[name] == number { keys[name] = nil }
        }
        if !held.isRetracted { actions.append(.keep(.settled(held.message.place))) }
    }
}
