// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleHub
import PasserelleNet
import PasserelleWire

/// A client's connection: decides the answers to its requests, and counts against its limits.
///
/// It lives until its link ends or a stream takes the link over. `HTTPServerConnection` limits the
/// time of a request; `StallWatch` covers clients that do not read their answer.
final class HTTPConnection: Stallable {
    /// The largest answer that is sent in one write; larger ones are sent in pieces.
    static let wholeBytes = 16_384
    /// The maximum size of the link's output queue; it must hold an answer that is sent in one
    /// write, or the last entry of a stream.
    static let outputLimit = 64 * 1_048_576

    /// How long a connection over the limit may take to send its request, which determines the form
    /// of the refusal.
    static let refusalTime: Duration = .seconds(1)

    let link: Link
    unowned let service: HTTPService
    let server: HTTPServerConnection
    /// The request that is being answered.
    private(set) var request: HTTPRequest?
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
    /// The answer that is sent in pieces.
    private(set) var output: AnswerOutput?
    /// The deadline for the client to receive the pending answer.
    private(set) var answerEnds: Duration?
    /// The parsed request of the last poll.
    private var question: ParsedPoll?
    /// True once a stream has taken over the link.
    private var isHandedOver = false
    /// The position in the order in which the service accepted connections.
    var number: UInt64 = 0

    var context: DownstreamContext { service.context }

    /// True while a poll waits for new entries.
    var isPolling: Bool { poll is PollReader }
    /// True while a request waits for its answer.
    var isAnswering: Bool { server.isAnswering }
    /// True while a request is being answered or its answer has not been sent completely.
    var isBusy: Bool { server.isBusy }
    /// The time of the last complete request, or of the accept.
    var lastRequest: Duration { server.lastRequest }

    init(link: Link, service: HTTPService, refusing refusal: Refusal? = nil) {
        self.link = link
        self.service = service
        self.refusal = refusal
        link.outputLimit = Self.outputLimit
        let limits = service.context.quotas.limits
        let header = refusal == nil ? limits.headerTime : min(limits.headerTime, Self.refusalTime)
        server = HTTPServerConnection(
            link: link, loop: service.context.loop, limits: limits.request,
            times: .init(header: header, body: limits.bodyTime, idle: limits.idleTime),
            isRefused: refusal != nil)
        server.isDraining = service.isDraining
        server.delegate = self
    }

    var heldBytes: Int { link.queuedBytes + (output?.heldBytes(context.hub) ?? 0) }

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
        server.close()
    }

    // MARK: - Requests

    /// Waits for the authorization of the request before it is answered.
    func waits(for admission: AuthRouteCache.RequestID) {
        if isAnswering { self.admission = admission }
    }

    /// Waits for the channels to be subscribed; cancelled if the client disconnects.
    func waits(for waiter: SubscriptionWaiter?) {
        if isAnswering, let waiter { waiting = waiter }
    }

    /// Waits for an answer; a request that was answered already must not be stored, since the
    /// current request may then be another one.
    func waits(for request: any WaitingRequest) {
        if isAnswering, !request.isDone { poll = request }
    }

    /// Returns true if `request` repeats the last poll.
    func repeatsLastPoll(_ request: HTTPRequest) -> Bool { question?.isAsked(by: request) ?? false }

    /// Returns the parsed poll; parses it only if it differs from the last one.
    func question(of request: HTTPRequest) throws(Refusal) -> ParsedPoll {
        if let question, question.isAsked(by: request) { return question }
        let new = try ParsedPoll(request, context.configuration)
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
            guard server.keepsAliveInHTTP11, crossOrigin == nil else {
                return self.answer(context.notModified.response(for: position))
            }
            endWaiting()
            server.answer(encoded: context.notModified.bytes(for: position))
        }
    }

    /// Answers the current request and continues with the next.
    func answer(_ response: HTTPResponse) {
        answer(response, AnswerBody(response.body))
    }

    /// Answers with a separate body; a large body is sent in pieces, as the client receives them.
    private func answer(_ response: HTTPResponse, _ body: AnswerBody) {
        guard server.isServing, isAnswering else { return }
        endWaiting()
        if service.isForReaders {
            let cost = RequestCost.of(bytes: body.count)
            context.quotas.charge(cost, to: from, through: link.peer)
        }
        var response = response
        addFields(to: &response.fields)
        if refusal != nil { service.removeRefused(self) }
        guard body.count > Self.wholeBytes, !server.isHEAD else {
            response.body = body.joined(context.encoder)
            return server.answer(response)
        }
        var whole = AnswerBody(server.head(of: response, bodyBytes: body.count))
        whole.append(body)
        output = AnswerOutput(whole)
        server.answerInPieces()
    }

    /// Answers a HEAD request for a stream with the stream's head only.
    func answerStreamHead(fields: HTTPFields) {
        guard server.isServing, isAnswering else { return }
        endWaiting()
        server.answerStreamHead(fields: fields)
    }

    private func endWaiting() {
        request = nil
        admission = nil
        waiting = nil
        poll = nil
    }

    /// Answers invalid input, after which the connection cannot continue.
    private func refuseForGood(_ refusal: Refusal) {
        server.beginFinalAnswer()
        refuse(refusal)
    }

    /// Refuses a connection over a limit before its request has arrived.
    func refuseWithoutRequest() {
        guard server.isServing, let refusal else { return }
        refuseForGood(refusal)
    }

    // MARK: - The end

    /// Accepts no further request.
    ///
    /// Closes immediately if none is being answered; answers a waiting poll with the entries
    /// available.
    func drain() {
        server.isDraining = true
        guard server.isServing else { return }
        if let poll { return poll.answer() }
        if waiting != nil || admission != nil {
            waiting?.cancel()
            cancelAdmission()
            return refuse(.draining)
        }
        if !isAnswering, output == nil { server.finish() }
    }

    /// Releases the link to a stream, which counts it from now on.
    func handOver() {
        request = nil
        isHandedOver = true
        server.handOver()
        link.resume()
    }

    private func cancelAdmission() {
        if let admission { context.authenticator?.cancel(admission) }
        admission = nil
    }
}

extension HTTPConnection: HTTPServerConnectionDelegate {
    func received(_ request: HTTPRequest) {
        // Only a request that can be repeated is handed over to another process.
        self.request = ["GET", "HEAD"].contains(request.method) ? request : nil
        service.serve(request, on: self)
    }

    func receivedInvalidRequest(_ error: HTTPError?) {
        guard let refusal = refusal ?? error.map({ Refusal($0) }) else { return }
        refuseForGood(refusal)
    }

    func timedOut(_ stage: HTTPServerConnection.Stage) {
        if let refusal { return refuseForGood(refusal) }
        switch stage {
        case .accepted, .idle:
            context.quotas.reached(stage == .idle ? .idleTime : .headerTime, by: from)
            link.isOpen ? server.finish() : abandon()
        case .head, .body:
            refuseForGood(
                Refusal(
                    408, "request-timeout", "The request did not arrive in time.",
                    limit: stage == .body ? .bodyTime : .headerTime))
        case .output: abandon()
        }
    }

    func writePiece() -> HTTPWriteResult {
        guard let count = output?.count, count > 0 else {
            output = nil
            return .complete
        }
        var piece = context.streams.scratch
        context.streams.scratch = []
        piece.removeAll(keepingCapacity: true)
        guard output?.fill(&piece, context.encoder) == true else { return .failed }
        let written = piece.withUnsafeBytes { link.write($0) }
        output?.took(written, context.encoder)
        let isShort = written < piece.count
        context.streams.scratch = piece
        return isShort ? .full : .written
    }

    /// Waits until the client has received the pending output; the connection may be closed here if
    /// the total output exceeds its limit.
    func outputWaits() {
        if answerEnds == nil {
            answerEnds = context.loop.now + context.quotas.limits.answerTime
        }
        context.stalls.becameFull(self)
        context.boundOutput()
    }

    func outputDrained() {
        pendingChannels = []
        guard answerEnds != nil else { return }
        answerEnds = nil
        context.stalls.becameWritable(self)
    }

    func ended(_ end: LinkEnd?) {
        if let end { context.stalls.ended(link, end) }
        if !isHandedOver, refusal == nil { service.ended(link) }
        context.stalls.becameWritable(self)
        cancelAdmission()
        waiting?.cancel()
        poll?.cancel()
        waiting = nil
        poll = nil
        output = nil
        service.forget(self)
    }
}
