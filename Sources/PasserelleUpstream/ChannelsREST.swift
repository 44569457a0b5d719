// SPDX-License-Identifier: MIT

import FoundationEssentials
package import PasserelleNet
import PasserelleWire

/// Why a REST call to Channels did not do what it should.
package enum ChannelsRESTError: Error, Equatable {
    /// Channels could not be reached; nothing was sent.
    case unreachable(String)
    /// Sent, but not answered: unknown whether it took effect.
    case unknown(String)
    /// Channels says no, with its status and the first line of its words.
    case refused(status: Int, message: String)
    /// The answer makes no sense.
    case malformed
}

/// Channels' REST interface (protocol sheet §3), on our own transport.
///
/// Each call is signed afresh and sent once: what to do after a failure is the caller's to decide.
package final class ChannelsREST {
    /// Bytes of an event's `data` that Channels accepts.
    package static let dataBytes = 10_240

    private let loop: EventLoop
    private let server: ChannelsServer
    private let signer: Signer

    package init(loop: EventLoop, server: ChannelsServer) {
        self.loop = loop
        self.server = server
        signer = Signer(key: server.key, secret: server.secret)
    }

    /// Triggers an event on a channel: `data` travels as the text of a JSON string.
    package func publish(
        channel: String, event: String, data: [UInt8],
        _ done: @escaping (Result<Void, ChannelsRESTError>) -> Void
    ) {
        var body = Array(#"{"name":"#.utf8)
        JSONWriter.string(event, into: &body)
        body += Array(#","channels":["#.utf8)
        JSONWriter.string(channel, into: &body)
        body += Array(#"],"data":"#.utf8)
        JSONWriter.string(bytes: data.span, into: &body)
        body.append(UInt8(ascii: "}"))
        call("POST", "/events", body: body) { done($0.map { _ in () }) }
    }

    /// The occupied channels whose name begins with `prefix`; presence channels tell their users'
    /// number where `countsUsers`.
    package func channels(
        prefix: String?, countsUsers: Bool,
        _ done: @escaping (Result<[String: Int?], ChannelsRESTError>) -> Void
    ) {
        struct Answer: Decodable {
            struct Attributes: Decodable { let user_count: Int? }
            let channels: [String: Attributes]
        }
        var query: [(name: String, value: String)] = []
        if let prefix { query.append(("filter_by_prefix", prefix)) }
        if countsUsers { query.append(("info", "user_count")) }
        call("GET", "/channels", query: query) {
            done($0.decoded(Answer.self).map { $0.channels.mapValues(\.user_count) })
        }
    }

    /// What Channels says of one channel.
    package struct ChannelState: Decodable, Equatable {
        package let occupied: Bool
        package let user_count: Int?
        package let subscription_count: Int?
    }

    /// The state of one channel; `info` names the attributes to tell, such as `user_count`.
    package func channel(
        _ name: String, info: [String],
        _ done: @escaping (Result<ChannelState, ChannelsRESTError>) -> Void
    ) {
        let query = info.isEmpty ? [] : [(name: "info", value: info.joined(separator: ","))]
        call("GET", "/channels/\(name)", query: query) { done($0.decoded(ChannelState.self)) }
    }

    /// The ids of the users who are on a presence channel, each once.
    package func users(
        of channel: String, _ done: @escaping (Result<[String], ChannelsRESTError>) -> Void
    ) {
        struct Answer: Decodable {
            struct User: Decodable { let id: FlexibleID }
            let users: [User]
        }
        call("GET", "/channels/\(channel)/users") {
            done(
                $0.decoded(Answer.self).map { answer in
                    var seen: Set<String> = []
                    return answer.users.map(\.id.text).filter { seen.insert($0).inserted }
                })
        }
    }

    private func call(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        body: [UInt8] = [], _ done: @escaping (Result<HTTPResponse, ChannelsRESTError>) -> Void
    ) {
        let target = signer.target(
            method: method, path: "/apps/\(server.appID)\(path)", query: query, body: body,
            timestamp: loop.wallMilliseconds / 1000)
        var request = HTTPRequest(method: method, target: target, body: body)
        request.fields.set("Host", server.restHost)
        request.fields.set("Accept", "application/json")
        if !body.isEmpty { request.fields.set("Content-Type", "application/json") }
        HTTPCall(loop: loop, address: server.rest, tls: server.tls, request: request) { result in
            switch result {
            case .success(let response) where response.status == 200 || response.status == 202:
                done(.success(response))
            case .success(let response):
                done(.failure(.refused(status: response.status, message: response.firstLine)))
            case .failure(.unreachable(let words)): done(.failure(.unreachable(words)))
            case .failure(.unanswered(let words)): done(.failure(.unknown(words)))
            case .failure(.malformed): done(.failure(.malformed))
            }
        }
    }
}

/// An id that some servers write as a number.
private struct FlexibleID: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            text = String(number)
        } else {
            text = try container.decode(String.self)
        }
    }
}

extension Result<HTTPResponse, ChannelsRESTError> {
    fileprivate func decoded<T: Decodable>(_ type: T.Type) -> Result<T, ChannelsRESTError> {
        flatMap { response in
            guard let value = try? JSONDecoder().decode(type, from: Data(response.body)) else {
                return .failure(.malformed)
            }
            return .success(value)
        }
    }
}

extension HTTPResponse {
    /// The first line of the body without control characters, at most 200 bytes of it.
    fileprivate var firstLine: String {
        let line = body.prefix(200).prefix { $0 != 0x0A && $0 != 0x0D }
        return String(decoding: line.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
