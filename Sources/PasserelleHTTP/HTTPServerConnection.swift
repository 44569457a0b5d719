// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The server's side of an HTTP/1.1 connection: requests are answered one at a time, in order.
///
/// It reads, parses and pipelines requests, writes the answers, keeps the connection alive, and
/// limits how long a request may take. Its delegate decides the answers. It lives until its link
/// ends or is handed over; it holds its delegate until then.
package final class HTTPServerConnection: LinkOwner {
    /// The maximum size of pipelined requests held while a request is being answered.
    ///
    /// Over TLS, the rest of one record may be added. Further input stays in the kernel, and the
    /// disconnection of the client is noticed only when the answer is written.
    package static let pipelinedBytes = 16_384

    /// The time limits of one connection.
    package struct Timeouts: Sendable {
        /// How long a head may take to arrive; for the first head, from the accept.
        package var header: Duration
        /// How long a body may take to arrive, from the end of its head.
        package var body: Duration
        /// How long the connection may be idle between two requests.
        package var idle: Duration
        /// How long the client may take to receive an answer; `nil` if the delegate limits it.
        package var output: Duration?

        /// Creates time limits.
        package init(header: Duration, body: Duration, idle: Duration, output: Duration? = nil) {
            self.header = header
            self.body = body
            self.idle = idle
            self.output = output
        }
    }

    /// The stage of the connection at which its time limit is reached.
    package enum Stage: Equatable, Sendable {
        /// No byte of the first request has arrived.
        case accepted
        /// The connection is idle after a request.
        case idle
        /// A part of a request's head has arrived.
        case head
        /// A part of a request's body is missing.
        case body
        /// The client has not received an answer.
        case output
    }

    /// The properties of the request that the answer depends on.
    private struct Exchange {
        let version: HTTPVersion
        var keepsAlive: Bool
        let isHEAD: Bool
    }

    package let link: Link
    /// Decides the answers; released at the end.
    package var delegate: (any HTTPServerConnectionDelegate)?
    private let loop: EventLoop
    private let times: Timeouts
    private var parser: HTTPRequestParser
    /// The request that is being answered.
    private var current: Exchange?
    /// Set while an answer is sent in pieces: whether the connection is kept alive after it.
    private var pieces: Exchange?
    /// True if the client has closed its sending side while an answer is sent in pieces.
    private var peerFinished = false
    private var deadline = Deadline()
    private var timer: TimerToken?
    /// True once no further request is answered and only the last answer is being sent.
    private var isEnding = false
    private var isEnded = false
    /// True while the body's timeout runs.
    private var isInBody = false
    /// True while `advance` runs, so that an immediate answer does not call it recursively.
    private var isAdvancing = false
    /// True if the connection ends after the answer to its first request, whose body is not read.
    private let isRefused: Bool
    /// True if the connection ends after the current answer.
    package var isDraining = false
    /// The number of complete requests so far.
    package private(set) var requestCount: UInt64 = 0
    /// The time of the last complete request, or of the accept.
    package private(set) var lastRequest: Duration

    /// Serves an accepted link; the caller must set `delegate`.
    ///
    /// If `isRefused`, the connection ends after its first answer, and the delegate is asked for it
    /// as soon as the request's head has arrived.
    package init(
        link: Link, loop: EventLoop, limits: HTTPLimits, times: Timeouts, isRefused: Bool = false
    ) {
        self.link = link
        self.loop = loop
        self.times = times
        self.isRefused = isRefused
        parser = HTTPRequestParser(limits: limits)
        lastRequest = loop.now
        link.owner = self
        link.receiveLimit = Int32(Self.pipelinedBytes)
        arm(times.header)
    }

    /// True while a request waits for its answer.
    package var isAnswering: Bool { current != nil }
    /// True while a request is being answered or its answer has not been sent completely.
    package var isBusy: Bool { current != nil || pieces != nil || link.queuedBytes > 0 }
    /// True while requests are answered: neither ended nor sending the last answer.
    package var isServing: Bool { !isEnded && !isEnding }
    /// True if the request that is being answered is HEAD.
    package var isHEAD: Bool { current?.isHEAD == true }
    /// True if the current answer is sent to an HTTP/1.1 client and the connection is kept alive.
    package var keepsAliveInHTTP11: Bool {
        current?.keepsAlive == true && current?.version == .http11 && !isDraining && isServing
    }

    // MARK: - The link

    package func link(_ link: Link, received bytes: Span<UInt8>) {
        guard isServing else { return }
        let wasIdle = parser.isIdle && current == nil
        parser.append(bytes)
        if isBusy { return limitPipelined() }
        // For the first head, the timeout runs since the connection was accepted.
        if wasIdle, requestCount > 0 { arm(times.header) }
        advance()
        if isBusy, !isEnded { limitPipelined() }
    }

    /// Limits reading to the bytes that may be held while a request is being answered.
    private func limitPipelined() {
        let room = Self.pipelinedBytes - parser.waitingBytes
        guard room > 0 else { return link.pause() }
        link.receiveLimit = Int32(room)
    }

    package func linkBecameWritable(_ link: Link) {
        guard isServing, current == nil else { return }
        guard pieces == nil else { return sendPieces() }
        awaitNext()
        advance()
    }

    package func linkPeerFinished(_ link: Link) {
        peerFinished = true
    }

    package func linkEnded(_ link: Link, _ end: LinkEnd) {
        release(end)
    }

    // MARK: - Requests

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while isServing, !isBusy {
            do throws(HTTPError) {
                guard let request = try parser.next() else { return awaitMore() }
                deadline.cancel()
                requestCount += 1
                lastRequest = loop.now
                isInBody = false
                current = Exchange(
                    version: request.version, keepsAlive: request.keepsAlive && !isRefused,
                    isHEAD: request.method == "HEAD")
                delegate?.received(request)
            } catch {
                delegate?.receivedInvalidRequest(error)
            }
        }
    }

    private func awaitMore() {
        if isRefused, parser.isReadingBody {
            delegate?.receivedInvalidRequest(nil)
            return
        }
        link.receiveLimit = Int32(Self.pipelinedBytes)
        link.resume()
        if parser.takeExpectsContinue() { link.send(HTTPWriter.continueResponse) }
        if parser.isIdle, requestCount > 0 {
            arm(times.idle)
        } else if parser.isReadingBody, !isInBody {
            isInBody = true
            arm(times.body)
        }
    }

    // MARK: - Answers

    /// Answers the current request and continues with the next; does nothing if there is none.
    package func answer(_ response: HTTPResponse) {
        guard let exchange = takeExchange() else { return }
        link.send(
            HTTPWriter.response(
                response, version: exchange.version, keepAlive: exchange.keepsAlive,
                isHEAD: exchange.isHEAD))
        continueAfterAnswer(keepsAlive: exchange.keepsAlive)
    }

    /// Answers with an encoded response, which must be one for `keepsAliveInHTTP11`.
    package func answer(encoded response: [UInt8]) {
        guard takeExchange() != nil else { return }
        link.send(response)
        continueAfterAnswer(keepsAlive: true)
    }

    /// Answers with the head of a response, which has no body and no length.
    package func answerStreamHead(fields: HTTPFields) {
        guard let exchange = takeExchange() else { return }
        let keepsAlive = exchange.keepsAlive && exchange.version == .http11
        link.send(
            HTTPWriter.streamHead(
                status: 200, fields: fields, version: exchange.version, keepAlive: keepsAlive))
        continueAfterAnswer(keepsAlive: keepsAlive)
    }

    /// Returns the encoded head of a response whose body of `bodyBytes` is sent in pieces.
    package func head(of response: HTTPResponse, bodyBytes: Int) -> [UInt8] {
        HTTPWriter.head(
            of: response, bodyBytes: bodyBytes, version: current?.version ?? .http11,
            keepAlive: current?.keepsAlive == true && !isDraining)
    }

    /// Answers with the pieces that the delegate writes, from the head on, as the client receives
    /// them; then continues with the next request.
    package func answerInPieces() {
        guard let exchange = takeExchange() else { return }
        deadline.cancel()
        // A client that closes its sending side still receives the whole answer.
        link.staysHalfOpen = true
        pieces = exchange
        sendPieces()
    }

    /// Writes pieces until the socket is full or the answer is complete, then continues.
    private func sendPieces() {
        while let exchange = pieces, let delegate {
            switch delegate.writePiece() {
            case .written: continue
            case .full: return awaitRoom()
            case .failed: return close()
            case .complete:
                pieces = nil
                link.staysHalfOpen = false
                let keepsAlive = exchange.keepsAlive && !peerFinished && !isDraining
                return continueAfterAnswer(keepsAlive: keepsAlive)
            }
        }
    }

    private func takeExchange() -> Exchange? {
        guard isServing, var exchange = current else { return nil }
        current = nil
        if isDraining { exchange.keepsAlive = false }
        return exchange
    }

    private func continueAfterAnswer(keepsAlive: Bool) {
        guard keepsAlive else { return finish() }
        awaitNext()
        advance()
    }

    /// Waits for the client to receive the answer, to complete a request, or to start one.
    private func awaitNext() {
        guard link.queuedBytes == 0 else {
            deadline.cancel()
            return awaitRoom()
        }
        delegate?.outputDrained()
        // If the parser is idle, `awaitMore` follows and sets the timer.
        if !parser.isIdle { arm(times.header) }
    }

    /// Waits until the client has received the pending output; the delegate may close here.
    private func awaitRoom() {
        if let output = times.output { arm(output) }
        delegate?.outputWaits()
    }

    /// Makes the next answer the last one, in place of the answer to a current request.
    package func beginFinalAnswer() {
        current = Exchange(version: .http11, keepsAlive: false, isHEAD: false)
    }

    // MARK: - The end

    /// Accepts no further request; closes once the last answer is sent.
    package func finish() {
        isEnding = true
        parser = HTTPRequestParser()
        deadline.cancel()
        if link.queuedBytes > 0 { awaitRoom() }
        link.finish()
    }

    /// Closes immediately, also during a handshake.
    package func close() {
        link.close()
        release(nil)
    }

    /// Releases the link to a new owner; returns the bytes that were read but not parsed.
    @discardableResult
    package func handOver() -> [UInt8] {
        link.receiveLimit = Int32(Self.pipelinedBytes)
        release(nil)
        return parser.takeRemainder()
    }

    /// Releases the link without closing it.
    private func release(_ end: LinkEnd?) {
        guard !isEnded else { return }
        isEnded = true
        if let timer { loop.cancel(timer) }
        timer = nil
        pieces = nil
        let delegate = delegate.take()
        delegate?.ended(end)
    }

    // MARK: - Hand-over

    /// What another process needs in order to continue; `nil` if it cannot.
    ///
    /// That is the bytes received after the current request, and whether the connection is kept
    /// after the answer that is being sent.
    package var handover: (received: [UInt8], isKept: Bool)? {
        guard isServing, !isRefused, link.canBeHandedOver, !peerFinished,
            let received = parser.remainder
        else { return nil }
        return (received, pieces?.keepsAlive ?? true)
    }

    /// Continues a connection of another process, with the bytes that it had received; output that
    /// it had not sent waits in the link.
    package func continueHandedOver(with received: [UInt8], isKept: Bool) {
        deadline.cancel()
        guard isKept else { return finish() }
        requestCount = 1
        parser.append(received.span)
        guard link.queuedBytes == 0 else { return awaitRoom() }
        if !parser.isIdle { arm(times.header) }
        advance()
    }

    // MARK: - Time

    private func arm(_ timeout: Duration) {
        if let alarm = deadline.move(to: loop.now + timeout) { setTimer(to: alarm) }
    }

    private func setTimer(to time: Duration) {
        if let timer { loop.cancel(timer) }
        // The closure retains the connection until `release` cancels the timer. A weak reference
        // would slow down reference counting, which every request does.
        timer = loop.scheduleTask(in: time - loop.now) { [self] in timerFired() }
    }

    private func timerFired() {
        timer = nil
        switch deadline.fired(at: loop.now) {
        case .idle: break
        case .setAgain(let time): setTimer(to: time)
        case .reached: timedOut()
        }
    }

    private func timedOut() {
        guard !isEnded, current == nil else { return }
        let isSending = pieces != nil || link.queuedBytes > 0
        if times.output != nil, isSending {
            delegate?.timedOut(.output)
            return
        }
        guard !isEnding, pieces == nil else { return }
        let stage: Stage =
            if !parser.isIdle {
                parser.isReadingBody ? .body : .head
            } else {
                requestCount > 0 ? .idle : .accepted
            }
        delegate?.timedOut(stage)
    }
}
