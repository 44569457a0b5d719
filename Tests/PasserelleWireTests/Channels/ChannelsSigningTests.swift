// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct ChannelsSigningTests {
    @Test func `a subscription is signed with its channel data exactly as sent`() {
        #expect(
            ChannelsSigning.subscription(
                socketID: "123.456", channel: "private-room", channelData: nil)
                == Array("123.456:private-room".utf8))
        #expect(
            ChannelsSigning.subscription(
                socketID: "123.456", channel: "presence-room",
                channelData: #"{"user_id": "u1", "n": "Zo\u00eb"}"#)
                == Array(#"123.456:presence-room:{"user_id": "u1", "n": "Zo\u00eb"}"#.utf8))
    }

    @Test func `a sign-in is signed with its user data`() {
        #expect(
            ChannelsSigning.signIn(socketID: "1.2", userData: #"{"id":"u1"}"#)
                == Array(#"1.2::user::{"id":"u1"}"#.utf8))
    }

    @Test func `a request is signed with sorted, unescaped parameters, without its signature`() {
        let text = ChannelsSigning.request(
            method: "get", path: "/apps/1/channels/a,b;c@d=e.f",
            query: [
                ("info", "user_count,é &"), ("auth_signature", "x"), ("Auth_Version", "1.0"),
                ("auth_key", "k"),
            ])
        #expect(
            String(decoding: text, as: UTF8.self)
                == "GET\n/apps/1/channels/a,b;c@d=e.f\nauth_key=k&auth_version=1.0&info=user_count,é &"
        )
    }
}
