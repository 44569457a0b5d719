// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One connection to the Unix socket: reads commands, sends replies in their order, and events.
final class LineConnection: LinkOwner, Stallable {
    /// Bytes that may wait for a slow peer; beyond that, its events are left in the log and its
    /// commands in the kernel.
    static let waitingBytes = 65_536
    /// Bytes of commands received in one read.
    static let receiveBytes = 16_384
    /// Commands that may be unanswered; further ones wait in the kernel.
    static let openCommands = 64
    /// Commands executed in one turn; further ones are executed in the next.
    static let commandsPerTurn = 256
    /// Bytes that may wait in all: `waitingBytes`, and the one line that exceeds it.
    static let outputLimit = 64 * 1_048_576

    /// The answer to a command.
    enum Answer {
        case reply(LineReply)
        /// A reply that is built when it can be sent, so that it takes no memory until then and
        /// does not contain messages deleted meanwhile; `channel` is set if it contains messages.
        case read(channel: String?, () -> LineReply)
        /// The start of a subscription: its first line is the answer.
        case begins(LineReader)
    }

    typealias Ticket = ReplyOrder<Answer>.Ticket

    let link: Link
    let service: LineService
    /// The rights of the connected user.
    let right: LineRight
    /// The subscriptions by channel.
    var readers: [String: LineReader] = [:]
    var splitter = LineSplitter()
    private(set) var order = ReplyOrder<Answer>()
    /// The pending channel subscriptions of commands that are not answered yet.
    private var waiters: [Ticket: SubscriptionWaiter] = [:]
    private(set) var peerFinished = false
    private(set) var isQuitting = false
    /// True if the peer was told that Channels is away.
    var hasReportedOutage = false
    /// True while the stall watch observes the connection because output waits.
    private var isWatched = false
    /// The channels that have messages in the waiting output.
    private(set) var waitingChannels: Set<String> = []
    private(set) var isEnded = false
    /// The command that waits for the process to be replaced.
    var upgrade: Ticket?
    private var isExecuting = false
    /// The turn in which commands were last executed, and their number.
    private var turn: Duration?
    private var executed = 0
    private var isDueNextTurn = false

    var context: DownstreamContext { service.context }

    init(link: Link, service: LineService, right: LineRight) {
        self.link = link
        self.right = right
        self.service = service
        link.owner = self
        link.staysHalfOpen = true
        link.outputLimit = Self.outputLimit
        link.receiveLimit = Int32(Self.receiveBytes)
    }

    /// Writes the queued output and closes.
    func end() {
        guard !isEnded else { return }
        link.finish()
        detach()
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isEnded else { return }
        splitter.append(bytes)
        execute()
    }

    func linkBecameWritable(_ link: Link) {
        guard !isEnded else { return }
        isWatched = false
        waitingChannels = []
        context.stalls.becameWritable(self)
        sendAnswers()
        for reader in readers.values { reader.pump() }
        sendUpstream()
        execute()
    }

    func linkPeerFinished(_ link: Link) {
        peerFinished = true
        // The last bytes are a line, even if the newline is missing.
        if !splitter.isEmpty { splitter.append([UInt8(ascii: "\n")].span) }
        execute()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        context.stalls.becameWritable(self)
        detach()
    }

    func cut() {
        link.close()
        detach()
    }

    /// Cuts the connection if waiting output may contain a retracted message; the peer can
    /// reconnect and continue after it.
    func retracted(by retractions: [Retraction]) {
        guard retractions.contains(where: { waitingChannels.contains($0.channel) }) else { return }
        context.stalls.becameWritable(self)
        link.close()
        detach()
    }

    private func detach() {
        guard !isEnded else { return }
        isEnded = true
        for reader in readers.values { reader.detach() }
        for waiter in waiters.values { waiter.cancel() }
        readers = [:]
        waiters = [:]
        service.forget(self)
    }

    // MARK: - Replies

    /// True while more output may be queued.
    var hasRoom: Bool { !isEnded && link.queuedBytes < Self.waitingBytes }

    /// Sends encoded lines; `channel` is set if they contain messages of that channel.
    func send(_ lines: [UInt8], of channel: String? = nil) {
        guard !isEnded else { return }
        link.send(lines)
        guard link.queuedBytes > 0 else { return }
        if let channel { waitingChannels.insert(channel) }
        guard !isWatched else { return context.stalls.grew(self) }
        isWatched = true
        context.stalls.becameFull(self)
    }

    /// Sends `passerelle:upstream` if the connection has a subscription and the peer was told the
    /// other state; if there is no room, the event waits until there is.
    func sendUpstream() {
        let upstream = context.upstream
        guard hasReportedOutage != upstream.isAway, hasRoom,
            readers.values.contains(where: \.hasBegun)
        else { return }
        hasReportedOutage = upstream.isAway
        let form = upstream.form
        send(Array("EVENT ".utf8) + form.bytes[form.json] + [UInt8(ascii: "\n")])
    }

    /// Reserves the place in the order for a command that is answered later.
    func reserveTicket() -> Ticket { order.reserve() }

    /// Answers a command: at once if all earlier ones are answered, otherwise after them.
    func answer(_ ticket: Ticket, _ answer: Answer) {
        guard !isEnded else { return }
        waiters[ticket] = nil
        order.answered(ticket, answer)
        sendAnswers()
        execute()
    }

    /// Sends the answers that are next in order while there is room.
    private func sendAnswers(despiteRoom: Bool = false) {
        while hasRoom || despiteRoom, !isEnded, let next = order.next() {
            switch next {
            case .reply(let reply): send(reply.encoded())
            case .read(let channel, let read): send(read().encoded(), of: channel)
            case .begins(let reader):
                reader.begin()
                sendUpstream()
            }
        }
    }

    /// Answers a command with a reply that is built when it can be sent.
    func reply(reading read: @escaping () -> LineReply) {
        answer(reserveTicket(), .read(channel: nil, read))
    }

    /// Answers a command at once, in its place in the order.
    func reply(_ reply: LineReply) {
        answer(reserveTicket(), .reply(reply))
    }

    /// Refuses a command that has no place in the order yet.
    func fail(_ code: String, _ message: String) {
        fail(reserveTicket(), code, message)
    }

    /// Refuses a command in its place in the order.
    func fail(_ ticket: Ticket, _ code: String, _ message: String) {
        context.tally.refused(code)
        answer(ticket, .reply(.error(code: code, message: message)))
    }

    /// Calls `work` once the channel is subscribed; refuses the command if that fails.
    func whenSubscribed(_ channel: String, _ ticket: Ticket, _ work: @escaping () -> Void) {
        let waiter = context.whenSubscribed([channel], by: requester) { [weak self] outcome in
            guard let self, !self.isEnded else { return }
            do throws(Refusal) {
                _ = try outcome.channels()
                work()
            } catch {
                self.refused(channel, ticket, error)
            }
        }
        if let waiter, !isEnded { waiters[ticket] = waiter }
    }

    /// The owner of held channels: users that may only read have a share, like all other clients.
    private var requester: Requester {
        guard right == .read, let user = link.peer.userID else { return Requester() }
        return Requester(holder: .localUser(user))
    }

    /// Cancels the pending channel subscription of a command.
    func cancelWait(_ ticket: Ticket) {
        waiters.removeValue(forKey: ticket)?.cancel()
    }

    private func refused(_ channel: String, _ ticket: Ticket, _ refusal: Refusal) {
        if let reader = readers[channel], reader.ticket == ticket {
            readers[channel] = nil
            reader.detach()
        }
        context.quotas.reached(refusal.limit, by: link.peer)
        fail(
            ticket, refusal.limit == nil ? "upstream-unavailable" : "rate-limited", refusal.message)
    }

    // MARK: - Commands

    private func execute() {
        guard !isExecuting, !isEnded else { return }
        isExecuting = true
        defer { isExecuting = false }
        if turn != context.loop.now { (turn, executed) = (context.loop.now, 0) }
        while !isEnded, !isQuitting {
            guard hasRoom, upgrade == nil, order.count < Self.openCommands else {
                return link.pause()
            }
            guard executed < Self.commandsPerTurn else { return executeInNextTurn() }
            do throws(LineError) {
                guard let line = try splitter.next() else { break }
                executed += 1
                context.tally.lines += 1
                execute(try LineCommand.parse(line.span))
            } catch {
                // An empty line is ignored; people send it to test the connection.
                if error != .empty { fail(error.code, error.message) }
            }
        }
        guard !isEnded else { return }
        link.resume()
        endIfDone()
    }

    /// Answers every command, so that another process can continue the connection.
    func settle() {
        for ticket in order.unanswered where ticket != upgrade {
            cancelWait(ticket)
            for (channel, reader) in readers where reader.ticket == ticket && !reader.hasBegun {
                readers[channel] = nil
                reader.detach()
            }
            fail(ticket, "upstream-unavailable", "The gateway is being replaced; repeat this.")
        }
        sendAnswers(despiteRoom: true)
    }

    /// Continues with commands after a hand-over.
    func continueHandedOver() {
        for reader in readers.values { reader.pump() }
        sendUpstream()
        execute()
    }

    private func executeInNextTurn() {
        link.pause()
        guard !isDueNextTurn else { return }
        isDueNextTurn = true
        context.loop.scheduleTask(in: .zero) { [weak self] in
            self?.isDueNextTurn = false
            self?.turn = nil
            self?.execute()
        }
    }

    /// Answers `QUIT` after all earlier commands; then the connection ends.
    func quit() {
        isQuitting = true
        reply(.ok(verb: "QUIT", words: [], json: nil))
    }

    /// Ends the connection if it has quit, or if the peer has finished sending and no reader,
    /// command or answer is left.
    private func endIfDone() {
        guard order.isEmpty else { return }
        if isQuitting || (peerFinished && readers.isEmpty && splitter.isEmpty) { end() }
    }
}
