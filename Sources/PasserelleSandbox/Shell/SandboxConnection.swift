// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
import PasserelleWire

/// A client's HTTP connection, whose answers the sandbox may give later.
final class SandboxConnection: HTTPServerConnectionDelegate {
    /// The time limit of each stage of a request.
    static let timeLimit = Duration.seconds(60)
    /// A body can hold ten events of 10 KiB, escaped.
    static let limits = HTTPLimits(bodyBytes: 262_144)

    /// The link, owned by this connection until it is handed over.
    let link: Link
    private let server: HTTPServerConnection
    private let onRequest: (SandboxConnection, HTTPRequest, _ number: UInt64) -> Void
    private let onEnd: (SandboxConnection) -> Void

    /// Serves an accepted link; `onRequest` must lead to one `respond` with the number it receives.
    init(
        _ link: Link, loop: EventLoop,
        onRequest: @escaping (SandboxConnection, HTTPRequest, _ number: UInt64) -> Void,
        onEnd: @escaping (SandboxConnection) -> Void
    ) {
        self.link = link
        self.onRequest = onRequest
        self.onEnd = onEnd
        let limit = Self.timeLimit
        server = HTTPServerConnection(
            link: link, loop: loop, limits: Self.limits,
            times: .init(header: limit, body: limit, idle: limit, output: limit))
        server.delegate = self
    }

    /// Answers the request of that number; further answers to it are dropped.
    func respond(_ response: HTTPResponse, to number: UInt64) {
        if number == server.requestCount { server.answer(response) }
    }

    /// Releases the link to a new owner; returns the bytes that were read but not parsed.
    func handOver() -> [UInt8] {
        let early = server.handOver()
        link.receiveLimit = Int32(EventLoop.receiveBufferSize)
        link.resume()
        return early
    }

    /// Closes the connection immediately.
    func close() {
        server.close()
    }

    func received(_ request: HTTPRequest) {
        onRequest(self, request, server.requestCount)
    }

    func receivedInvalidRequest(_ error: HTTPError?) {
        guard let error else { return close() }
        server.beginFinalAnswer()
        server.answer(.text(error.status, error.message + "\n"))
    }

    func timedOut(_ stage: HTTPServerConnection.Stage) {
        close()
    }

    func ended(_ end: LinkEnd?) {
        onEnd(self)
    }
}
