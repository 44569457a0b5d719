// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

/// Users who type before they can have become members.
@Suite(.timeLimit(.minutes(5)))
struct EarlyTypistTests {
    private let channel = "presence-bail-1"

    @Test func `who types as soon as they read is heard under their own name, or told to wait`()
        throws
    {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let member = try ChannelsMember(stage, port: sandbox.port, userID: "w1", info: "{}")
        try member.join(channel)
        var streams: [StreamClient] = []
        let users = (1...5).map { "u\($0)" }
        for user in users {
            streams.append(
                StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=\(user)"))
            try stage.wait(for: "the stream") { streams.last?.snapshots.isEmpty == false }
            try stage.wait(for: "202") {
                let answer = try stage.request(
                    gateway.http, "POST", "/channels/\(channel)/events?user=\(user)",
                    fields: ["Content-Type": "application/json"],
                    body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
                #expect(answer.status == 202 || answer.fields.first("Retry-After") == "1")
                return answer.status == 202
            }
        }
        let all = users.map { #"\#($0) {"isTyping":true,"userId":"\#($0)"}"# }
        try stage.wait(for: "what they typed") { member.typed.count >= all.count }
        // Channels stamped each with its own user's id: none with the gateway's.
        #expect(member.typed.sorted() == all)
    }
}

extension ChannelsMember {
    /// What was typed, with whom Channels says that it was.
    fileprivate var typed: [String] {
        messages.compactMap { message in
            guard case .event(_, "client-typing", let data, let userID) = message else {
                return nil
            }
            return "\(userID ?? "-") \(String(decoding: data, as: UTF8.self))"
        }
    }
}
