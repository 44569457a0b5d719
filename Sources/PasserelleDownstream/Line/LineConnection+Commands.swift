// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The commands of the line protocol.
extension LineConnection {
    /// Bytes of events in the answer to one `HISTORY`, so that its line does not exceed the limit.
    static let historyBytes = LineSplitter.maximumLength - 512

    func execute(_ command: LineCommand) {
        guard right == .publish || !command.sends else {
            return fail(
                "forbidden",
                "This user may only read. Grant publish in"
                    + " \(context.configuration.settingNames.lineUsers).")
        }
        switch command {
        case .subscribe(let channel, let after, let last, let events, let user, let skipsReplay):
            subscribe(
                channel, after: after, skipsReplay, last: last, events: events, as: user)
        case .unsubscribe(let channel): unsubscribe(channel)
        case .history(let channel, let after, let limit, let events, let skipsReplay):
            history(channel, after: after, skipsReplay, limit: limit, events: events)
        case .members(let channel): members(channel)
        case .channels: channels()
        case .status: reply { [service] in .ok(verb: "STATUS", words: [], json: service.status) }
        case .publish(let channel, let event, let data): publish(channel, event, data)
        case .typing(let channel, let user, let isTyping):
            typing(channel, user: user, isTyping: isTyping)
        case .revoke(let user, let channel): revoke(user, on: channel)
        case .upgrade: beginUpgrade()
        case .ping: reply(.ok(verb: "PING", words: [], json: nil))
        case .quit: quit()
        }
    }

    /// Checks a channel and parses a position; if either is invalid, refuses and returns `nil`.
    private func check(_ channel: String, after: String?) -> (channel: String, start: Start?)? {
        do throws(Refusal) {
            let name = try ReadRequest.check(channel: channel, context.configuration)
            guard let after else { return (name, nil) }
            return (name, try ReadRequest.start(after))
        } catch {
            let code = error.word == "bad-position" ? "bad-command" : error.word
            fail(code, error.message)
            return nil
        }
    }

    private func subscribe(
        _ channel: String, after: String?, _ skipsReplay: Bool, last: Int?, events: EventNames,
        as user: String?
    ) {
        guard let (name, start) = check(channel, after: after), isUser(user) else { return }
        guard readers[name] == nil else {
            return fail("bad-command", "The channel is already subscribed.")
        }
        let first = last.map { Start.last(min($0, ReadRequest.eventLimit)) }
        let ticket = reserveTicket()
        let reader = LineReader(channel: name, ticket: ticket, connection: self)
        readers[name] = reader
        whenSubscribed(name, ticket) { [weak self, weak reader] in
            guard let self, let reader else { return }
            reader.attach(
                from: start ?? first ?? .now, skipsReplay: skipsReplay, events: events, as: user)
            self.answer(ticket, .begins(reader))
        }
    }

    /// Checks that a reader can read as this user, or as none; if not, refuses the command.
    private func isUser(_ user: String?) -> Bool {
        do throws(Refusal) {
            _ = try ReaderIdentity.claimed(
                user: user, info: nil, reserved: context.configuration.memberID)
            return true
        } catch {
            fail(error.lineCode, error.message)
            return false
        }
    }

    private func unsubscribe(_ channel: String) {
        guard let reader = readers.removeValue(forKey: channel) else {
            return fail("bad-channel", "The channel is not subscribed.")
        }
        let ticket = reserveTicket()
        if !reader.hasBegun {
            cancelWait(reader.ticket)
            fail(reader.ticket, "bad-command", "The channel was unsubscribed before this answer.")
        }
        reader.detach()
        answer(ticket, .reply(.ok(verb: "UNSUBSCRIBE", words: [channel], json: nil)))
    }

    private func history(
        _ channel: String, after: String?, _ skipsReplay: Bool, limit: Int?, events: EventNames
    ) {
        guard let (name, start) = check(channel, after: after) else { return }
        let limit = max(1, min(limit ?? ReadRequest.eventLimit, ReadRequest.eventLimit))
        let ticket = reserveTicket()
        whenSubscribed(name, ticket) { [weak self, context] in
            self?.answer(
                ticket,
                .read(channel: name) {
                    Self.excerpt(
                        of: name, from: start ?? .earliest, skipsReplay, limit: limit,
                        events: events, at: context)
                })
        }
    }

    private static func excerpt(
        of name: String, from start: Start, _ skipsReplay: Bool, limit: Int, events: EventNames,
        at context: DownstreamContext
    ) -> LineReply {
        let channel = context.hub.requestChannel(named: name, at: context.now)
        var cursor = context.hub.cursor(
            on: [channel], from: start, skipsReplay: skipsReplay, wantsSnapshot: false,
            filter: context.filter(events))
        let excerpt = HistoryPage(
            from: &cursor, limit: limit, bytes: historyBytes, context: context)
        context.tally.lined.add(excerpt.delivered)
        let position = context.hub.position(at: cursor.sequence).text
        var json = Array(#"{"events":["#.utf8)
        json += excerpt.items.joined(context.encoder)
        json += Array(#"],"position":"\#(position)","more":\#(excerpt.hasMore)}"#.utf8)
        return .ok(verb: "HISTORY", words: [name], json: json)
    }

    private func members(_ channel: String) {
        guard let (name, _) = check(channel, after: nil) else { return }
        let ticket = reserveTicket()
        whenSubscribed(name, ticket) { [weak self, context] in
            self?.answer(
                ticket,
                .read(channel: nil) {
                    .ok(verb: "MEMBERS", words: [name], json: context.memberState(of: name))
                })
        }
    }

    private func channels() {
        let ticket = reserveTicket()
        guard !service.lists.isShort else {
            // Built when it can be sent, so that waiting answers do not each hold a list.
            return answer(
                ticket,
                .read(channel: nil) { [service] in
                    .ok(verb: "CHANNELS", words: [], json: service.lists.short)
                })
        }
        service.lists.ask { [weak self] json in
            self?.answer(ticket, .reply(.ok(verb: "CHANNELS", words: [], json: json)))
        }
    }

    private func typing(_ channel: String, user: String, isTyping: Bool) {
        guard let (name, _) = check(channel, after: nil) else { return }
        let signed: SignedClientEvent
        do throws(Refusal) {
            let identity = try ReaderIdentity.claimed(
                user: user, info: nil, reserved: context.configuration.memberID)
            signed = try context.sign(.typing(isTyping), on: name, as: identity)
        } catch {
            return fail(error.lineCode, error.message)
        }
        let ticket = reserveTicket()
        whenSubscribed(name, ticket) { [weak self, context] in
            context.send(signed) { refusal in
                guard let refusal else {
                    self?.answer(ticket, .reply(.ok(verb: "TYPING", words: [name], json: nil)))
                    return
                }
                self?.fail(ticket, refusal.lineCode, refusal.message)
            }
        }
    }

    private func revoke(_ user: String, on channel: String?) {
        let channels = channel.map { [$0] } ?? []
        let userID: String
        do throws(Refusal) {
            for channel in channels {
                _ = try ReadRequest.check(channel: channel, context.configuration)
            }
            let identity = try ReaderIdentity.claimed(
                user: user, info: nil, reserved: context.configuration.memberID)
            userID = identity?.userID ?? user
        } catch {
            return fail(error.lineCode, error.message)
        }
        let outcome = context.revoke(userID, on: channel)
        let ticket = reserveTicket()
        context.services.revoked(userID, channel, outcome, link.peer) { [weak self] isKept in
            self?.revoked(ticket, outcome, isKept: isKept)
        }
    }

    /// Answers a revocation once it is on disk and survives a restart.
    private func revoked(_ ticket: Ticket, _ outcome: RevocationOutcome, isKept: Bool) {
        let names = context.configuration.settingNames
        guard outcome.isRemembered else {
            context.quotas.reached(.revocations, by: link.peer)
            return fail(
                ticket, "rate-limited",
                "The user's readers were ended but can reconnect: the limit of remembered"
                    + " revocations is reached; raise \(names.revocations).")
        }
        guard isKept else {
            return fail(
                ticket, "internal",
                "The user's readers were ended, but a restart of the gateway loses the"
                    + " revocation: \(names.stateDirectory) cannot be written; see the log.")
        }
        let json = Array(#"{"streams":\#(outcome.streams)}"#.utf8)
        answer(ticket, .reply(.ok(verb: "REVOKE", words: [], json: json)))
    }

    private func beginUpgrade() {
        let ticket = reserveTicket()
        upgrade = ticket
        context.services.upgrade { [weak self] reason in
            guard let self else { return }
            upgrade = nil
            fail(ticket, "internal", "The running process stays: \(reason).")
        }
    }

    private func publish(_ channel: String, _ event: String, _ data: [UInt8]) {
        guard let (name, _) = check(channel, after: nil) else { return }
        guard !EventName.isReserved(event) else {
            return fail("forbidden", "Names that start with pusher are reserved.")
        }
        guard !Event.hasOwnPrefix(event) else {
            return fail("forbidden", "Names that start with passerelle: are reserved.")
        }
        guard data.count <= context.configuration.publishBytes else {
            let limit = context.configuration.publishBytes
            return fail("too-large", "An event's data has at most \(limit) bytes.")
        }
        let ticket = reserveTicket()
        context.services.publish(name, event, data) { [weak self] outcome in
            guard let self else { return }
            switch outcome {
            case .sent:
                self.answer(ticket, .reply(.ok(verb: "PUBLISH", words: [name], json: nil)))
            case .refused(let words):
                self.fail(ticket, "forbidden", "Channels refuses the event: \(words)")
            case .excess(let words):
                self.fail(ticket, "rate-limited", "Channels' rate limit is reached: \(words)")
            case .tooLarge(let words):
                self.fail(ticket, "too-large", "Channels refuses the event: \(words)")
            case .unavailable(let words):
                self.fail(ticket, "upstream-unavailable", "Nothing was sent: \(words)")
            case .unknown(let words):
                self.fail(ticket, "upstream-unavailable", "Unknown whether it was sent: \(words)")
            }
        }
    }
}

extension LineCommand {
    /// True if the command affects other clients and so requires the right to publish.
    fileprivate var sends: Bool {
        switch self {
        case .publish, .typing, .revoke, .upgrade: true
        default: false
        }
    }
}

extension Refusal {
    /// The error code of the line protocol.
    fileprivate var lineCode: String { status == 400 ? "bad-command" : word }
}
