// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One connection to the Unix socket: commands in, replies and events out.
final class LineConnection: LinkOwner {
    /// Bytes that may wait for a slow peer before its events stay in the log and its commands in
    /// the kernel.
    static let waitingBytes = 65_536

    private let link: Link
    private unowned let service: LineService
    private var splitter = LineSplitter()
    private var readers: [String: LineReader] = [:]
    /// Commands whose answer is still to come.
    private var openCommands = 0
    private var peerFinished = false
    private var isOver = false

    private var desk: Desk { service.desk }

    init(link: Link, service: LineService) {
        self.link = link
        self.service = service
        link.owner = self
        link.staysHalfOpen = true
        // Replies are small; what is over the mark waits in the log, not here.
        link.outputLimit = 8 * 1_048_576
    }

    /// Writes what is queued and closes.
    func end() {
        guard !isOver else { return }
        link.finish()
        leave()
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isOver else { return }
        splitter.append(bytes)
        obey()
    }

    func linkHasRoom(_ link: Link) {
        guard !isOver else { return }
        for reader in readers.values { reader.pump() }
        if hasRoom {
            link.resume()
            obey()
        }
    }

    func linkPeerFinished(_ link: Link) {
        peerFinished = true
        endIfDone()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        leave()
    }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        for reader in readers.values { reader.leave() }
        readers = [:]
        service.forget(self)
    }

    /// A peer that says no more is kept only for what it still waits for.
    private func endIfDone() {
        if peerFinished, openCommands == 0, readers.isEmpty, splitter.isEmpty { end() }
    }

    // MARK: - Replies

    /// True while more may be put on the link.
    var hasRoom: Bool { link.queuedBytes < Self.waitingBytes }

    /// Sends lines that are already encoded.
    func send(_ lines: [UInt8]) {
        if !isOver { link.send(lines) }
    }

    private func reply(_ reply: LineReply) {
        send(reply.encoded())
    }

    private func fail(_ code: String, _ message: String) {
        desk.tally.refusals += 1
        reply(.error(code: code, message: message))
    }

    // MARK: - Commands

    private func obey() {
        while !isOver {
            guard hasRoom else { return link.pause() }
            do throws(LineError) {
                guard let line = try splitter.next() else { break }
                desk.tally.lines += 1
                obey(try LineCommand.parse(line.span))
            } catch {
                // An empty line is what people send to see whether anybody is there.
                if error != .empty { fail(error.code, error.message) }
            }
        }
        endIfDone()
    }

    private func obey(_ command: LineCommand) {
        switch command {
        case .subscribe(let channel, let after, let last):
            subscribe(channel, after: after, last: last)
        case .unsubscribe(let channel):
            guard let reader = readers.removeValue(forKey: channel) else {
                return fail("bad-channel", "The channel is not subscribed here.")
            }
            reader.leave()
            reply(.ok(verb: "UNSUBSCRIBE", words: [channel], json: nil))
        case .history(let channel, let after, let limit):
            history(channel, after: after, limit: limit)
        case .members(let channel): members(channel)
        case .channels: reply(.ok(verb: "CHANNELS", words: [], json: desk.channelList()))
        case .status: reply(.ok(verb: "STATUS", words: [], json: desk.services.status()))
        case .publish(let channel, let event, let data): publish(channel, event, data)
        case .typing: fail("bad-command", "TYPING is not in this version.")
        case .ping: reply(.ok(verb: "PING", words: [], json: nil))
        case .quit:
            reply(.ok(verb: "QUIT", words: [], json: nil))
            end()
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
        let reader = LineReader(channel: name, connection: self, desk: desk)
        readers[name] = reader
        reader.begin(from: start ?? last.map { .last(min($0, ReadRequest.eventLimit)) } ?? .now)
    }

    /// A subscription came to nothing.
    func refused(_ reader: LineReader, message: String) {
        readers[reader.channel] = nil
        reader.leave()
        fail("upstream-unavailable", message)
        endIfDone()
    }

    private func history(_ channel: String, after: String?, limit: Int?) {
        guard let (name, start) = check(channel, after: after) else { return }
        whenHeard(name) { [desk] in
            let reader = HistoryReader()
            desk.hub.attach(
                reader, to: [name], from: start ?? .earliest, wantsSnapshot: false, at: desk.now)
            let limit = max(1, min(limit ?? ReadRequest.eventLimit, ReadRequest.eventLimit))
            let excerpt = Excerpt(
                from: &reader.cursor, limit: limit, bytes: Poll.answerBytes, desk: desk)
            let position = desk.hub.position(at: reader.cursor.sequence).text
            desk.hub.detach(reader, at: desk.now)
            var json = Array(#"{"events":["#.utf8)
            json += excerpt.json
            json += Array(#"],"position":"\#(position)","more":\#(excerpt.hasMore)}"#.utf8)
            return .ok(verb: "HISTORY", words: [name], json: json)
        }
    }

    private func members(_ channel: String) {
        guard let (name, _) = check(channel, after: nil) else { return }
        whenHeard(name) { [desk] in
            .ok(verb: "MEMBERS", words: [name], json: desk.memberState(of: name))
        }
    }

    /// Replies once the channel has been heard, or says why it was not.
    private func whenHeard(_ channel: String, _ answer: @escaping () -> LineReply) {
        openCommands += 1
        Waiter(desk: desk, channels: [channel]) { [weak self] outcome in
            guard let self, !self.isOver else { return }
            self.openCommands -= 1
            do throws(Refusal) {
                try outcome.check()
                self.reply(answer())
            } catch {
                self.fail("upstream-unavailable", error.message)
            }
            self.endIfDone()
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
        openCommands += 1
        desk.services.publish(name, event, data) { [weak self] outcome in
            guard let self, !self.isOver else { return }
            self.openCommands -= 1
            switch outcome {
            case .sent: self.reply(.ok(verb: "PUBLISH", words: [name], json: nil))
            case .refused(let words):
                self.fail("forbidden", "Channels refuses the event: \(words)")
            case .unavailable(let words):
                self.fail("upstream-unavailable", "Nothing was sent: \(words)")
            case .unknown(let words):
                self.fail("upstream-unavailable", "Unknown whether it was sent: \(words)")
            }
            self.endIfDone()
        }
    }
}
