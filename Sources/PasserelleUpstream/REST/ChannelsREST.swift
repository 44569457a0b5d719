// SPDX-License-Identifier: MIT

package import PasserelleHTTP
package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// A client of Channels' REST interface.
///
/// Each call is signed separately and sent once. The caller decides whether to retry.
package final class ChannelsREST {
    private let loop: EventLoop
    private let server: ChannelsServer
    private let signer: Signer
    private let timeout: Duration

    /// Creates a client; `timeout` covers a call from name resolution to the last byte.
    package init(loop: EventLoop, server: ChannelsServer, timeout: Duration = .seconds(10)) {
        self.loop = loop
        self.server = server
        self.timeout = timeout
        signer = Signer(key: server.key, secret: server.secret)
    }

    /// Publishes an event on a channel; `data` is sent as the text of a JSON string.
    package func publish(
        channel: String, event: String, data: [UInt8],
        _ done: @escaping (PublishOutcome) -> Void
    ) {
        var body: JSONObjectWriter = ["name": event, "channels": [channel]]
        body.member("data", textOf: data)
        call("POST", "/events", body: body.finished(), reading: RESTAnswer.acceptance) {
            done(PublishOutcome($0))
        }
    }

    /// Requests the list of occupied channels and returns the answer as received, for a diagnosis
    /// of the application's id, key, secret and clock.
    package func channels(_ done: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void) {
        send("GET", "/channels", done)
    }

    /// Lists the distinct ids of the users on a presence channel.
    package func users(
        of channel: String, _ done: @escaping (Result<[String], ChannelsRESTError>) -> Void
    ) {
        call(
            "GET", "/channels/\(Self.segment(channel))/users", reading: RESTAnswer.users, done)
    }

    private func call<Answer>(
        _ method: String, _ path: String, body: [UInt8] = [],
        reading: @escaping (HTTPResponse) -> Answer?,
        _ done: @escaping (Result<Answer, ChannelsRESTError>) -> Void
    ) {
        send(method, path, body: body) { result in
            done(
                result.mapError(ChannelsRESTError.init).flatMap { response in
                    guard response.status == 200 || response.status == 202 else {
                        let words = RESTAnswer.refusal(response)
                        return .failure(.refused(status: response.status, message: words))
                    }
                    return reading(response).map { .success($0) } ?? .failure(.malformed)
                })
        }
    }

    private func send(
        _ method: String, _ path: String, body: [UInt8] = [],
        _ done: @escaping (Result<HTTPResponse, HTTPCallError>) -> Void
    ) {
        let target = signer.target(
            method: method, prefix: server.path,
            path: "/apps/\(Self.segment(server.appID))\(path)", query: [], body: body,
            timestamp: loop.wallMilliseconds / 1000)
        var request = HTTPRequest(method: method, target: target, body: body)
        request.fields.set("Host", server.restHost)
        request.fields.set("Accept", "application/json")
        if !body.isEmpty { request.fields.set("Content-Type", "application/json") }
        HTTPCall(
            loop: loop, address: server.rest, tls: server.tls, proxy: server.restProxy,
            request: request, timeout: timeout, completed: done)
    }

    /// Returns one segment of a path.
    ///
    /// A valid channel name is left as it is, because servers verify the signature of the path as
    /// sent; any other text is percent-encoded.
    private static func segment(_ text: String) -> String {
        (try? ChannelName(text)) == nil ? HTTPTarget.encode(text) : text
    }
}

extension PublishOutcome {
    fileprivate init(_ result: Result<Void, ChannelsRESTError>) {
        self =
            switch result {
            case .success: .sent
            case .failure(.refused(let status, let words)) where status >= 500:
                // A server, or a proxy in front of it, may fail after it passed the event on.
                .unknown("Channels answered \(status) \(words)")
            case .failure(.refused(429, let words)): .excess("429 \(words)")
            case .failure(.refused(413, let words)): .tooLarge("413 \(words)")
            case .failure(.refused(let status, let words)): .refused("\(status) \(words)")
            case .failure(.unreachable(let words)): .unavailable(words)
            case .failure(.unknown(let words)): .unknown(words)
            case .failure(.malformed): .unknown("Channels' answer is malformed")
            }
    }
}

/// The reason that a REST call to Channels failed.
package enum ChannelsRESTError: Error, Equatable {
    /// Channels could not be reached; no request was sent.
    case unreachable(String)
    /// Sent but not answered: it is unknown whether it took effect.
    case unknown(String)
    /// Channels refused, with this status and a message of one line.
    case refused(status: Int, message: String)
    /// The answer could not be parsed, so it is unknown whether the call took effect.
    case malformed

    init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .unreachable(words)
        case .unanswered(let words): self = .unknown(words)
        case .malformed: self = .malformed
        }
    }
}

/// Parses the answers of Channels' REST interface, in the variants that servers send.
///
/// PHP servers send `[]` for an empty object. An id may be a number. Unknown members are ignored.
package enum RESTAnswer {
    /// Accepts the answer to a published event: any object, or an empty body.
    static func acceptance(_ response: HTTPResponse) -> Void? {
        if response.body.isEmpty || JSONObject(response.body) != nil { return () }
        // An empty array.
        guard let root = try? JSONScanner.document(response.body.span), root.kind == .array,
            root.range.count == 2
        else { return nil }
        return ()
    }

    /// Returns the ids of the users without duplicates, in order of first appearance.
    static func users(_ response: HTTPResponse) -> [String]? {
        guard let users = JSONObject(response.body)?.objects("users") else { return nil }
        var seen: Set<ByteKey> = []
        var ids: [String] = []
        for user in users {
            guard let id = user.identifier("id") else { return nil }
            if seen.insert(ByteKey(id)).inserted { ids.append(id) }
        }
        return ids
    }

    /// Returns a refusal's message as one line.
    ///
    /// Some servers send plain text, others an object with `error` or `message`.
    package static func refusal(_ response: HTTPResponse) -> String {
        let body = response.body
        if let object = JSONObject(body) {
            for name in ["error", "message"] {
                if let text = object.text(name) { return PeerText.line(text) }
            }
        }
        let line = body.prefix(PeerText.limit + 1).prefix { $0 != 0x0A && $0 != 0x0D }
        return PeerText.line(String(decoding: line, as: UTF8.self))
    }
}
