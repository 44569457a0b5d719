// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// Channels' REST interface (protocol sheet §3), on our own transport.
///
/// Each call is signed afresh and sent once: what to do after a failure is the caller's to decide.
package final class ChannelsREST {
    private let loop: EventLoop
    private let server: ChannelsServer
    private let signer: Signer
    private let timeout: Duration

    /// Makes an interface; `timeout` covers each call from name resolution to the last byte.
    package init(loop: EventLoop, server: ChannelsServer, timeout: Duration = .seconds(10)) {
        self.loop = loop
        self.server = server
        self.timeout = timeout
        signer = Signer(key: server.key, secret: server.secret)
    }

    /// Triggers an event on a channel: `data` travels as the text of a JSON string.
    package func publish(
        channel: String, event: String, data: [UInt8],
        _ done: @escaping (Result<Void, ChannelsRESTError>) -> Void
    ) {
        var channels = [UInt8(ascii: "[")]
        JSONWriter.string(channel, into: &channels)
        channels.append(UInt8(ascii: "]"))
        var body = JSONObjectWriter()
        body.member("name", event)
        body.member("channels", json: channels)
        body.member("data", textOf: data)
        call("POST", "/events", body: body.finished(), reading: RESTAnswer.acceptance, done)
    }

    /// The occupied channels whose name begins with `prefix`; presence channels tell their users'
    /// number where `countsUsers`.
    package func channels(
        prefix: String?, countsUsers: Bool,
        _ done: @escaping (Result<[String: Int?], ChannelsRESTError>) -> Void
    ) {
        var query: [(name: String, value: String)] = []
        if let prefix { query.append(("filter_by_prefix", prefix)) }
        if countsUsers { query.append(("info", "user_count")) }
        call("GET", "/channels", query: query, reading: RESTAnswer.channels, done)
    }

    /// The state of one channel; `info` names the attributes to tell, such as `user_count`.
    package func channel(
        _ name: String, info: [String],
        _ done: @escaping (Result<ChannelState, ChannelsRESTError>) -> Void
    ) {
        let query = info.isEmpty ? [] : [(name: "info", value: info.joined(separator: ","))]
        call(
            "GET", "/channels/\(Self.segment(name))", query: query, reading: RESTAnswer.channel,
            done)
    }

    /// The ids of the users who are on a presence channel, each once.
    package func users(
        of channel: String, _ done: @escaping (Result<[String], ChannelsRESTError>) -> Void
    ) {
        call(
            "GET", "/channels/\(Self.segment(channel))/users", reading: RESTAnswer.users, done)
    }

    private func call<Answer>(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        body: [UInt8] = [], reading: @escaping (HTTPResponse) -> Answer?,
        _ done: @escaping (Result<Answer, ChannelsRESTError>) -> Void
    ) {
        let target = signer.target(
            method: method, path: "/apps/\(Self.segment(server.appID))\(path)", query: query,
            body: body, timestamp: loop.wallMilliseconds / 1000)
        var request = HTTPRequest(method: method, target: target, body: body)
        request.fields.set("Host", server.restHost)
        request.fields.set("Accept", "application/json")
        if !body.isEmpty { request.fields.set("Content-Type", "application/json") }
        HTTPCall(
            loop: loop, address: server.rest, tls: server.tls, proxy: server.restProxy,
            request: request, timeout: timeout
        ) { result in
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

    /// One segment of a path: channel names stand in it as they are, since servers check the
    /// signature over the path as it was sent; what no name may hold is percent-encoded.
    private static func segment(_ text: String) -> String {
        (try? ChannelName(text)) == nil ? HTTPTarget.encode(text) : text
    }
}

/// Why a REST call to Channels did not do what it should.
package enum ChannelsRESTError: Error, Equatable {
    /// Channels could not be reached; nothing was sent.
    case unreachable(String)
    /// Sent, but not answered: unknown whether it took effect.
    case unknown(String)
    /// Channels says no, with its status and its words on one line.
    case refused(status: Int, message: String)
    /// The answer makes no sense, so that it is unknown too what became of the call.
    case malformed

    fileprivate init(_ error: HTTPCallError) {
        switch error {
        case .unreachable(let words): self = .unreachable(words)
        case .unanswered(let words): self = .unknown(words)
        case .malformed: self = .malformed
        }
    }
}
