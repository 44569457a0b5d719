// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleWire
import Testing

/// Signatures from Channels' documentation, its libraries and a plain HMAC.
struct ChannelsVectorsTests {
    private func signature(_ text: [UInt8], secret: String) -> String {
        Hex.encode(Digest.hmacSHA256(key: Array(secret.utf8), text))
    }

    @Test(
        arguments: [
            (
                "private-foobar", nil,
                "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4"
            ),
            (
                "presence-foobar", #"{"user_id":10,"user_info":{"name":"Mr. Channels"}}"#,
                "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80"
            ),
            (
                "presence-foobar", #"{"user_id":10,"user_info":{"name":"Mr. Pusher"}}"#,
                "afaed3695da2ffd16931f457e338e6c9f2921fa133ce7dac49f529792be6304c"
            ),
        ] as [(String, String?, String)])
    func `subscriptions are signed as documented`(
        channel: String, channelData: String?, hex: String
    ) {
        let text = ChannelsSigning.subscription(
            socketID: "1234.1234", channel: channel, channelData: channelData)
        #expect(signature(text, secret: "7ad3773142a6692b25b8") == hex)
    }

    @Test(
        arguments: [
            (
                "private-room", nil,
                "7d39f26d4d655bd56b11cb2cbca1c97b1d12e8dfc0381368cab350f5f50b5487"
            ),
            (
                "private-encrypted-room", nil,
                "25f93c7ef55bbb8f8f2d33f7f1848f0f3b31d99d77f4363acf12914e5451f553"
            ),
            (
                "private-cache-room", nil,
                "0146ab98b15f42aebb612218ccbce810401110bfdbd6a96f61ba458130cb7277"
            ),
            (
                "private-a_b=c@d,e.f;g", nil,
                "be9964aff758631700011d60acff7b644c00adc9beda21d16d70d35664aba57a"
            ),
            (
                "presence-room", nil,
                "a66cfd7c5a095101b56f99f8ad5a22a3c89ebcf9face1e28e7f84de548717765"
            ),
            (
                "presence-room", #"{"user_id":"u1","user_info":{"name":"Zoë"}}"#,
                "5a9b4ebf03c19f4f0bf61c0f1017791968461085ae17911bee1a756c152cd05e"
            ),
            (
                "presence-room", #"{"user_id": "u1", "user_info": {"name": "Zo\u00eb"}}"#,
                "e9b87fed27b718eb4047fefe5253b18ff40af55d5acdd2752d5ececa6ca52908"
            ),
        ] as [(String, String?, String)])
    func `subscriptions of every kind are signed as by the libraries`(
        channel: String, channelData: String?, hex: String
    ) {
        let text = ChannelsSigning.subscription(
            socketID: "123.456", channel: channel, channelData: channelData)
        #expect(signature(text, secret: "app-secret") == hex)
    }

    @Test(arguments: [
        (
            "1234.1234", #"{"id":"12345"}"#, "7ad3773142a6692b25b8",
            "4708d583dada6a56435fb8bc611c77c359a31eebde13337c16ab43aa6de336ba"
        ),
        (
            "123.456", #"{"id":"u1","user_info":{"name":"Ana"},"watchlist":["u2","u3"]}"#,
            "app-secret",
            "c7c0ce5ed71ddebc9a7da44ad4b813ea2dd23b4f6f435b4b07203e3dc16089a4"
        ),
        (
            "123.456", #"{"id": "u1", "user_info": {"name": "Ana"}, "watchlist": ["u2", "u3"]}"#,
            "app-secret", "349d27032e7e665748618a6f3aa160976bdd0dfdd654db7e4e71f1bc7879af0c"
        ),
    ])
    func `sign-ins are signed`(socketID: String, userData: String, secret: String, hex: String) {
        let text = ChannelsSigning.signIn(socketID: socketID, userData: userData)
        #expect(signature(text, secret: secret) == hex)
    }

    @Test func `the documentation's example request is signed as documented`() {
        let request = SignedRequest(
            "POST", "/apps/3/events",
            #"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#,
            md5: "ec365a775a4cd0599faeb73354201b6f",
            signature: "da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c")
        let text = request.signed(key: "278d425bdf160c739803", time: "1353088179")
        #expect(Hex.encode(Digest.md5(Array(request.body.utf8))) == request.md5)
        #expect(signature(text, secret: "7ad3773142a6692b25b8") == request.signature)
    }

    @Test(arguments: SignedRequest.ofPython + SignedRequest.compact)
    fileprivate func `requests of every kind are signed as by the libraries`(request: SignedRequest)
    {
        if let md5 = request.md5 {
            #expect(Hex.encode(Digest.md5(Array(request.body.utf8))) == md5)
        }
        let text = request.signed(key: "app-key", time: "1700000000")
        #expect(signature(text, secret: "app-secret") == request.signature)
    }

    @Test(arguments: [
        (
            "app-secret",
            #"{"time_ms":1700000000000,"events":[{"name":"channel_occupied","channel":"my-channel"}]}"#,
            "fec9fff324b82111ea03affc886e951bec5ee7a9e365bfd05cf254414c990a1a"
        ),
        (
            "tofu",
            #"{"time_ms":1403175510755,"events":[{"channel":"test_channel","name":"channel_vacated"}]}"#,
            "c17257e92037cd7de407ebc1ed174ceb7b2e518db127f44411b9ffc4f5b28cc5"
        ),
    ])
    func `webhooks are signed over their body`(secret: String, body: String, hex: String) {
        #expect(signature(Array(body.utf8), secret: secret) == hex)
    }
}

/// One REST request and its expected signature.
private struct SignedRequest: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String
    let query: [(name: String, value: String)]
    let body: String
    /// The hash of the body; `nil` if it is not sent.
    let md5: String?
    let signature: String

    init(
        _ method: String, _ path: String, _ body: String = "",
        query: [(name: String, value: String)] = [], md5: String? = nil, signature: String
    ) {
        self.method = method
        self.path = path
        self.body = body
        self.query = query
        self.md5 = md5
        self.signature = signature
    }

    var testDescription: String { "\(method) \(path) \(body)" }

    func signed(key: String, time: String) -> [UInt8] {
        var parameters =
            query + [
                ("auth_version", "1.0"), ("auth_timestamp", time), ("auth_signature", "not signed"),
                ("auth_key", key),
            ]
        if let md5 { parameters.append(("body_md5", md5)) }
        return ChannelsSigning.request(method: method, path: path, query: parameters)
    }

    private static let emptyMD5 = "d41d8cd98f00b204e9800998ecf8427e"

    static let ofPython = [
        SignedRequest(
            "POST", "/apps/1234/events",
            #"{"name": "my-event", "channels": ["my-channel"], "data": "{\"message\": \"hello world\"}"}"#,
            md5: "46d646fdb2b4f47c291ef3bc2819e546",
            signature: "a4ccd67b003c27c66b25900319748409fb003f274fc87d6387a3d351754d8d11"),
        SignedRequest(
            "POST", "/apps/1234/events",
            #"{"name": "my-event", "channels": ["c1", "c2"], "data": "plain string", "socket_id": "123.456"}"#,
            md5: "c39a7fc3d362104a1f12ac7ab60ee224",
            signature: "9eed411f5afd7e2edeb8af1b193218c316ead421cd102b336ed406ff88e4079c"),
        SignedRequest(
            "POST", "/apps/1234/batch_events",
            #"{"batch": [{"channel": "c1", "name": "e1", "data": "{\"a\": 1}"}, {"channel": "c2", "name": "e2", "data": "x", "socket_id": "123.456"}]}"#,
            md5: "fdc1695819e6e2684bf406ff921914a0",
            signature: "6a1de78983b61ca88d0285353938c67c98e82b566c8148d82018a39360f18d0f"),
        SignedRequest(
            "POST", "/apps/1234/events",
            ##"{"name": "my-event", "channels": ["#server-to-user-u1"], "data": "{\"a\": 1}"}"##,
            md5: "ad9ee30f55f3ee4b3aaf1021e7b09cc3",
            signature: "baa63f6c7a577e18ba2f0a3ccd0ccf3425143935223aa93e378b96024ca555a1"),
        SignedRequest(
            "GET", "/apps/1234/channels",
            query: [("info", "user_count"), ("filter_by_prefix", "presence-")], md5: emptyMD5,
            signature: "6e7111cdd9550482402e5a6007668dad922d63b9ecadc2f44046685983aeab9a"),
        SignedRequest(
            "GET", "/apps/1234/channels/presence-room",
            query: [("info", "user_count,subscription_count")], md5: emptyMD5,
            signature: "050791e3fab127c21a7a5e82ad00ffe3bb9baba073d9bf54eae27bf9fda8052c"),
        SignedRequest(
            "GET", "/apps/1234/channels/presence-room/users", md5: emptyMD5,
            signature: "fbf340cbbe9f1b3793c47175732ddba311651568f034e4d6bef65fe8d3e875be"),
    ]

    static let compact = [
        SignedRequest(
            "POST", "/apps/1234/events",
            #"{"name":"my-event","channels":["my-channel"],"data":"{\"message\":\"hello world\"}"}"#,
            md5: "cd07c5e4bf0385f31bfe71c6ab0d0072",
            signature: "5cb722d9fd37acaf495d634485ba9247e8c21a5bd577ccc2bd1d013087767202"),
        SignedRequest(
            "POST", "/apps/1234/events",
            #"{"name":"my-event","channels":["my-channel"],"data":"{\"m\":\"Zoë ✓\"}"}"#,
            md5: "58a52cb266ed396310a3fb8bc3359673",
            signature: "c2d6357e54ac5af5551919dfe977556d3c0a587fec4fbe66aa8b4a2bdf3d23f7"),
        SignedRequest(
            "POST", "/apps/1234/batch_events",
            #"{"batch":[{"channel":"c1","name":"e1","data":"{\"a\":1}"},{"channel":"c2","name":"e2","data":"x","socket_id":"123.456"}]}"#,
            md5: "8512797380c1a7f341e6c6fc23d24527",
            signature: "d17c46b8cc1942a3a5e295ff7abdbbff55aeb175678bb5039cdde4c5e5f65493"),
        SignedRequest(
            "POST", "/apps/1234/users/u1/terminate_connections", "{}",
            md5: "99914b932bd37a50b983c5e7c90ae93b",
            signature: "e1ee5956dceb06b148fb784e3c47f46c0e79ea00c1a31c14828459a9434e6f57"),
        SignedRequest(
            "get", "/apps/1234/channels",
            signature: "ab8d5aa18fc8b9348a609f2c41c784e5b297a8d8e509c38221802ec745df11bd"),
        SignedRequest(
            "GET", "/apps/1234/channels",
            query: [("filter_by_prefix", "presence-"), ("info", "user_count")],
            signature: "2d1c7fe553dde4e0c21d66c99fba91fc07ff601424d2047a5a44d590b22da186"),
        SignedRequest(
            "GET", "/apps/1234/channels/presence-room/users",
            signature: "338114b3b5d53779f7c3e0aea926294bece06377e62aed914e1ce951c9e4a33e"),
        SignedRequest(
            "GET", "/apps/1234/channels/a,b;c@d=e.f",
            signature: "a69e6e119293c4c424a6824a42ce9b53c6f360d0e5d946046d714d45edf5d5c3"),
    ]
}
