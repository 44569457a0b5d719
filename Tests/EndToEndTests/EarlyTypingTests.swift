// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

/// Users who type before they can be members.
struct EarlyTypingTests {
    private let channel = "presence-bail-1"

    @Test
    func `a user who types while becoming a member is stamped with their own id, or must retry`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let member = try ChannelsMember(fixture, port: sandbox.port, userID: "w1", info: "{}")
        try member.join(channel)
        var streams: [StreamClient] = []
        let users = (1...5).map { "u\($0)" }
        for user in users {
            streams.append(
                StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=\(user)"))
            try fixture.wait(for: "the stream") { streams.last?.snapshots.isEmpty == false }
            try fixture.wait(for: "202") {
                let answer = try fixture.request(
                    gateway.http, "POST", "/channels/\(channel)/events?user=\(user)",
                    fields: ["Content-Type": "application/json"],
                    body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
                #expect(answer.status == 202 || answer.fields.first("Retry-After") == "1")
                return answer.status == 202
            }
        }
        let all = users.map { #"\#($0) {"isTyping":true,"userId":"\#($0)"}"# }
        try fixture.wait(for: "their typing") { member.typed.count >= all.count }
        // Channels stamped each event with its user's id, and none with the gateway's.
        #expect(member.typed.sorted() == all)
    }
}

extension ChannelsMember {
    /// The typing events, each with the user id stamped by Channels.
    fileprivate var typed: [String] {
        messages.compactMap { message in
            guard case .event(_, "client-typing", let data, let userID) = message else {
                return nil
            }
            return "\(userID ?? "-") \(String(decoding: data, as: UTF8.self))"
        }
    }
}
