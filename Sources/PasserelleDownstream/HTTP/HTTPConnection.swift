// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// One connection that speaks HTTP: requests in, one at a time, and their answers in order.
///
/// It lives until its link ends or a stream takes the link over. Its timer watches whatever it
/// waits for of the client: a request, or its rest; that an answer is read is for the stall watch.
final class HTTPConnection: LinkOwner, Stallable {
    /// Bytes of further requests that are taken in while one is being answered; with more of them,
    /// the rest waits in the kernel, and a client that leaves is noticed only by the answer.
    static let pipelinedBytes = 16_384
    /// Bytes of answers that may wait for a slow client; one answer is never cut.
    static let outputLimit = 64 * 1_048_576

    /// What the answer depends on besides the request's words.
    private struct Exchange {
        let version: HTTPVersion
        let keepsAlive: Bool
        let isHEAD: Bool
    }

    let link: Link
    private unowned let service: HTTPService
    private var parser: HTTPRequestParser
    /// The request that is being answered.
    private var current: Exchange?
    private var admission: Admission?
    /// The origin of the page elsewhere that may have the current answer.
    var crossOrigin: String?
    /// Who is behind the proxies that the current request came through.
    var client: PeerAddress?
    private var waiting: Waiter?
    private var poll: PollReader?
    /// The channels whose messages are in an answer that waits for the client.
    private var untaken: [String] = []
    /// The poll that was asked for last.
    private var question: PollQuestion?
    private var deadline = Deadline()
    private var timer: TimerToken?
    /// Bytes that came while a request was being answered.
    private var bytesBehind = 0
    /// True once nothing more is answered and only the last answer is on its way.
    private var isEnding = false
    private var isOver = false
    /// True once the link is a stream's.
    private var isHandedOver = false
    /// True once a whole request has come.
    private var hasAsked = false
    /// True while a body's time runs.
    private var isInBody = false
    /// True while `advance` runs, so that an answer given at once does not nest it.
    private var isAdvancing = false

    private var desk: Desk { service.desk }
    private var limits: ClientLimits { desk.quotas.limits }

    /// Whose the current request is, as far as anybody who is believed says.
    var from: PeerAddress { client ?? link.peer }
    /// True while it holds the answer to a poll until there is news.
    var isPolling: Bool { poll != nil }

    init(link: Link, service: HTTPService) {
        self.link = link
        self.service = service
        parser = HTTPRequestParser(limits: service.desk.quotas.limits.request)
        link.owner = self
        link.outputLimit = Self.outputLimit
        arm(limits.headerTime)
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isOver, !isEnding else { return }
        let wasIdle = parser.isIdle && current == nil
        parser.append(bytes)
        if isBusy {
            bytesBehind += bytes.count
            if bytesBehind > Self.pipelinedBytes { link.pause() }
            return
        }
        // The first head's time has run since the connection was accepted.
        if wasIdle, hasAsked { arm(limits.headerTime) }
        advance()
    }

    func linkHasRoom(_ link: Link) {
        guard !isOver, !isEnding, current == nil else { return }
        desk.stalls.isFree(self)
        untaken = []
        rest()
        advance()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        release()
    }

    func stalled() {
        abandon()
    }

    /// The client asks again, and is answered without them.
    func retracted(by deletions: [Burial]) {
        if deletions.contains(where: { untaken.contains($0.channel) }) { abandon() }
    }

    /// Closes at once, in the middle of a handshake too.
    private func abandon() {
        link.close()
        release()
    }

    // MARK: - Requests

    /// True while a request is being answered or its answer has not gone out.
    private var isBusy: Bool { current != nil || link.queuedBytes > 0 }

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while !isOver, !isEnding, !isBusy {
            do throws(HTTPError) {
                guard let request = try parser.next() else { return awaitMore() }
                deadline.lift()
                hasAsked = true
                isInBody = false
                current = Exchange(
                    version: request.version, keepsAlive: request.keepsAlive,
                    isHEAD: request.method == "HEAD")
                service.serve(request, on: self)
            } catch {
                refuseForGood(Refusal(error))
            }
        }
    }

    private func awaitMore() {
        bytesBehind = 0
        link.resume()
        if parser.takeExpectsContinue() { link.send(HTTPWriter.continueResponse) }
        if parser.isIdle, hasAsked {
            arm(limits.idleTime)
        } else if parser.hasHead, !isInBody {
            isInBody = true
            arm(limits.bodyTime)
        }
    }

    /// True once no further request is taken.
    var isDraining: Bool { service.isDraining }

    /// The answer comes when it is known whether the client may have it.
    func waits(for admission: Admission) {
        if current != nil { self.admission = admission }
    }

    /// The answer comes when the channels have been heard; a client that leaves waits no longer.
    func waits(for waiter: Waiter?) {
        if current != nil, let waiter { waiting = waiter }
    }

    /// The answer comes when there is news.
    func waits(for reader: PollReader) {
        if current != nil { poll = reader }
    }

    /// Says whether it is the last poll that is asked again.
    func asksAgain(_ request: HTTPRequest) -> Bool { question?.isAsked(by: request) ?? false }

    /// What a poll asks for; read only where the last one asked for something else.
    func question(of request: HTTPRequest) throws(Refusal) -> PollQuestion {
        if let question, question.isAsked(by: request) { return question }
        let new = try PollQuestion(request, desk.configuration)
        question = new.mayBeKept ? new : nil
        return new
    }

    // MARK: - Answers

    /// Answers a poll and goes on with the next request.
    func answer(_ answer: Poll.Answer) {
        switch answer {
        case .news(let response, let channels):
            self.answer(response)
            if link.queuedBytes > 0 { untaken = channels }
        case .unchanged(let position):
            let isPlain = current?.keepsAlive == true && current?.version == .http11
            guard isPlain, crossOrigin == nil, !service.isDraining, !isOver, !isEnding else {
                return self.answer(desk.notModified.response(for: position))
            }
            _ = takeExchange()
            link.send(desk.notModified.bytes(for: position))
            goOn(keepsAlive: true)
        }
    }

    /// Sends the answer to the current request and goes on with the next.
    func answer(_ response: HTTPResponse) {
        guard let exchange = takeExchange() else { return }
        var response = response
        if let crossOrigin { OriginRules.allow(crossOrigin, in: &response.fields) }
        link.send(
            HTTPWriter.response(
                response, version: exchange.version, keepAlive: exchange.keepsAlive,
                isHEAD: exchange.isHEAD))
        goOn(keepsAlive: exchange.keepsAlive)
    }

    /// Answers that the request is not served, and goes on with the next.
    func refuse(_ refusal: Refusal) {
        guard current != nil else { return }
        desk.tally.refused(refusal.word)
        desk.quotas.reached(refusal.limit, by: from)
        desk.services.refused(refusal.status, refusal.word, from)
        answer(refusal.response)
    }

    /// Answers a HEAD for a stream: the stream's head, and no stream.
    func answerStreamHead(fields: HTTPFields) {
        guard let exchange = takeExchange() else { return }
        let keepsAlive = exchange.keepsAlive && exchange.version == .http11
        link.send(
            HTTPWriter.streamHead(
                status: 200, fields: fields, version: exchange.version, keepAlive: keepsAlive))
        goOn(keepsAlive: keepsAlive)
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

    private func goOn(keepsAlive: Bool) {
        guard keepsAlive else { return finish() }
        rest()
        advance()
    }

    /// Waits for the client: to read the answer, to finish a request, or to begin one.
    private func rest() {
        guard link.queuedBytes == 0 else {
            deadline.lift()
            return desk.stalls.isFull(self)
        }
        // Where nothing of a next request has come, `awaitMore` follows and arms.
        if !parser.isIdle { arm(limits.headerTime) }
    }

    /// Answers what cannot be understood, after which nothing can be.
    private func refuseForGood(_ refusal: Refusal) {
        current = Exchange(version: .http11, keepsAlive: false, isHEAD: false)
        refuse(refusal)
    }

    // MARK: - The end

    /// No further request: closes at once where none is being answered; what waits is answered with
    /// what there is.
    func drain() {
        guard !isOver, !isEnding else { return }
        if let poll { return poll.answer() }
        if waiting != nil || admission != nil {
            waiting?.cancel()
            admission?.cancel()
            return refuse(.draining)
        }
        if current == nil { finish() }
    }

    /// Closes once the last answer is out, or is not being read.
    private func finish() {
        isEnding = true
        parser = HTTPRequestParser()
        deadline.lift()
        if link.queuedBytes > 0 { desk.stalls.isFull(self) }
        link.finish()
    }

    /// Lets go of the link, which a stream counts from now on.
    func handOver() {
        isHandedOver = true
        release()
    }

    /// Lets go of the link without closing it, and of everything that was waited for.
    private func release() {
        guard !isOver else { return }
        isOver = true
        if !isHandedOver { service.ended(link) }
        desk.stalls.isFree(self)
        if let timer { desk.loop.cancel(timer) }
        timer = nil
        admission?.cancel()
        waiting?.cancel()
        poll?.cancel()
        admission = nil
        waiting = nil
        poll = nil
        service.forget(self)
    }

    // MARK: - Time

    private func arm(_ timeout: Duration) {
        if let alarm = deadline.move(to: desk.loop.now + timeout) { setTimer(to: alarm) }
    }

    private func setTimer(to time: Duration) {
        if let timer { desk.loop.cancel(timer) }
        // Holds the connection, until `release` cancels it: nothing that each request counts
        // references of is to be held weakly.
        timer = desk.loop.after(time - desk.loop.now) { [self] in timerFired() }
    }

    private func timerFired() {
        timer = nil
        switch deadline.fired(at: desk.loop.now) {
        case .idle: break
        case .setAgain(let time): setTimer(to: time)
        case .reached: timedOut()
        }
    }

    private func timedOut() {
        guard !isOver, !isEnding, current == nil else { return }
        guard !parser.isIdle else {
            desk.quotas.reached(hasAsked ? .idleTime : .headerTime, by: from)
            return link.isOpen ? finish() : abandon()
        }
        var refusal = Refusal(408, "request-timeout", "The request took too long to come.")
        refusal.limit = parser.hasHead ? .bodyTime : .headerTime
        refuseForGood(refusal)
    }
}

extension Refusal {
    /// What is said to bytes that are no request.
    fileprivate init(_ error: HTTPError) {
        self.init(error.status, error.word, error.message)
        switch error.status {
        case 413: limit = .bodyBytes
        case 431: limit = .headerBytes
        default: break
        }
    }
}

extension HTTPError {
    /// The word for programs.
    fileprivate var word: String {
        switch status {
        case 413: "too-large"
        case 431: "head-too-large"
        case 501, 505: "not-supported"
        default: "bad-request"
        }
    }
}
