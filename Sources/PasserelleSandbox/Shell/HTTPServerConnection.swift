// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire

/// One client's HTTP connection: requests one after the other, each answered before the next.
final class HTTPServerConnection: LinkOwner {
    /// A connection that brings no whole request for this long is closed.
    static let idleLimit = Duration.seconds(60)
    /// A body holds ten events of 10 KiB, escaped.
    static let limits = HTTPLimits(bodyBytes: 262_144)

    /// Its owner is this connection, until it is handed over.
    let link: Link
    private let loop: EventLoop
    private let onRequest: (HTTPServerConnection, HTTPRequest, _ answers: Int) -> Void
    private let onEnd: (HTTPServerConnection) -> Void
    private var parser = HTTPRequestParser(limits: HTTPServerConnection.limits)
    private var idleTimer: TimerToken?
    /// The request that is being answered; reading rests meanwhile.
    private var current: HTTPRequest?
    /// How many requests have come; a late answer to an earlier one is told apart by it.
    private var requests = 0
    private var isPulling = false
    private var isOver = false

    /// Serves an accepted link; `onRequest` is to lead to one `respond` with the number it got.
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

    /// Reads requests, as far as the one before has been answered.
    func link(_ link: Link, received bytes: Span<UInt8>) {
        parser.append(bytes)
        pull()
    }

    /// Tells that the connection is over.
    func linkEnded(_ link: Link, _ end: LinkEnd) {
        leave()
    }

    /// Answers the request of that number; anything but the first answer to it is dropped.
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

    /// Leaves the link, with what was read too far, to somebody else who becomes its owner.
    func handOver() -> [UInt8] {
        leave()
        link.resume()
        return parser.takeRemainder()
    }

    /// Closes the connection at once.
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
        let response = HTTPResponse(
            status: error.status, fields: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array((error.message + "\n").utf8))
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
