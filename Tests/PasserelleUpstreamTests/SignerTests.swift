// SPDX-License-Identifier: MIT
import PasserelleUpstream
import PasserelleWire
import Testing

/// Verifies `Signer` with the test vectors of Channels' documentation and libraries.
struct SignerTests {
    private let documented = Signer(
        key: "278d425bdf160c739803", secret: Array("7ad3773142a6692b25b8".utf8))
    private let plain = Signer(key: "app-key", secret: Array("app-secret".utf8))

    @Test func `a private subscription is signed as documented`() {
        let auth =
            "278d425bdf160c739803:"
            + "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
        #expect(
            documented.subscription(
                channel: "private-foobar", socketID: "1234.1234", memberID: "passerelle")
                == .subscribe(channel: "private-foobar", auth: auth, channelData: nil))
    }

    @Test(
        arguments: [
            (
                #"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#,
                "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"
            ),
            (
                #"{"user_id":10,"user_info":{"name":"Mr. Pusher"}}"#,
                "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"
            ),
        ])
    func `channel data is signed as it is sent`(data: String, hex: String) {
        let auth = documented.auth(
            socketID: "1234.1234", channel: "presence-foobar", channelData: data)
        #expect(auth == "278d425bdf160c739803:" + hex)
    }

    @Test func `on a presence channel the gateway subscribes as a marked member`() {
        let message = plain.subscription(
            channel: "presence-room", socketID: "123.456", memberID: #"the "gate""#)
        let data = #"{"user_id":"the \"gate\"","user_info":{"passerelle":true}}"#
        let auth = plain.auth(socketID: "123.456", channel: "presence-room", channelData: data)
        #expect(
            message == .subscribe(channel: "presence-room", auth: auth, channelData: data))
    }

    @Test(
        arguments: [
            (
                "private-encrypted-room",
                "25f93c7ef55bbb8f8f2d33f7f1848f0f3b31d99d77f4363acf12914e5451f553"
            ),
            (
                "private-cache-room",
                "0146ab98b15f42aebb612218ccbce810401110bfdbd6a96f61ba458130cb7277"
            ),
            (
                "private-a_b=c@d,e.f;g",
                "be9964aff758631700011d60acff7b644c00adc9beda21d16d70d35664aba57a"
            ),
        ])
    func `private channels of every kind are signed`(channel: String, hex: String) {
        #expect(
            plain.subscription(channel: channel, socketID: "123.456", memberID: "p")
                == .subscribe(channel: channel, auth: "app-key:" + hex, channelData: nil))
    }

    @Test(arguments: ["room", "cache-room"])
    func `a public channel has an empty signature`(channel: String) {
        #expect(
            plain.subscription(channel: channel, socketID: "123.456", memberID: "p")
                == .subscribe(channel: channel, auth: "", channelData: nil))
    }

    @Test func `a request carries its signature and the hash of its body`() {
        let target = plain.target(
            method: "POST", path: "/apps/1234/events", query: [],
            body: Array(
                #"{"name":"my-event","channels":["my-channel"],"data":"{\"m\":\"Zoë ✓\"}"}"#.utf8),
            timestamp: 1_700_000_000)
        #expect(
            target == "/apps/1234/events?auth_key=app-key&auth_timestamp=1700000000"
                + "&auth_version=1.0&body_md5=58a52cb266ed396310a3fb8bc3359673&auth_signature="
                + "c2d6357e54ac5af5551919dfe977556d3c0a587fec4fbe66aa8b4a2bdf3d23f7")
    }

    @Test(
        arguments: [
            (
                "/apps/1234/channels", [],
                "ab8d5aa18fc8b9348a609f2c41c784e5b297a8d8e509c38221802ec745df11bd"
            ),
            (
                "/apps/1234/channels",
                [("filter_by_prefix", "presence-"), ("info", "user_count")],
                "2d1c7fe553dde4e0c21d66c99fba91fc07ff601424d2047a5a44d590b22da186"
            ),
            (
                "/apps/1234/channels/presence-room/users", [],
                "338114b3b5d53779f7c3e0aea926294bece06377e62aed914e1ce951c9e4a33e"
            ),
            (
                "/apps/1234/channels/a,b;c@d=e.f", [],
                "a69e6e119293c4c424a6824a42ce9b53c6f360d0e5d946046d714d45edf5d5c3"
            ),
        ] as [(String, [(String, String)], String)])
    func `a request without a body has no body hash`(
        path: String, query: [(String, String)], hex: String
    ) {
        let target = plain.target(
            method: "GET", path: path, query: query.map { (name: $0.0, value: $0.1) }, body: [],
            timestamp: 1_700_000_000)
        #expect(target.hasPrefix(path + "?"))
        #expect(target.hasSuffix("&auth_signature=" + hex))
        #expect(!target.contains("body_md5"))
    }

    @Test func `values are percent-encoded in the target, but not in the signed text`() {
        let target = plain.target(
            method: "GET", path: "/p", query: [("info", "user_count,subscription_count")],
            body: [], timestamp: 1)
        #expect(target.hasPrefix("/p?info=user_count%2Csubscription_count&auth_key=app-key&"))
    }

    @Test func `the path prefix is sent but not signed`() {
        func target(_ prefix: String) -> String {
            plain.target(
                method: "GET", prefix: prefix, path: "/apps/1234/channels", query: [], body: [],
                timestamp: 1_700_000_000)
        }
        #expect(target("/ws/reverb") == "/ws/reverb" + target(""))
    }

    @Test(
        arguments: [
            (nil, #"{"user_id":"u1","user_info":{}}"#),
            (#"{"n":1.0}"#, #"{"user_id":"u1","user_info":{"n":1.0}}"#),
        ] as [(String?, String)])
    func `a member always has a user_info`(info: String?, data: String) {
        let member = ChannelMember(userID: "u1", userInfo: info.map { Array($0.utf8) })
        let message = plain.subscription(
            channel: "presence-room", socketID: "123.456", member: member)
        let auth = plain.auth(socketID: "123.456", channel: "presence-room", channelData: data)
        #expect(message == .subscribe(channel: "presence-room", auth: auth, channelData: data))
    }
}
