// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// A client's HTTP connection; requests are answered one after the other.
///
/// The parser, the keep-alive rule and the encoding of answers are PasserelleWire's, as in the
/// gateway. Unlike the gateway's connections, it has no quotas, deadlines per phase, answers in
/// pieces or draining: its clients are an application in development and its tests.
final class HTTPServerConnection: LinkOwner {
    /// A connection without a complete request for this long is closed.
    static let idleLimit = Duration.seconds(60)
    /// A body can hold ten events of 10 KiB, escaped.
    static let limits = HTTPLimits(bodyBytes: 262_144)

    /// The link, owned by this connection until it is handed over.
    let link: Link
    private let loop: EventLoop
    private let onRequest: (HTTPServerConnection, HTTPRequest, _ answers: Int) -> Void
    private let onEnd: (HTTPServerConnection) -> Void
    private var parser = HTTPRequestParser(limits: HTTPServerConnection.limits)
    private var idleTimer: TimerToken?
    /// The request being answered; reading is paused meanwhile.
    private var current: HTTPRequest?
    /// The number of requests so far; it identifies late answers to earlier ones.
    private var requests = 0
    private var isPulling = false
    private var isOver = false

    /// Serves an accepted link; `onRequest` must lead to one `respond` with the number it receives.
    init(
        _ link: Link, loop: EventLoop,
        onRequest: @escaping (HTTPServerConnection, HTTPRequest, _ answers: Int) -> Void,
        onEnd: @escaping (HTTPServerConnection) -> Void
    ) {
        self.link = link
        self.loop = loop
        self.onRequest = onRequest
        self.onEnd = onEnd
        link.owner = self
        waitIdly()
    }

    /// Parses requests, provided the previous one has been answered.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        pull()
    }

    /// Handles the end of the connection.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        leave()
    }

    /// Answers the request of that number; further answers to it are dropped.
    func respond(_ response: HTTPResponse, to number: Int) {
        guard let request = current, number == requests, link.isOpen else { return }
        current = nil
        link.send(
            HTTPWriter.response(
                response, version: request.version, keepAlive: request.keepsAlive,
                isHEAD: request.method == "HEAD"))
        guard request.keepsAlive else { return end() }
        waitIdly()
        link.resume()
        pull()
    }

    /// Releases the link to a new owner; returns the bytes that were read but not parsed.
    func handOver() -> [UInt8] {
        leave()
        link.resume()
        return parser.takeRemainder()
    }

    /// Closes the connection immediately.
    func close() {
        link.close()
        leave()
    }

    // MARK: Reading

    private func pull() {
        guard !isPulling else { return }
        isPulling = true
        defer { isPulling = false }
        while current == nil, !isOver, link.isOpen {
            do throws(HTTPError) {
                guard let request = try parser.next() else { return expect() }
                begin(request)
            } catch {
                return refuse(error)
            }
        }
    }

    private func begin(_ request: HTTPRequest) {
        current = request
        requests += 1
        idleTimer.map(loop.cancel)
        idleTimer = nil
        link.pause()
        onRequest(self, request, requests)
    }

    private func expect() {
        if parser.takeExpectsContinue() { link.send(HTTPWriter.continueResponse) }
    }

    private func refuse(_ error: HTTPError) {
        let response = HTTPResponse.text(error.status, error.message + "\n")
        link.send(HTTPWriter.response(response, keepAlive: false))
        end()
    }

    // MARK: Ending

    private func waitIdly() {
        idleTimer.map(loop.cancel)
        idleTimer = loop.after(Self.idleLimit) { [weak self] in self?.close() }
    }

    private func end() {
        link.finish()
        isOver = true
    }

    private func leave() {
        isOver = true
        idleTimer.map(loop.cancel)
        idleTimer = nil
        onEnd(self)
    }
}
