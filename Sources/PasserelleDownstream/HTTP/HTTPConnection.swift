// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// A connection that speaks HTTP: requests are answered one at a time, in order.
///
/// It lives until its link ends or a stream takes the link over. Its timer covers waiting for a
/// request or the rest of one. `StallWatch` covers clients that do not read their answer.
final class HTTPConnection: LinkOwner, Stallable {
    /// The maximum size of pipelined requests held while a request is being answered.
    ///
    /// Over TLS, the rest of one record may be added. Further input stays in the kernel, and the
    /// disconnection of the client is noticed only when the answer is written.
    static let pipelinedBytes = 16_384
    /// The largest answer that is sent in one write; larger ones are sent in pieces.
    static let wholeBytes = 16_384
    /// The maximum size of the link's output queue; it must hold an answer that is sent in one
    /// write, or the last entry of a stream.
    static let outputLimit = 64 * 1_048_576

    /// How long a connection over the limit may take to send its request, which determines the form
    /// of the refusal.
    static let refusalTime: Duration = .seconds(1)

    /// The properties of the request that the answer depends on.
    private struct Exchange {
        let version: HTTPVersion
        let keepsAlive: Bool
        let isHEAD: Bool
    }

    let link: Link
    unowned let service: HTTPService
    private var parser: HTTPRequestParser
    /// The request that is being answered.
    private var current: Exchange?
    private var admission: AuthRouteCache.RequestID?
    /// The origin to which the current answer is exposed, if a page of another origin sent the
    /// request.
    var crossOrigin: String?
    /// The value of `Vary` in the current answer.
    var vary: String?
    /// True if a temporary refusal of the current request is sent as an event stream.
    var takesStream = false
    /// The refusal of the first request, if the connection is over a limit.
    let refusal: Refusal?
    /// The client address that trusted proxies reported for the current request.
    var client: PeerAddress?
    private var waiting: SubscriptionWaiter?
    private(set) var poll: (any WaitingRequest)?
    /// The channels of the messages in an answer that the client has not received completely.
    private var pendingChannels: [String] = []
    /// The answer that is sent in pieces, and whether the connection is kept alive after it.
    private var output: (answer: AnswerOutput, keepsAlive: Bool)?
    /// The deadline for the client to receive the pending answer.
    private(set) var answerEnds: Duration?
    /// True if the client has closed its sending side while an answer is sent in pieces.
    private var peerFinished = false
    /// The parsed request of the last poll.
    private var question: PollQuestion?
    private var deadline = Deadline()
    private var timer: TimerToken?
    /// True once no further request is answered and only the last answer is being sent.
    private var isEnding = false
    private var isOver = false
    /// True once a stream has taken over the link.
    private var isHandedOver = false
    /// True once a complete request has arrived.
    private var hasAsked = false
    /// The time of the last complete request, or of the accept.
    private(set) var lastAsked: Duration
    /// The position in the order in which the service accepted connections.
    var number: UInt64 = 0
    /// True while the body's timeout runs.
    private var isInBody = false
    /// True while `advance` runs, so that an immediate answer does not call it recursively.
    private var isAdvancing = false

    var context: DownstreamContext { service.context }
    private var limits: ClientLimits { context.quotas.limits }

    /// True while a poll waits for new entries.
    var isPolling: Bool { poll is PollReader }
    /// True while a request waits for its answer.
    var isAnswering: Bool { current != nil }

    init(link: Link, service: HTTPService, refusing refusal: Refusal? = nil) {
        self.link = link
        self.service = service
        self.refusal = refusal
        parser = HTTPRequestParser(limits: service.context.quotas.limits.request)
        lastAsked = service.context.loop.now
        link.owner = self
        link.outputLimit = Self.outputLimit
        link.receiveLimit = Int32(Self.pipelinedBytes)
        arm(refusal == nil ? limits.headerTime : min(limits.headerTime, Self.refusalTime))
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isOver, !isEnding else { return }
        let wasIdle = parser.isIdle && current == nil
        parser.append(bytes)
        if isBusy { return limitPipelined() }
        // For the first head, the timeout runs since the connection was accepted.
        if wasIdle, hasAsked { arm(limits.headerTime) }
        advance()
        if isBusy, !isOver, !isHandedOver { limitPipelined() }
    }

    /// Limits reading to the bytes that may be held while a request is being answered.
    private func limitPipelined() {
        let room = Self.pipelinedBytes - parser.waitingBytes
        guard room > 0 else { return link.pause() }
        link.receiveLimit = Int32(room)
    }

    func linkHasRoom(_ link: Link) {
        guard !isOver, !isEnding, current == nil else { return }
        guard output == nil else { return sendPieces() }
        rest()
        advance()
    }

    func linkPeerFinished(_ link: Link) {
        peerFinished = true
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        context.stalls.ended(link, end)
        release()
    }

    var heldBytes: Int { link.queuedBytes + (output?.answer.heldBytes(context.hub) ?? 0) }

    func cut() {
        abandon()
    }

    /// Closes the connection if its pending answer may contain a retracted message; the client
    /// repeats the request and is answered without the message.
    func retracted(by retractions: [Retraction]) {
        if retractions.contains(where: { pendingChannels.contains($0.channel) }) { abandon() }
    }

    /// Closes immediately, also during a handshake.
    func abandon() {
        link.close()
        release()
    }

    // MARK: - Requests

    /// True while a request is being answered or its answer has not been sent completely.
    var isBusy: Bool { current != nil || output != nil || link.queuedBytes > 0 }

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while !isOver, !isEnding, !isBusy {
            do throws(HTTPError) {
                guard let request = try parser.next() else { return awaitMore() }
                deadline.lift()
                hasAsked = true
                lastAsked = context.loop.now
                isInBody = false
                current = Exchange(
                    version: request.version, keepsAlive: request.keepsAlive && refusal == nil,
                    isHEAD: request.method == "HEAD")
                service.serve(request, on: self)
            } catch {
                refuseForGood(refusal ?? Refusal(error))
            }
        }
    }

    private func awaitMore() {
        // The refusal does not wait for the body.
        if let refusal, parser.isReadingBody { return refuseForGood(refusal) }
        link.receiveLimit = Int32(Self.pipelinedBytes)
        link.resume()
        if parser.takeExpectsContinue() { link.send(HTTPWriter.continueResponse) }
        if parser.isIdle, hasAsked {
            arm(limits.idleTime)
        } else if parser.isReadingBody, !isInBody {
            isInBody = true
            arm(limits.bodyTime)
        }
    }

    /// Waits for the authorization of the request before it is answered.
    func waits(for admission: AuthRouteCache.RequestID) {
        if current != nil { self.admission = admission }
    }

    /// Waits for the channels to be subscribed; cancelled if the client disconnects.
    func waits(for waiter: SubscriptionWaiter?) {
        if current != nil, let waiter { waiting = waiter }
    }

    /// Waits for an answer; a request that was answered already must not be stored, since the
    /// current request may then be another one.
    func waits(for request: any WaitingRequest) {
        if current != nil, !request.isDone { poll = request }
    }

    /// Returns true if `request` repeats the last poll.
    func repeatsLastPoll(_ request: HTTPRequest) -> Bool { question?.isAsked(by: request) ?? false }

    /// Returns the parsed poll; parses it only if it differs from the last one.
    func question(of request: HTTPRequest) throws(Refusal) -> PollQuestion {
        if let question, question.isAsked(by: request) { return question }
        let new = try PollQuestion(request, context.configuration)
        question = new.mayBeKept ? new : nil
        return new
    }

    // MARK: - Answers

    /// Answers a poll and continues with the next request.
    func answer(_ answer: Poll.Answer) {
        switch answer {
        case .news(let response, let body, let channels):
            pendingChannels = channels
            self.answer(response, body)
        case .unchanged(let position):
            let isPlain = current?.keepsAlive == true && current?.version == .http11
            guard isPlain, crossOrigin == nil, !service.isDraining, !isOver, !isEnding else {
                return self.answer(context.notModified.response(for: position))
            }
            _ = takeExchange()
            link.send(context.notModified.bytes(for: position))
            continueAfterAnswer(keepsAlive: true)
        }
    }

    /// Answers the current request and continues with the next.
    func answer(_ response: HTTPResponse) {
        answer(response, AnswerBody(response.body))
    }

    /// Answers with a separate body; a large body is sent in pieces, as the client receives them.
    private func answer(_ response: HTTPResponse, _ body: AnswerBody) {
        guard let exchange = takeExchange() else { return }
        if service.isForReaders {
            let cost = RequestCost.of(bytes: body.count)
            context.quotas.charge(cost, to: from, through: link.peer)
        }
        var response = response
        addFields(to: &response.fields)
        guard body.count > Self.wholeBytes, !exchange.isHEAD else {
            response.body = body.joined(context.encoder)
            link.send(
                HTTPWriter.response(
                    response, version: exchange.version, keepAlive: exchange.keepsAlive,
                    isHEAD: exchange.isHEAD))
            return continueAfterAnswer(keepsAlive: exchange.keepsAlive)
        }
        var whole = AnswerBody(
            HTTPWriter.head(
                of: response, bodyBytes: body.count, version: exchange.version,
                keepAlive: exchange.keepsAlive))
        whole.append(body)
        deadline.lift()
        // A client that closes its sending side still receives the whole answer.
        link.staysHalfOpen = true
        output = (AnswerOutput(whole), exchange.keepsAlive)
        sendPieces()
    }

    /// Writes pieces until the socket is full or the answer is complete, then continues.
    private func sendPieces() {
        while let (answer, keepsAlive) = output {
            guard answer.count > 0 else {
                output = nil
                link.staysHalfOpen = false
                return continueAfterAnswer(keepsAlive: keepsAlive && !peerFinished && !isDraining)
            }
            var piece = context.streams.scratch
            context.streams.scratch = []
            piece.removeAll(keepingCapacity: true)
            guard answer.fill(&piece, context.encoder) else { return abandon() }
            let written = piece.withUnsafeBytes { link.write($0) }
            output?.answer.took(written, context.encoder)
            let isShort = written < piece.count
            context.streams.scratch = piece
            if isShort { return awaitRoom() }
        }
    }

    /// Waits until the client has received the pending output; the connection may be closed here if
    /// the total output exceeds its limit.
    private func awaitRoom() {
        if answerEnds == nil { answerEnds = context.loop.now + limits.answerTime }
        context.stalls.becameFull(self)
        context.boundOutput()
    }

    /// Called when the client has received all output.
    private func outputDrained() {
        pendingChannels = []
        guard answerEnds != nil else { return }
        answerEnds = nil
        context.stalls.becameWritable(self)
    }

    /// Answers a HEAD request for a stream with the stream's head only.
    func answerStreamHead(fields: HTTPFields) {
        guard let exchange = takeExchange() else { return }
        let keepsAlive = exchange.keepsAlive && exchange.version == .http11
        link.send(
            HTTPWriter.streamHead(
                status: 200, fields: fields, version: exchange.version, keepAlive: keepsAlive))
        continueAfterAnswer(keepsAlive: keepsAlive)
    }

    private func takeExchange() -> Exchange? {
        guard !isOver, !isEnding, let exchange = current else { return nil }
        current = nil
        admission = nil
        waiting = nil
        poll = nil
        guard exchange.keepsAlive, service.isDraining else { return exchange }
        return Exchange(version: exchange.version, keepsAlive: false, isHEAD: exchange.isHEAD)
    }

    private func continueAfterAnswer(keepsAlive: Bool) {
        guard keepsAlive else { return finish() }
        rest()
        advance()
    }

    /// Waits for the client to receive the answer, to complete a request, or to start one.
    private func rest() {
        guard link.queuedBytes == 0 else {
            deadline.lift()
            return awaitRoom()
        }
        outputDrained()
        // If the parser is idle, `awaitMore` follows and sets the timer.
        if !parser.isIdle { arm(limits.headerTime) }
    }

    /// Answers invalid input, after which the connection cannot continue.
    private func refuseForGood(_ refusal: Refusal) {
        current = Exchange(version: .http11, keepsAlive: false, isHEAD: false)
        refuse(refusal)
    }

    /// Refuses a connection over a limit before its request has arrived.
    func refuseWithoutRequest() {
        guard !isOver, !isEnding, let refusal else { return }
        refuseForGood(refusal)
    }

    // MARK: - The end

    /// Accepts no further request.
    ///
    /// Closes immediately if none is being answered; answers a waiting poll with the entries
    /// available.
    func drain() {
        guard !isOver, !isEnding else { return }
        if let poll { return poll.answer() }
        if waiting != nil || admission != nil {
            waiting?.cancel()
            cancelAdmission()
            return refuse(.draining)
        }
        if current == nil, output == nil { finish() }
    }

    /// Closes once the last answer is sent, or when its client stalls.
    private func finish() {
        isEnding = true
        if refusal != nil { service.removeRefused(self) }
        parser = HTTPRequestParser()
        deadline.lift()
        if link.queuedBytes > 0 { awaitRoom() }
        link.finish()
    }

    /// Releases the link to a stream, which counts it from now on.
    func handOver() {
        isHandedOver = true
        link.receiveLimit = Int32(Self.pipelinedBytes)
        release()
    }

    /// Releases the link without closing it, and cancels all pending work.
    private func release() {
        guard !isOver else { return }
        isOver = true
        if !isHandedOver, refusal == nil { service.ended(link) }
        context.stalls.becameWritable(self)
        if let timer { context.loop.cancel(timer) }
        timer = nil
        cancelAdmission()
        waiting?.cancel()
        poll?.cancel()
        waiting = nil
        poll = nil
        output = nil
        service.forget(self)
    }

    private func cancelAdmission() {
        if let admission { context.authenticator?.cancel(admission) }
        admission = nil
    }

    // MARK: - Time

    private func arm(_ timeout: Duration) {
        if let alarm = deadline.move(to: context.loop.now + timeout) { setTimer(to: alarm) }
    }

    private func setTimer(to time: Duration) {
        if let timer { context.loop.cancel(timer) }
        // The closure retains the connection until `release` cancels the timer. A weak reference
        // would slow down reference counting, which every request does.
        timer = context.loop.after(time - context.loop.now) { [self] in timerFired() }
    }

    private func timerFired() {
        timer = nil
        switch deadline.fired(at: context.loop.now) {
        case .idle: break
        case .setAgain(let time): setTimer(to: time)
        case .reached: timedOut()
        }
    }

    private func timedOut() {
        guard !isOver, !isEnding, current == nil, output == nil else { return }
        if let refusal { return refuseForGood(refusal) }
        guard !parser.isIdle else {
            context.quotas.reached(hasAsked ? .idleTime : .headerTime, by: from)
            return link.isOpen ? finish() : abandon()
        }
        var refusal = Refusal(408, "request-timeout", "The request did not arrive in time.")
        refusal.limit = parser.isReadingBody ? .bodyTime : .headerTime
        refuseForGood(refusal)
    }
}
