// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// The REST interface against a scripted HTTP server on the loopback.
final class RESTScene {
    let loop: EventLoop
    let http: ScriptedHTTP
    let rest: ChannelsREST

    init(timeout: Duration = .seconds(10)) throws {
        loop = try EventLoop()
        http = try ScriptedHTTP(loop: loop)
        rest = ChannelsREST(
            loop: loop, server: RESTScene.server(port: http.port), timeout: timeout)
    }

    deinit { http.close() }

    static func server(port: Int, tls: TLSClient? = nil) -> ChannelsServer {
        ChannelsServer(
            appID: "1234", key: "app-key", secret: Array("app-secret".utf8),
            webSocketHost: "127.0.0.1", restHost: "127.0.0.1", port: port, tls: tls,
            memberID: "passerelle", clientVersion: "1.2.3")
    }

    /// The server answers each request with these bytes, and then ends the link.
    func answers(_ text: String, thenEnds: Bool = true) {
        http.answer = { _, link in
            link.send(Array(text.utf8))
            if thenEnds { link.finish() }
        }
    }

    /// The server answers with a status and a body of a known length.
    func answers(_ status: Int, _ body: String) {
        let response = HTTPResponse(status: status, body: Array(body.utf8))
        http.answer = { _, link in
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    /// Publishes, and turns until that is answered.
    func publish() throws -> Result<Void, ChannelsRESTError> {
        try result { rest.publish(channel: "room", event: "hi", data: Array("1".utf8), $0) }
    }

    /// Turns until a call is answered; it must be answered once.
    func result<Answer>(
        _ call: (@escaping (Result<Answer, ChannelsRESTError>) -> Void) -> Void
    ) throws -> Result<Answer, ChannelsRESTError> {
        var results: [Result<Answer, ChannelsRESTError>] = []
        call { results.append($0) }
        guard results.isEmpty else { throw TestFailure("answered before anything happened") }
        try run(loop, until: { !results.isEmpty })
        for _ in 0..<5 { try loop.turn(upTo: .zero) }
        guard results.count == 1 else { throw TestFailure("answered \(results.count) times") }
        return results[0]
    }
}

extension Result where Failure == ChannelsRESTError {
    /// The failure, where it is one.
    var failure: ChannelsRESTError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
