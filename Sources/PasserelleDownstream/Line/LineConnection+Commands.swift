// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// What each verb does (design §8).
extension LineConnection {
    /// Bytes of events in the answer to one `HISTORY`, so that its line stays within the bound.
    static let historyBytes = LineSplitter.maximumLength - 512

    func obey(_ command: LineCommand) {
        guard right == .publish || !command.sends else {
            return fail(
                "forbidden",
                "This user may only read here; PASSERELLE_IPC_USERS says who may send.")
        }
        switch command {
        case .subscribe(let channel, let after, let last):
            subscribe(channel, after: after, last: last)
        case .unsubscribe(let channel): unsubscribe(channel)
        case .history(let channel, let after, let limit):
            history(channel, after: after, limit: limit)
        case .members(let channel): members(channel)
        case .channels: reply(.ok(verb: "CHANNELS", words: [], json: desk.channelList()))
        case .status: reply(.ok(verb: "STATUS", words: [], json: desk.services.status()))
        case .publish(let channel, let event, let data): publish(channel, event, data)
        case .typing(let channel, let user, let isTyping):
            typing(channel, user: user, isTyping: isTyping)
        case .ping: reply(.ok(verb: "PING", words: [], json: nil))
        case .quit: quit()
        }
    }

    /// Checks a channel and reads a position; answers the refusal itself.
    private func check(_ channel: String, after: String?) -> (channel: String, start: Start?)? {
        do throws(Refusal) {
            let name = try ReadRequest.check(
                channel: channel, allowed: desk.configuration.channels)
            guard let after else { return (name, nil) }
            return (name, try ReadRequest.start(after))
        } catch {
            let code = error.word == "bad-position" ? "bad-command" : error.word
            fail(code, error.message)
            return nil
        }
    }

    private func subscribe(_ channel: String, after: String?, last: Int?) {
        guard let (name, start) = check(channel, after: after) else { return }
        guard readers[name] == nil else {
            return fail("bad-command", "The channel is subscribed here already.")
        }
        let first = last.map { Start.last(min($0, ReadRequest.eventLimit)) }
        let ticket = ask()
        let reader = LineReader(channel: name, ticket: ticket, connection: self)
        readers[name] = reader
        whenHeard(name, ticket) { [weak self, weak reader] in
            guard let self, let reader else { return }
            reader.attach(from: start ?? first ?? .now)
            self.answer(ticket, .begins(reader))
        }
    }

    private func unsubscribe(_ channel: String) {
        guard let reader = readers.removeValue(forKey: channel) else {
            return fail("bad-channel", "The channel is not subscribed here.")
        }
        let ticket = ask()
        if !reader.hasBegun {
            waitsNoLonger(reader.ticket)
            fail(reader.ticket, "bad-command", "The channel was unsubscribed before its answer.")
        }
        reader.leave()
        answer(ticket, .reply(.ok(verb: "UNSUBSCRIBE", words: [channel], json: nil)))
    }

    private func history(_ channel: String, after: String?, limit: Int?) {
        guard let (name, start) = check(channel, after: after) else { return }
        let limit = max(1, min(limit ?? ReadRequest.eventLimit, ReadRequest.eventLimit))
        let ticket = ask()
        whenHeard(name, ticket) { [weak self, desk] in
            self?.answer(
                ticket,
                .excerpt(channel: name) {
                    Self.excerpt(of: name, from: start ?? .earliest, limit: limit, at: desk)
                })
        }
    }

    private static func excerpt(
        of name: String, from start: Start, limit: Int, at desk: Desk
    ) -> LineReply {
        let channel = desk.hub.asked(for: name, at: desk.now)
        var cursor = desk.hub.cursor(on: [channel], from: start, wantsSnapshot: false)
        let excerpt = Excerpt(from: &cursor, limit: limit, bytes: historyBytes, desk: desk)
        desk.tally.lined.add(excerpt.told)
        let position = desk.hub.position(at: cursor.sequence).text
        var json = Array(#"{"events":["#.utf8)
        json += excerpt.json
        json += Array(#"],"position":"\#(position)","more":\#(excerpt.hasMore)}"#.utf8)
        return .ok(verb: "HISTORY", words: [name], json: json)
    }

    private func members(_ channel: String) {
        guard let (name, _) = check(channel, after: nil) else { return }
        let ticket = ask()
        whenHeard(name, ticket) { [weak self, desk] in
            let json = desk.memberState(of: name)
            self?.answer(ticket, .reply(.ok(verb: "MEMBERS", words: [name], json: json)))
        }
    }

    private func typing(_ channel: String, user: String, isTyping: Bool) {
        guard let (name, _) = check(channel, after: nil) else { return }
        let signed: SignedClientEvent
        do throws(Refusal) {
            let identity = try ReaderIdentity.claimed(
                user: user, info: nil, reserved: desk.configuration.memberID)
            signed = try desk.sign(.typing(isTyping), on: name, as: identity)
        } catch {
            return fail(error.lineCode, error.message)
        }
        let ticket = ask()
        whenHeard(name, ticket) { [weak self, desk] in
            desk.send(signed) { refusal in
                guard let refusal else {
                    self?.answer(ticket, .reply(.ok(verb: "TYPING", words: [name], json: nil)))
                    return
                }
                self?.fail(ticket, refusal.lineCode, refusal.message)
            }
        }
    }

    private func publish(_ channel: String, _ event: String, _ data: [UInt8]) {
        guard let (name, _) = check(channel, after: nil) else { return }
        guard !EventName.isReserved(event) else {
            return fail("forbidden", "Names that start with pusher belong to Channels.")
        }
        guard data.count <= desk.configuration.publishBytes else {
            let limit = desk.configuration.publishBytes
            return fail("too-large", "An event's data has at most \(limit) bytes.")
        }
        let ticket = ask()
        desk.services.publish(name, event, data) { [weak self] outcome in
            guard let self else { return }
            switch outcome {
            case .sent:
                self.answer(ticket, .reply(.ok(verb: "PUBLISH", words: [name], json: nil)))
            case .refused(let words):
                self.fail(ticket, "forbidden", "Channels refuses the event: \(words)")
            case .excess(let words):
                self.fail(ticket, "rate-limited", "Channels takes no more for now: \(words)")
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
    /// Whether it makes others hear something.
    fileprivate var sends: Bool {
        switch self {
        case .publish, .typing: true
        default: false
        }
    }
}

extension Refusal {
    /// The line protocol's word for it.
    fileprivate var lineCode: String { status == 400 ? "bad-command" : word }
}
