// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// The REST client with a scripted HTTP server on the loopback interface.
final class RESTFixture {
    let loop: EventLoop
    let http: ScriptedHTTP
    let rest: ChannelsREST

    init(timeout: Duration = .seconds(10), clock: LoopClock = .system) throws {
        loop = try EventLoop(clock: clock)
        http = try ScriptedHTTP(loop: loop)
        rest = ChannelsREST(
            loop: loop, server: RESTFixture.server(port: http.port), timeout: timeout)
    }

    deinit { http.close() }

    static func server(port: Int, tls: TLSClient? = nil) -> ChannelsServer {
        ChannelsServer(
            appID: "1234", key: "app-key", secret: Array("app-secret".utf8),
            webSocketHost: "127.0.0.1", restHost: "127.0.0.1", port: port, tls: tls,
            memberID: "passerelle", clientVersion: "1.2.3")
    }

    /// Answers each request with these bytes, and then closes the link.
    func answers(_ text: String, thenEnds: Bool = true) {
        http.answer = { _, link in
            link.send(Array(text.utf8))
            if thenEnds { link.finish() }
        }
    }

    /// Answers each request with a status and a body of known length.
    func answers(_ status: Int, _ body: String) {
        let response = HTTPResponse(status: status, body: Array(body.utf8))
        http.answer = { _, link in
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    /// Publishes an event and waits for the outcome.
    func publish() throws -> PublishOutcome {
        try answer { rest.publish(channel: "room", event: "hi", data: Array("1".utf8), $0) }
    }

    /// Makes a call and waits for its result, which must arrive exactly once.
    func answer<Answer>(_ call: (@escaping (Answer) -> Void) -> Void) throws -> Answer {
        var results: [Answer] = []
        call { results.append($0) }
        guard results.isEmpty else { throw TestFailure("answered within the call") }
        try run(loop, until: { !results.isEmpty })
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        guard results.count == 1 else { throw TestFailure("answered \(results.count) times") }
        return results[0]
    }
}

extension Result where Failure == ChannelsRESTError {
    /// The failure, if it is one.
    var failure: ChannelsRESTError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
