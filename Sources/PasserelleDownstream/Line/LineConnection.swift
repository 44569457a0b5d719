// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One connection to the Unix socket: commands in, replies in their order and events out.
final class LineConnection: LinkOwner, Stallable {
    /// Bytes that may wait for a slow peer before its events stay in the log and its commands in
    /// the kernel.
    static let waitingBytes = 65_536
    /// Commands that may be without an answer; further ones wait in the kernel.
    static let openCommands = 64
    /// Bytes that may wait in all: the above, and the one line that passes it.
    static let outputLimit = 64 * 1_048_576

    /// What answers a command.
    enum Answer {
        case reply(LineReply)
        /// What is held of a channel: read when its turn comes, so that what is deleted until then is
        /// not in it.
        case excerpt(channel: String, () -> LineReply)
        /// The subscription stands: its own first line is the answer.
        case begins(LineReader)
    }

    typealias Ticket = ReplyOrder<Answer>.Ticket

    let link: Link
    let service: LineService
    /// What its user may do.
    let right: LineRight
    /// The subscriptions, by channel.
    var readers: [String: LineReader] = [:]
    private var splitter = LineSplitter()
    private var order = ReplyOrder<Answer>()
    /// What commands wait for before they can be answered.
    private var waiters: [Ticket: Waiter] = [:]
    private var peerFinished = false
    private var isQuitting = false
    /// True while what was sent waits for the peer.
    private var isWatched = false
    /// The channels whose messages are in what waits for the peer.
    private var untaken: Set<String> = []
    private(set) var isOver = false
    private var isObeying = false

    var desk: Desk { service.desk }

    init(link: Link, service: LineService, right: LineRight) {
        self.link = link
        self.right = right
        self.service = service
        link.owner = self
        link.staysHalfOpen = true
        link.outputLimit = Self.outputLimit
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
        isWatched = false
        untaken = []
        desk.stalls.isFree(self)
        for reader in readers.values { reader.pump() }
        obey()
    }

    func linkPeerFinished(_ link: Link) {
        peerFinished = true
        // What comes before the end is a line, whether or not it is ended.
        if !splitter.isEmpty { splitter.append([UInt8(ascii: "\n")].span) }
        obey()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        desk.stalls.isFree(self)
        leave()
    }

    func stalled() {
        link.close()
        leave()
    }

    /// The peer comes back, and goes on behind them.
    func retracted(by deletions: [Burial]) {
        guard deletions.contains(where: { untaken.contains($0.channel) }) else { return }
        desk.stalls.isFree(self)
        link.close()
        leave()
    }

    private func leave() {
        guard !isOver else { return }
        isOver = true
        for reader in readers.values { reader.leave() }
        for waiter in waiters.values { waiter.cancel() }
        readers = [:]
        waiters = [:]
        service.forget(self)
    }

    // MARK: - Replies

    /// True while more may be put on the link.
    var hasRoom: Bool { link.queuedBytes < Self.waitingBytes }

    /// Sends lines that are already encoded; a channel is named where they have its messages.
    func send(_ lines: [UInt8], of channel: String? = nil) {
        guard !isOver else { return }
        link.send(lines)
        guard link.queuedBytes > 0 else { return }
        if let channel { untaken.insert(channel) }
        guard !isWatched else { return }
        isWatched = true
        desk.stalls.isFull(self)
    }

    /// Keeps the place of a command whose answer comes later.
    func ask() -> Ticket { order.asked() }

    /// Answers a command: at once where all before it are answered, else in its turn.
    func answer(_ ticket: Ticket, _ answer: Answer) {
        guard !isOver else { return }
        waiters[ticket] = nil
        order.answered(ticket, answer)
        while let next = order.next() {
            switch next {
            case .reply(let reply): send(reply.encoded())
            case .excerpt(let channel, let read): send(read().encoded(), of: channel)
            case .begins(let reader): reader.begin()
            }
        }
        obey()
    }

    /// Answers a command that can be answered at once.
    func reply(_ reply: LineReply) {
        answer(ask(), .reply(reply))
    }

    /// Refuses a command.
    func fail(_ code: String, _ message: String) {
        fail(ask(), code, message)
    }

    /// Refuses a command in its turn.
    func fail(_ ticket: Ticket, _ code: String, _ message: String) {
        desk.tally.refused(code)
        answer(ticket, .reply(.error(code: code, message: message)))
    }

    /// Goes on with a command once its channel has been heard, or says why it was not.
    func whenHeard(_ channel: String, _ ticket: Ticket, _ work: @escaping () -> Void) {
        let waiter = desk.whenHeard([channel]) { [weak self] outcome in
            guard let self, !self.isOver else { return }
            do throws(Refusal) {
                _ = try outcome.channels()
                work()
            } catch {
                self.refused(channel, ticket, error)
            }
        }
        if let waiter, !isOver { waiters[ticket] = waiter }
    }

    /// Waits no longer for what the command needs.
    func waitsNoLonger(_ ticket: Ticket) {
        waiters.removeValue(forKey: ticket)?.cancel()
    }

    private func refused(_ channel: String, _ ticket: Ticket, _ refusal: Refusal) {
        if let reader = readers[channel], reader.ticket == ticket {
            readers[channel] = nil
            reader.leave()
        }
        desk.quotas.reached(refusal.limit, by: link.peer)
        fail(
            ticket, refusal.limit == nil ? "upstream-unavailable" : "rate-limited", refusal.message)
    }

    // MARK: - Commands

    private func obey() {
        guard !isObeying, !isOver else { return }
        isObeying = true
        defer { isObeying = false }
        while !isOver, !isQuitting {
            guard hasRoom, order.count < Self.openCommands else { return link.pause() }
            do throws(LineError) {
                guard let line = try splitter.next() else { break }
                desk.tally.lines += 1
                obey(try LineCommand.parse(line.span))
            } catch {
                // An empty line is what people send to see whether anybody is there.
                if error != .empty { fail(error.code, error.message) }
            }
        }
        guard !isOver else { return }
        link.resume()
        endIfDone()
    }

    /// Says goodbye once everything before it is answered.
    func quit() {
        isQuitting = true
        reply(.ok(verb: "QUIT", words: [], json: nil))
    }

    /// A peer that says no more is kept only for what it still waits for.
    private func endIfDone() {
        guard order.isEmpty else { return }
        if isQuitting || (peerFinished && readers.isEmpty && splitter.isEmpty) { end() }
    }
}
