// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

/// One connection that speaks HTTP: requests in, one at a time, and their answers in order.
///
/// It lives until its link ends or a stream takes the link over.
final class HTTPConnection: LinkOwner {
    /// How long a request's head and body may take together, from the first byte on, and how long
    /// a new connection may say nothing.
    static let requestTimeout: Duration = .seconds(10)
    /// How long a connection may rest between two requests.
    static let idleTimeout: Duration = .seconds(75)

    let link: Link
    private unowned let service: HTTPService
    private var parser = HTTPRequestParser(limits: HTTPLimits())
    /// The request that is being answered.
    private var current: (version: HTTPVersion, keepsAlive: Bool, isHEAD: Bool)?
    private var waiting: Waiter?
    private var poll: PollReader?
    private var timer: TimerToken?
    private var isOver = false
    /// True while `advance` runs, so that an answer given at once does not nest it.
    private var isAdvancing = false

    init(link: Link, service: HTTPService) {
        self.link = link
        self.service = service
        link.owner = self
        arm(Self.requestTimeout)
    }

    // MARK: - The link

    func link(_ link: Link, received bytes: Span<UInt8>) {
        guard !isOver else { return }
        let wasIdle = parser.isIdle && current == nil
        parser.append(bytes)
        if wasIdle { arm(Self.requestTimeout) }
        advance()
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {
        release()
    }

    // MARK: - Requests

    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        defer { isAdvancing = false }
        while !isOver, current == nil {
            do throws(HTTPError) {
                guard let request = try parser.next() else { return awaitMore() }
                disarm()
                current = (request.version, request.keepsAlive, request.method == "HEAD")
                service.serve(request, on: self)
            } catch {
                let refusal = Refusal(error.status, error.word, error.message)
                current = (.http11, false, false)
                answer(refusal.response)
            }
        }
        // Requests behind one that is being answered wait in the kernel.
        if !isOver, current != nil, !parser.isIdle { link.pause() }
    }

    private func awaitMore() {
        if parser.takeExpectsContinue() { link.send(HTTPWriter.continueResponse) }
        if parser.isIdle { arm(Self.idleTimeout) }
    }

    /// Sends the answer to the current request and goes on with the next.
    func answer(_ response: HTTPResponse) {
        guard !isOver, let request = current else { return }
        current = nil
        waiting = nil
        poll = nil
        let keepsAlive = request.keepsAlive && !service.isDraining
        link.send(
            HTTPWriter.response(
                response, version: request.version, keepAlive: keepsAlive, isHEAD: request.isHEAD))
        guard keepsAlive else {
            link.finish()
            return release()
        }
        link.resume()
        arm(Self.idleTimeout)
        advance()
    }

    /// Sends the head of a stream that nobody wants the body of, and closes.
    func endStream(head: [UInt8]) {
        link.send(head)
        link.finish()
        release()
    }

    /// The answer comes when the channels have been heard; a client that leaves waits no longer.
    func waits(for waiter: Waiter) {
        if current != nil { waiting = waiter }
    }

    /// The answer comes when there is news.
    func waits(for reader: PollReader) {
        if current != nil { poll = reader }
    }

    /// No further request: closes at once where none is being answered; a poll that waits is
    /// answered with what there is.
    func drain() {
        guard !isOver else { return }
        if let poll { return poll.answer() }
        guard current == nil else { return }
        link.finish()
        release()
    }

    /// Lets go of the link without closing it, and of everything that was waited for.
    func release() {
        guard !isOver else { return }
        isOver = true
        disarm()
        waiting?.cancel()
        poll?.cancel()
        waiting = nil
        poll = nil
        service.forget(self)
    }

    // MARK: - Time

    private func arm(_ timeout: Duration) {
        disarm()
        timer = service.desk.loop.after(timeout) { [weak self] in self?.timedOut() }
    }

    private func disarm() {
        if let timer { service.desk.loop.cancel(timer) }
        timer = nil
    }

    private func timedOut() {
        timer = nil
        guard !isOver, current == nil else { return }
        if parser.isIdle {
            link.finish()
            return release()
        }
        current = (.http11, false, false)
        let words = "The request was not complete within 10 seconds."
        answer(Refusal(408, "request-timeout", words).response)
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
